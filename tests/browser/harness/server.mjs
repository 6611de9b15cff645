/** A `videocall serve` of the tests' own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freeTcpPort, freeUdpPorts } from './ports.mjs';
import { until } from './wait.mjs';

export const VIDEOCALL =
  process.env.VIDEOCALL ?? fileURLToPath(new URL('../../../.venv/bin/videocall', import.meta.url));

export const WORKERS = 2;

/**
 * @typedef {object} Server
 * @property {string} url without a slash at the end
 * @property {number} pid
 * @property {number} rtcPort the first of its `WORKERS` UDP ports
 * @property {() => Promise<string>} log what it has logged
 * @property {() => string} output what it has printed
 * @property {() => Promise<void>} stop SIGTERM, and a clean exit is expected
 * @property {() => Promise<void>} kill SIGKILL: it gets to say nothing to anybody
 */

/**
 * @typedef {object} ServerOptions
 * @property {string} [host]
 * @property {number} [port]
 * @property {number} [rtcPort]
 * @property {string} [namespace] a network namespace to run it in
 * @property {'off' | 'auto'} [tls]
 * @property {string[]} [flags] more of them
 */

/**
 * Start a server and wait until it answers.
 *
 * @param {ServerOptions} [options]
 * @returns {Promise<Server>}
 */
export async function startServer({
  host = '127.0.0.1',
  port: givenPort,
  rtcPort: givenRtcPort,
  namespace,
  tls = 'off',
  flags = [],
} = {}) {
  const port = givenPort ?? (await freeTcpPort(namespace === undefined ? host : '127.0.0.1'));
  const rtcPort = givenRtcPort ?? (await freeUdpPorts(WORKERS));
  const directory = await mkdtemp(join(tmpdir(), 'videocall-server-'));
  const log = join(directory, 'videocall.log');
  const serve = [
    ...[VIDEOCALL, 'serve', '--host', host, '--port', String(port), '--rtc-port', String(rtcPort)],
    ...['--rtc-address', host, '--workers', String(WORKERS), '--log-file', log],
    ...['--database-url', `sqlite:///${join(directory, 'videocall.db')}`],
    ...['--tls', tls, ...flags],
  ];
  const command = namespace === undefined ? serve : ['ip', 'netns', 'exec', namespace, ...serve];
  // A directory of its own: no setting of the person who runs the tests, and no file left behind.
  const child = spawn(/** @type {string} */ (command[0]), command.slice(1), {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (/** @type {string} */ text) => (output += text));
  }
  const exited = once(child, 'exit');
  const url = `${tls === 'off' ? 'http' : 'https'}://${host}:${port}`;
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await exited;
    }
    await rm(directory, { recursive: true });
    if (child.exitCode !== 0) {
      throw new Error(`the server ended with ${String(child.exitCode ?? child.signalCode)}:\n${output}`);
    }
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(directory, { recursive: true });
  };
  try {
    await until('the server answers /healthz', async () => {
      if (child.exitCode !== null) return true;
      // Nobody here trusts its certificate yet: that it says so is enough.
      return tls === 'off' ? (await fetch(`${url}/healthz`)).ok : output.includes('videocall is at');
    });
    if (child.exitCode !== null) throw new Error(`the server ended at once:\n${output}`);
  } catch (error) {
    await kill();
    throw new Error(`no server:\n${output}`, { cause: error });
  }
  const pid = /** @type {number} */ (child.pid);
  return { url, pid, rtcPort, log: () => readFile(log, 'utf8'), output: () => output, stop, kill };
}
