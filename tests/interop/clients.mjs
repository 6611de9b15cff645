/** Independent participants, each in a process of its own, that report what they receive. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PYTHON = process.env.PYTHON ?? fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));

const COMMANDS = {
  aiortc: [PYTHON, fileURLToPath(new URL('aiortc_client.py', import.meta.url))],
  node: [process.execPath, fileURLToPath(new URL('node_client.mjs', import.meta.url))],
};

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
 */

/**
 * @typedef {object} Client
 * @property {string} name
 * @property {() => Report} report throws while there is none, and when the client has failed
 * @property {() => Promise<void>} stop
 */

/**
 * Start a participant that sends a picture and a tone, and takes all that others send.
 *
 * @param {keyof typeof COMMANDS} kind
 * @param {string} url
 * @param {string} roomId
 * @param {string} name
 * @returns {Client}
 */
export function startClient(kind, url, roomId, name) {
  const [program = '', ...script] = COMMANDS[kind];
  const child = spawn(program, [...script, url, roomId, name], { stdio: ['pipe', 'pipe', 'pipe'] });
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
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
