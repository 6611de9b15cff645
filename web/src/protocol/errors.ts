import type { ErrorCodes } from './generated';

/** The server's stable error codes, and those that the page itself gives to a request that got no answer. */
export type ErrorCode = keyof ErrorCodes | 'DISCONNECTED' | 'TIMEOUT';

/** A request that failed: `code` is the server's, or DISCONNECTED / TIMEOUT when no answer came. */
export class RequestError extends Error {
  readonly code: string;
  readonly method: string;

  constructor(code: string, reason: string, method: string) {
    super(reason);
    this.name = 'RequestError';
    this.code = code;
    this.method = method;
  }
}

/** Whether a request may or may not have reached the server: its answer never came. */
export function gotNoAnswer(error: unknown): boolean {
  return (
    error instanceof RequestError && (error.code === 'DISCONNECTED' || error.code === 'TIMEOUT')
  );
}

/** Codes that say the same however often the page asks: the user has to do something. */
const lasting: ReadonlySet<string> = new Set<ErrorCode>([
  'BAD_REQUEST',
  'FORBIDDEN',
  'UNSUPPORTED',
  'ROOM_FULL',
  'ROOM_LOCKED',
  'ROOM_EXPIRED',
  'PASSWORD_REQUIRED',
  'PASSWORD_WRONG',
  'TOKEN_INVALID',
  'TOKEN_EXPIRED',
  'CLIENT_TOO_OLD',
  'CLIENT_TOO_NEW',
]);

export function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof RequestError && lasting.has(error.code));
}
