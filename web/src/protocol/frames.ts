/**
 * The protoo framing: JSON text frames over a WebSocket with the subprotocol `protoo`.
 * Both sides may send requests, responses and notifications.
 */

export const PROTOO_SUBPROTOCOL = 'protoo';

/** The close code by which the server ends a session for good: there is no use in coming back. */
export const CLOSE_FOR_GOOD = 4000;

export interface RequestFrame {
  type: 'request';
  id: number;
  method: string;
  data: unknown;
}

export type ResponseFrame =
  | { type: 'response'; id: number; ok: true; data: unknown }
  | { type: 'response'; id: number; ok: false; errorCode: string; errorReason: string };

export interface NotificationFrame {
  type: 'notification';
  method: string;
  data: unknown;
}

export type Frame = RequestFrame | ResponseFrame | NotificationFrame;

/** Parses one text frame. Returns null for anything that is not a protoo frame; never throws. */
export function parseFrame(text: unknown): Frame | null {
  if (typeof text !== 'string') return null;
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(raw)) return null;
  if (raw.request === true) {
    const { id, method, data } = raw;
    if (typeof id !== 'number' || typeof method !== 'string') return null;
    return { type: 'request', id, method, data: data ?? {} };
  }
  if (raw.response === true) {
    const { id, data } = raw;
    if (typeof id !== 'number') return null;
    if (raw.ok === true) return { type: 'response', id, ok: true, data: data ?? {} };
    return {
      type: 'response',
      id,
      ok: false,
      // Numbers too: protoo's own servers use HTTP-like codes.
      errorCode: asText(raw.errorCode, 'INTERNAL'),
      errorReason: asText(raw.errorReason, 'the server gave no reason'),
    };
  }
  if (raw.notification === true) {
    const { method, data } = raw;
    if (typeof method !== 'string') return null;
    return { type: 'notification', method, data: data ?? {} };
  }
  return null;
}

export function requestFrame(id: number, method: string, data: unknown): string {
  return JSON.stringify({ request: true, id, method, data });
}

export function acceptFrame(id: number, data: unknown = {}): string {
  return JSON.stringify({ response: true, id, ok: true, data });
}

export function rejectFrame(id: number, errorCode: string, errorReason: string): string {
  return JSON.stringify({ response: true, id, ok: false, errorCode, errorReason });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asText(value: unknown, fallback: string): string {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number') return String(value);
  return fallback;
}
