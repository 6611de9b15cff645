/** Independent participants, each in a process of its own, that report what they receive. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { until } from '../browser/harness/wait.mjs';

const PYTHON = process.env.PYTHON ?? fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));

const COMMANDS = {
  aiortc: [PYTHON, fileURLToPath(new URL('aiortc_client.py', import.meta.url))],
  node: [process.execPath, fileURLToPath(new URL('node_client.mjs', import.meta.url))],
  socketio: [process.execPath, fileURLToPath(new URL('socketio_client.mjs', import.meta.url))],
};

/** What is sent has bright and dark parts, 160 apart (and so has Chromium's fake camera). A grey picture has not. */
const LUMA_RANGE = 100;

/** A tenth of a second of the tone that is sent (amplitude 0.24 of full scale, 48,000 samples a second). */
const ENERGY = 0.5 * 0.24 ** 2 * 4_800;

/**
 * @typedef {object} Media what one consumed track has brought so far
 * @property {'audio' | 'video'} kind
 * @property {number} frames decoded pictures, or blocks of sound
 * @property {number} lumaRange the greatest difference of brightness within one picture
 * @property {number} energy sum of the squares of all samples, full scale being 1
 */

/**
 * @typedef {object} Report
 * @property {string} participantId
 * @property {Media[]} media
 * @property {string[]} errors
 * @property {string} [transport] what carries Socket.IO
 * @property {string[]} [events] what Socket.IO brought
 */

/**
 * @typedef {object} Client
 * @property {string} name
 * @property {() => Report} report throws while there is none, and when the client has failed
 * @property {(line: string) => void} say
 * @property {() => Promise<void>} stop
 */

/**
 * Start a participant that sends a picture and a tone, and takes all that others send.
 *
 * @param {keyof typeof COMMANDS} kind
 * @param {string} url
 * @param {string} roomId
 * @param {string} name
 * @param {...string} more what that kind of client is told beside
 * @returns {Client}
 */
export function startClient(kind, url, roomId, name, ...more) {
  const [program = '', ...script] = COMMANDS[kind];
  const child = spawn(program, [...script, url, roomId, name, ...more], { stdio: ['pipe', 'pipe', 'pipe'] });
  /** @type {Report | undefined} */
  let latest;
  let errors = '';
  createInterface(child.stdout).on('line', (line) => (latest = JSON.parse(line)));
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (errors += text));
  const exited = once(child, 'exit');
  return {
    name: `${name} (${kind})`,
    report() {
      const ended = child.exitCode ?? child.signalCode;
      if (ended !== null) throw new Error(`${name} ended with ${ended}: ${errors}`);
      if (latest === undefined) throw new Error(`no report from ${name} yet: ${errors}`);
      if (latest.errors.length > 0) throw new Error(latest.errors.join('; '));
      return latest;
    },
    say(line) {
      child.stdin.write(`${line}\n`);
    },
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

/**
 * Wait until a moving picture and a tone have come from the one other participant.
 *
 * @param {Client} client
 */
export function mediaArrives(client) {
  return until(
    `a picture and a tone arrive at ${client.name}`,
    () => {
      const { media } = client.report();
      return (
        media.some(
          ({ kind, frames, lumaRange }) => kind === 'video' && frames >= 30 && lumaRange >= LUMA_RANGE,
        ) && media.some(({ kind, energy }) => kind === 'audio' && energy >= ENERGY)
      );
    },
    { describe: () => client.report() },
  );
}
