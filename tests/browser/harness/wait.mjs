/** Waiting for what a test expects, with a deadline that says what did not come. */

import { setTimeout as delay } from 'node:timers/promises';

/** Generous: the machine may have two cores and run several browsers; a healthy call needs a fraction of it. */
export const DEADLINE_MS = 60_000;

const POLL_MS = 100;

/**
 * Ask again and again until the answer is true.
 *
 * @template T
 * @param {string} what what is awaited, for the message
 * @param {() => T | Promise<T>} ask may throw, which counts as "not yet"
 * @param {{ deadlineMs?: number, describe?: () => unknown }} [options] `describe` adds the state of things to the message
 * @returns {Promise<Exclude<T, false | null | undefined | 0 | ''>>} the first answer that is true
 */
export async function until(what, ask, { deadlineMs = DEADLINE_MS, describe } = {}) {
  const end = performance.now() + deadlineMs;
  /** @type {unknown} */
  let last;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return /** @type {Exclude<T, false | null | undefined | 0 | ''>} */ (answer);
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const state = describe ? `; ${JSON.stringify(await describe())}` : '';
      throw new Error(`not within ${deadlineMs} ms: ${what} (last answer: ${String(last)}${state})`);
    }
    await delay(POLL_MS);
  }
}
