/** From samples to the figures that goals are set for. Pure. */

import { WARM_UP } from './scenarios.mjs';

/** @import { Run, Sample } from './types.d.ts' */

/**
 * @param {Sample[]} samples in order
 * @param {number} from seconds
 * @param {number} to seconds
 */
export function between(samples, from, to) {
  const inside = samples.filter((sample) => sample.at >= from && sample.at <= to);
  const [first, last] = [inside[0], inside.at(-1)];
  if (first === undefined || last === undefined || last.at === first.at) {
    throw new Error(`no two samples between ${from} and ${to} s`);
  }
  const seconds = last.at - first.at;
  const audio = last.audioSamples - first.audioSamples;
  const media = last.videoBytes - first.videoBytes - (last.retransmittedBytes - first.retransmittedBytes);
  return {
    seconds,
    fps: (last.framesDecoded - first.framesDecoded) / seconds,
    fpsSent: (last.framesSent - first.framesSent) / seconds,
    frozen: last.frozenSeconds - first.frozenSeconds,
    concealed: audio === 0 ? 0 : (last.concealedSamples - first.concealedSamples) / audio,
    mediaBitrate: (8 * media) / seconds,
    maxQueueMs: Math.max(...inside.map((sample) => sample.queueMs)),
    height: last.frameHeight,
    layers: last.layers,
    estimate: last.estimate,
  };
}

/** @param {Run} run a scenario of loss */
export function ofLoss({ samples, scenario }) {
  const { seconds, fps, fpsSent, frozen, concealed } = between(samples, WARM_UP, scenario.seconds);
  return { fps, fpsSent, frozenPerMinute: (60 * frozen) / seconds, concealed };
}

/** @param {Run} run the cliff: 2 Mbit/s, 300 kbit/s from 20 s on, 2 Mbit/s again from 40 s on */
export function ofCliff({ samples }) {
  const before = between(samples, 10, 20);
  const down = between(samples, 20, 40);
  const settled = between(samples, 23, 40);
  const back = samples.find((sample) => sample.at > 40 && sample.frameHeight >= before.height);
  return {
    frozen: down.frozen,
    queueMsAfter3s: settled.maxQueueMs,
    goodput: between(samples, 25, 40).mediaBitrate / 300_000,
    heightBefore: before.height,
    heightDuring: settled.height,
    backAfter: back === undefined ? null : back.at - 40,
  };
}

/** @param {Run} run the outage from 12 to 16 s */
export function ofOutage({ samples }) {
  const stopped = samples.findLast((sample) => sample.at <= 15.9);
  const again = samples.find(
    (sample) => sample.at > 16 && sample.framesDecoded > (stopped?.framesDecoded ?? 0),
  );
  return { backAfter: again === undefined ? null : again.at - 16 };
}
