/**
 * Runs a command in a network namespace that is linked to another one, in which it may start a server.
 *
 * Usage: node in_namespaces.mjs COMMAND ARGUMENT... It needs root. The command finds the other namespace's name and
 * address in VIDEOCALL_SERVER_NAMESPACE and VIDEOCALL_SERVER_ADDRESS. Both namespaces are gone afterwards.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const SERVER = `videocall-s${process.pid}`;
const CLIENTS = `videocall-c${process.pid}`;
const SERVER_ADDRESS = '10.231.0.1';
const CLIENTS_ADDRESS = '10.231.0.2';
/** Room for a few more, for clients that move. */
const PREFIX = 29;

/** @param {string} line of arguments to `ip` */
function ip(line) {
  execFileSync('ip', line.split(' '), { stdio: ['ignore', 'inherit', 'inherit'] });
}

function create() {
  ip(`netns add ${SERVER}`);
  ip(`netns add ${CLIENTS}`);
  ip(`-n ${SERVER} link add server type veth peer name clients netns ${CLIENTS}`);
  for (const [namespace, device, address] of [
    [SERVER, 'server', SERVER_ADDRESS],
    [CLIENTS, 'clients', CLIENTS_ADDRESS],
  ]) {
    ip(`-n ${namespace} address add ${address}/${PREFIX} dev ${device}`);
    ip(`-n ${namespace} link set ${device} up`);
    ip(`-n ${namespace} link set lo up`);
  }
}

function remove() {
  for (const namespace of [SERVER, CLIENTS]) {
    try {
      ip(`netns delete ${namespace}`);
    } catch {
      // It was never made.
    }
  }
}

if (process.geteuid?.() !== 0) {
  console.error('error: tests in network namespaces need root: run them with sudo');
  process.exit(1);
}
try {
  create();
  const child = spawn('ip', ['netns', 'exec', CLIENTS, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, VIDEOCALL_SERVER_NAMESPACE: SERVER, VIDEOCALL_SERVER_ADDRESS: SERVER_ADDRESS },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.on(signal, () => child.kill(signal));
  const [status] = await once(child, 'exit');
  process.exitCode = status ?? 1;
} finally {
  remove();
}
