/** The bad networks: what the subscriber's link does, and when. The path from browser to browser takes 30 ms each way. */

/** @import { Direction, Scenario } from './types.d.ts' */

/** @type {Direction} */
const PATH = { delayMs: 30 };

/** Time for the estimate and for redundancy to settle; what is counted begins after it. */
export const WARM_UP = 10;

/**
 * @param {number} percent
 * @returns {Scenario}
 */
function loss(percent) {
  return {
    name: `loss-${percent}`,
    title: `downlink loss ${percent} %`,
    seconds: WARM_UP + 30,
    steps: [{ at: 0, down: { ...PATH, loss: percent / 100 } }],
  };
}

/** @param {number} kbitPerSecond */
const limited = (kbitPerSecond) => ({ ...PATH, kbitPerSecond, maxQueueMs: 1000 });

/** @type {Scenario[]} */
export const SCENARIOS = [
  ...[0, 5, 10, 20, 30].map(loss),
  {
    name: 'burst',
    title: 'downlink loss 10 %, in bursts of 5',
    seconds: WARM_UP + 30,
    steps: [{ at: 0, down: { ...PATH, loss: 0.1, burst: 5 } }],
  },
  {
    name: 'jitter',
    title: 'jitter of 60 ms and 2 % reordered',
    seconds: WARM_UP + 20,
    steps: [{ at: 0, down: { ...PATH, jitterMs: 60, reorder: 0.02, reorderDelayMs: 40 } }],
  },
  {
    name: 'cliff',
    title: 'downlink cliff 2 Mbit/s to 300 kbit/s, back after 20 s',
    seconds: 60,
    steps: [
      { at: 0, down: limited(2000) },
      { at: 20, down: limited(300) },
      { at: 40, down: limited(2000) },
    ],
  },
  {
    name: 'outage',
    title: 'link down for 4 s',
    seconds: 30,
    steps: [
      { at: 0, down: PATH },
      { at: 12, down: { loss: 1 }, up: { loss: 1 } },
      { at: 16, down: PATH, up: PATH },
    ],
  },
];
