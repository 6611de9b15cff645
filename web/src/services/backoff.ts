/**
 * Delays between attempts to come back, in ms: close together as long as a change of network or the restart of
 * a server takes, then gentle on one that stays away.
 */
const STEPS_MS = [300, 600, 1_000, 1_500, 2_000, 2_000, 3_000, 3_000, 3_000, 5_000, 8_000] as const;

/** How much of a step is random, so that the people of a room do not all come back in one instant. */
const JITTER = 0.4;

/**
 * The wait before attempt `attempt` (0 is the first), in ms.
 * @param random a number in [0, 1), as Math.random gives.
 */
export function backoffDelay(attempt: number, random: number): number {
  const step = STEPS_MS[Math.min(attempt, STEPS_MS.length - 1)] ?? STEPS_MS[0];
  return Math.round(step * (1 - JITTER + JITTER * random));
}
