import { vi } from 'vitest';

export interface SentFrame {
  request?: boolean;
  response?: boolean;
  ok?: boolean;
  id?: number;
  method?: string;
  data?: unknown;
  errorCode?: string;
}

/** A WebSocket without a network: the test is the other end. */
export class FakeWebSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  readonly url: string;
  readonly protocols: string;
  readyState = FakeWebSocket.CONNECTING;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly sent: SentFrame[] = [];
  closedWith: number | undefined;
  /** Called for each frame that the page sends. */
  onSent: ((frame: SentFrame) => void) | null = null;

  constructor(url: string, protocols: string) {
    this.url = url;
    this.protocols = protocols;
    sockets.push(this);
    onSocket?.(this);
  }

  send(text: string): void {
    if (this.readyState !== FakeWebSocket.OPEN) throw new Error('the socket is not open');
    const frame = JSON.parse(text) as SentFrame;
    this.sent.push(frame);
    this.onSent?.(frame);
  }

  close(code = 1005): void {
    if (this.readyState === FakeWebSocket.CLOSED) return;
    this.readyState = FakeWebSocket.CLOSED;
    this.closedWith = code;
  }

  open(): void {
    this.readyState = FakeWebSocket.OPEN;
    this.onopen?.();
  }

  receive(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  notify(method: string, data: unknown): void {
    this.receive({ notification: true, method, data });
  }

  breakDown(code = 1006, reason = ''): void {
    this.readyState = FakeWebSocket.CLOSED;
    this.onclose?.({ code, reason });
  }

  requests(method: string): SentFrame[] {
    return this.sent.filter((frame) => frame.request === true && frame.method === method);
  }
}

const sockets: FakeWebSocket[] = [];
let onSocket: ((socket: FakeWebSocket) => void) | null = null;

/** Puts FakeWebSocket in the place of WebSocket; returns all that were made since. */
export function installFakeWebSocket(
  whenMade: ((socket: FakeWebSocket) => void) | null = null,
): FakeWebSocket[] {
  sockets.length = 0;
  onSocket = whenMade;
  vi.stubGlobal('WebSocket', FakeWebSocket);
  return sockets;
}
