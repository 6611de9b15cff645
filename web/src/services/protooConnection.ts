import { RequestError } from '../protocol/errors';
import {
  acceptFrame,
  parseFrame,
  PROTOO_SUBPROTOCOL,
  rejectFrame,
  requestFrame,
} from '../protocol/frames';
import { asNotification } from '../protocol/messages';
import type { Method, Notification, Requests } from '../protocol/messages';
import { mountPath } from './mountPath';

/** protoo's own clients and servers give up on a request after about this long. */
const REQUEST_TIMEOUT_MS = 20_000;

/** A server that accepts the TCP connection and then says nothing must not hold the page for ever. */
const OPEN_TIMEOUT_MS = 10_000;

/** How long a socket that is doubted may stay silent. To be wrong costs little: the session is taken up on another. */
const VERIFY_MS = 2_500;

export interface ConnectionEvents {
  onNotification: (notification: Notification) => void;
  /** Once, however the socket ended, unless this side closed it. */
  onClose: (code: number, reason: string) => void;
}

interface Pending {
  method: string;
  resolve: (data: unknown) => void;
  reject: (error: RequestError) => void;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * One WebSocket with protoo's framing, from opening to closing. It never reconnects: a new socket is
 * a new session for the server, so coming back is the store's business. All requests under way are
 * rejected with DISCONNECTED the moment the socket ends.
 */
export class ProtooConnection {
  readonly #socket: WebSocket;
  readonly #events: ConnectionEvents;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #closed = false;
  #doubt: ReturnType<typeof setTimeout> | null = null;

  private constructor(socket: WebSocket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#end(event.code, event.reason);
  }

  /** Opens a socket. Rejects with RequestError DISCONNECTED or TIMEOUT, and leaves nothing behind. */
  static open(url: string, events: ConnectionEvents): Promise<ProtooConnection> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, PROTOO_SUBPROTOCOL);
      const fail = (code: string, reason: string): void => {
        clearTimeout(timer);
        socket.onopen = socket.onclose = null;
        socket.close();
        reject(new RequestError(code, reason, 'open'));
      };
      const timer = setTimeout(() => fail('TIMEOUT', 'the server did not answer'), OPEN_TIMEOUT_MS);
      socket.onopen = () => {
        clearTimeout(timer);
        socket.onopen = null;
        resolve(new ProtooConnection(socket, events));
      };
      socket.onclose = (event) =>
        fail('DISCONNECTED', event.reason || 'the server is out of reach');
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends a request. Rejects with RequestError: the server's code, DISCONNECTED or TIMEOUT. */
  request<M extends Method>(method: M, data: Requests[M]['data']): Promise<Requests[M]['result']> {
    return new Promise((resolve, reject) => {
      if (this.#closed || this.#socket.readyState !== WebSocket.OPEN) {
        reject(new RequestError('DISCONNECTED', 'the connection is closed', method));
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new RequestError('TIMEOUT', 'the server did not answer', method));
      }, REQUEST_TIMEOUT_MS);
      this.#pending.set(id, { method, resolve: resolve as Pending['resolve'], reject, timer });
      this.#socket.send(requestFrame(id, method, data));
    });
  }

  /** Closes the socket; `onClose` is not called. */
  close(): void {
    if (this.#closed) return;
    this.#shut();
    this.#socket.close(1000);
  }

  /**
   * Finds out whether the server is still there: a socket on which nothing comes in time is ended. A change
   * of network leaves sockets that look open and carry nothing.
   */
  verify(): void {
    if (this.#closed || this.#doubt !== null) return;
    this.#doubt = setTimeout(() => this.abandon('the server does not answer'), VERIFY_MS);
    this.request('getRtpCapabilities', {}).catch(() => undefined);
  }

  /** Ends a socket that is broken though it looks open. */
  abandon(reason: string): void {
    if (this.#closed) return;
    this.#socket.close();
    this.#end(1006, reason);
  }

  #receive(text: unknown): void {
    this.#trust();
    const frame = parseFrame(text);
    if (frame === null) return;
    switch (frame.type) {
      case 'response': {
        const pending = this.#pending.get(frame.id);
        if (pending === undefined) return;
        this.#pending.delete(frame.id);
        clearTimeout(pending.timer);
        if (frame.ok) pending.resolve(frame.data);
        else pending.reject(new RequestError(frame.errorCode, frame.errorReason, pending.method));
        return;
      }
      case 'notification': {
        const notification = asNotification(frame.method, frame.data);
        if (notification !== null) this.#events.onNotification(notification);
        return;
      }
      case 'request':
        // A heartbeat is the only thing that a server asks of a page.
        this.#socket.send(
          frame.method === 'ping'
            ? acceptFrame(frame.id)
            : rejectFrame(frame.id, 'UNSUPPORTED', `unknown method ${frame.method}`),
        );
    }
  }

  #end(code: number, reason: string): void {
    if (this.#closed) return;
    this.#shut();
    this.#events.onClose(code, reason);
  }

  #trust(): void {
    if (this.#doubt !== null) clearTimeout(this.#doubt);
    this.#doubt = null;
  }

  #shut(): void {
    this.#closed = true;
    this.#trust();
    this.#socket.onmessage = this.#socket.onclose = null;
    for (const [, pending] of this.#pending) {
      clearTimeout(pending.timer);
      pending.reject(new RequestError('DISCONNECTED', 'the connection broke', pending.method));
    }
    this.#pending.clear();
  }
}

/** The address of the signaling socket, beside the page. */
export function signalingUrl(location: Location, roomId: string, peerId: string): string {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const query = new URLSearchParams({ roomId, peerId });
  return `${scheme}//${location.host}${mountPath()}/ws?${query.toString()}`;
}
