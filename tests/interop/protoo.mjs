/** A plain protoo client: requests, their answers, and notifications, on a web socket. */

import { WebSocket } from 'ws';

const REQUEST_TIMEOUT_MS = 22_000;

/** The server's answer to a request that it refused. */
export class RefusedError extends Error {
  /**
   * @param {string} code
   * @param {string} reason
   */
  constructor(code, reason) {
    super(`${code}: ${reason}`);
    this.code = code;
  }
}

/**
 * @typedef {object} Pending
 * @property {(data: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {NodeJS.Timeout} timer
 */

export class ProtooClient {
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #lastId = 0;
  #socket;

  /** @type {{ method: string, data: any }[]} all notifications so far, oldest first */
  notifications = [];

  /** @type {(method: string, data: any) => void} */
  onNotification = () => undefined;

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on('message', (/** @type {Buffer} */ bytes) => this.#receive(JSON.parse(bytes.toString())));
    socket.on('close', (code) => this.#fail(new Error(`the socket closed with ${code}`)));
  }

  /**
   * @param {string} url of the server
   * @param {{ roomId: string, peerId: string }} query
   * @returns {Promise<ProtooClient>}
   */
  static connect(url, { roomId, peerId }) {
    const query = new URLSearchParams({ roomId, peerId }).toString();
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws?${query}`, 'protoo');
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(new ProtooClient(socket)));
      socket.once('error', reject);
    });
  }

  /**
   * @param {string} method
   * @param {object} [data]
   * @returns {Promise<any>}
   */
  request(method, data = {}) {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Error(`${method} was not answered`));
      }, REQUEST_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ request: true, id, method, data }));
    });
  }

  close() {
    this.#socket.close(4000);
  }

  /** @param {any} message */
  #receive(message) {
    if (message.notification) {
      this.notifications.push({ method: message.method, data: message.data });
      this.onNotification(message.method, message.data);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!message.response || pending === undefined) throw new Error(`unexpected ${JSON.stringify(message)}`);
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.ok) pending.resolve(message.data);
    else pending.reject(new RefusedError(message.errorCode, message.errorReason));
  }

  /** @param {Error} error */
  #fail(error) {
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(error);
    }
    this.#pending.clear();
  }
}
