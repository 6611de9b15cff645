/** Runs `aiortc_client.py`, a participant on pymediasoup and aiortc, in a process of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PYTHON = process.env.PYTHON ?? fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('aiortc_client.py', import.meta.url));

/**
 * @typedef {object} Report
 * @property {string} participantId
 * @property {{ kind: 'audio' | 'video', frames: number, lumaRange: number, energy: number }[]} media
 * @property {string[]} errors
 */

/**
 * @param {string} url
 * @param {string} roomId
 * @param {string} name
 * @returns {{ report: () => Report, stop: () => Promise<void> }} `report` throws while there is none, or when the client has ended
 */
export function startAiortc(url, roomId, name) {
  const child = spawn(PYTHON, [SCRIPT, url, roomId, name], { stdio: ['pipe', 'pipe', 'pipe'] });
  /** @type {Report | undefined} */
  let latest;
  let errors = '';
  createInterface(child.stdout).on('line', (line) => (latest = JSON.parse(line)));
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (errors += text));
  const exited = once(child, 'exit');
  return {
    report() {
      if (child.exitCode !== null) throw new Error(`aiortc's client ended with ${child.exitCode}: ${errors}`);
      if (latest === undefined) throw new Error(`no report yet: ${errors}`);
      if (latest.errors.length > 0) throw new Error(latest.errors.join('; '));
      return latest;
    },
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
