/** Ports that are free right now, on the address where they will be used. */

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * @param {string} host
 * @returns {Promise<number>} a TCP port
 */
export function freeTcpPort(host) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });
}

/**
 * @param {number} count
 * @returns {Promise<number>} the first of `count` UDP ports in a row, one for each media worker
 */
export async function freeUdpPorts(count) {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    // Below the ephemeral range, so that no outgoing socket takes one in the meantime.
    const base = 10_200 + Math.floor(Math.random() * 20_000);
    const ports = Array.from({ length: count }, (_, index) => base + index);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`no ${count} free UDP ports in a row`);
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isFree(port) {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '0.0.0.0', () => socket.close(() => resolve(true)));
  });
}
