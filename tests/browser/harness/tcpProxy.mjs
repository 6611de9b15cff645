/** A network between a browser and a server that can be cut: for signaling, which is TCP; media goes past it. */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** @import { AddressInfo, Socket } from 'node:net' */

/**
 * @typedef {object} TcpProxy
 * @property {string} url of what is behind it
 * @property {() => void} cut ends all connections and lets no new one through
 * @property {() => void} mend
 * @property {() => void} stall leaves the connections open and carries nothing on them any more
 * @property {() => Promise<void>} close
 */

/**
 * @param {string} url of the server, as in `http://127.0.0.1:8080`
 * @returns {Promise<TcpProxy>}
 */
export async function startTcpProxy(url) {
  const { hostname, port } = new URL(url);
  /** @type {Set<Socket>} */
  const sockets = new Set();
  let isCut = false;
  /**
   * @param {Socket} from
   * @param {Socket} to
   */
  const join = (from, to) => {
    sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      to.destroy();
      sockets.delete(from);
    });
  };
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    join(near, far);
    join(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${String(/** @type {AddressInfo} */ (server.address()).port)}`,
    cut: () => {
      isCut = true;
      endAll();
    },
    mend: () => {
      isCut = false;
    },
    stall: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: async () => {
      server.close();
      endAll();
      await once(server, 'close');
    },
  };
}
