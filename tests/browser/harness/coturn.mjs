/** A real coturn in a network namespace. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { until } from './wait.mjs';

/**
 * @typedef {object} Coturn
 * @property {(transport: 'udp' | 'tcp') => string} url
 * @property {() => string} log what it has printed
 * @property {() => Promise<void>} stop
 */

/**
 * Start a server that relays to its own address only: that is where the media server is.
 *
 * @param {{ host: string, port: number, namespace: string, flags: string[] }} options `flags`: how it knows its users
 * @returns {Promise<Coturn>}
 */
export async function startCoturn({ host, port, namespace, flags }) {
  const directory = await mkdtemp(join(tmpdir(), 'videocall-coturn-'));
  const turnserver = [
    ...['turnserver', '-n', `--listening-ip=${host}`, `--relay-ip=${host}`, `--listening-port=${port}`],
    ...[`--allowed-peer-ip=${host}`, '--denied-peer-ip=0.0.0.0-255.255.255.255', '--realm=test', '--no-cli'],
    ...['--denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '--no-tls', '--no-dtls', '--verbose'],
    ...[
      `--pidfile=${directory}/pid`,
      `--userdb=${directory}/db`,
      '--log-file=stdout',
      '--simple-log',
      ...flags,
    ],
  ];
  const child = spawn('ip', ['netns', 'exec', namespace, ...turnserver], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (/** @type {string} */ text) => (output += text));
  }
  const exited = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await exited;
    }
    await rm(directory, { recursive: true });
  };
  try {
    await until('coturn listens', () => child.exitCode !== null || accepts(host, port));
    if (child.exitCode !== null) throw new Error('it ended at once');
  } catch (error) {
    await stop();
    throw new Error(`no coturn:\n${output}`, { cause: error });
  }
  return { url: (transport) => `turn:${host}:${port}?transport=${transport}`, log: () => output, stop };
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function accepts(host, port) {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => resolve(socket.destroy().destroyed));
  });
}
