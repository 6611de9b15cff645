import type { DeviceOptions } from 'mediasoup-client/types';
import type { StoreApi } from 'zustand/vanilla';
import type { IceKeeper } from '../services/iceKeeper';
import type { Size } from '../services/layers';
import type { MediaSoupClientService } from '../services/mediaSoupClientService';
import type { ProtooConnection } from '../services/protooConnection';
import type { Subscription } from '../services/subscription';
import { RequestError } from '../protocol/errors';
import type { Method, Requests } from '../protocol/messages';
import type { Failure } from '../protocol/sentences';
import type { Notice, VideoCallState } from './callState';

/** How long a notice stays, in ms. */
const NOTICE_MS = 5_000;

export interface StoreOptions {
  /** For tests: how the mediasoup Device is made. */
  deviceOptions?: DeviceOptions;
  /** In [0, 1), for the jitter of reconnection. */
  random?: () => number;
}

/** What the actions share and no component reads: live connections, which are not state. */
export class Runtime {
  readonly options: StoreOptions;
  connection: ProtooConnection | null = null;
  media: MediaSoupClientService | null = null;
  keepers: IceKeeper[] = [];
  /** By producer. */
  readonly consumers = new Map<string, Subscription>();
  /** How large each participant's picture is shown, null where it is not. Unknown until the tiles are laid out. */
  shown: ReadonlyMap<string, Size | null> = new Map();
  /** Own producers whose pause or resume the server has not confirmed. */
  readonly untold = new Set<string>();
  /** Media does not flow whatever is tried: there is no use in resuming a session of it. */
  isMediaHopeless = false;
  readonly #api: StoreApi<VideoCallState>;
  #nextId = 1;

  constructor(api: StoreApi<VideoCallState>, options: StoreOptions) {
    this.#api = api;
    this.options = options;
  }

  readonly get = (): VideoCallState => this.#api.getState();

  readonly set = (change: Partial<VideoCallState>): void => this.#api.setState(change);

  request<M extends Method>(method: M, data: Requests[M]['data']): Promise<Requests[M]['result']> {
    if (this.connection === null) {
      return Promise.reject(new RequestError('DISCONNECTED', 'there is no connection', method));
    }
    return this.connection.request(method, data);
  }

  /** For what comes and goes on the page. */
  nextId(): number {
    return this.#nextId++;
  }

  notify(tone: Notice['tone'], text: string): void {
    const id = this.nextId();
    // Three at most: a crowd that arrives together must not cover the call.
    this.set({ notices: [...this.get().notices, { id, tone, text }].slice(-3) });
    setTimeout(() => this.get().dismissNotice(id), NOTICE_MS);
  }

  /**
   * Deals with a failed step of the call. A broken connection is no news here: its own banner says so,
   * and the rejoin makes everything again.
   */
  report(what: string, error: unknown): void {
    if (error instanceof RequestError && error.code === 'DISCONNECTED') return;
    console.warn(`${what}:`, error);
    this.notify('warning', what);
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) return { code: error.code, message: error.message };
  return { code: 'UNSUPPORTED_BROWSER', message: error instanceof Error ? error.message : '' };
}
