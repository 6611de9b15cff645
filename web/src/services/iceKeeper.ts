import type { ConnectionState, Transport } from 'mediasoup-client/types';
import { gotNoAnswer } from '../protocol/errors';

/** A short gap mends itself; a longer one needs new ICE credentials. Browsers wait 5 s before they call it one. */
const GRACE_MS = 1_000;

/** How long a restart gets before the next one. */
const RETRY_MS = 5_000;

/** After so many restarts in vain the transport is beyond help. */
const MAX_RESTARTS = 3;

export interface IceKeeperEvents {
  /** Media may have stopped: the moment to look whether the network under it did. */
  onDoubt: () => void;
  /** Asks the server for new ICE credentials and uses them. Without an answer it counts as not tried. */
  restart: (transport: Transport) => Promise<void>;
  /** Media stopped flowing, or flows again. */
  onInterrupted: (isInterrupted: boolean) => void;
  /** Restarts did not help. The caller makes a new session. */
  onHopeless: () => void;
}

/**
 * Watches one transport's connection and restarts ICE until it flows again, or gives up. While the
 * server is out of reach it does not give up: then nothing was tried.
 */
export class IceKeeper {
  readonly #transport: Transport;
  readonly #events: IceKeeperEvents;
  readonly #onState = (state: ConnectionState): void => this.#follow(state);
  #timer: ReturnType<typeof setTimeout> | null = null;
  #restarts = 0;
  #stopped = false;

  constructor(transport: Transport, events: IceKeeperEvents) {
    this.#transport = transport;
    this.#events = events;
    transport.on('connectionstatechange', this.#onState);
  }

  /** Restarts at once if media is broken: the browser has just said that the network is back. */
  hurry(): void {
    const state = this.#transport.connectionState;
    if (!this.#stopped && (state === 'disconnected' || state === 'failed')) this.#restart();
  }

  stop(): void {
    this.#stopped = true;
    this.#clear();
    this.#transport.off('connectionstatechange', this.#onState);
  }

  #follow(state: ConnectionState): void {
    if (this.#stopped) return;
    switch (state) {
      case 'connected':
        this.#clear();
        this.#restarts = 0;
        this.#events.onInterrupted(false);
        return;
      case 'disconnected':
        this.#events.onDoubt();
        this.#schedule(GRACE_MS);
        return;
      case 'failed':
        this.#events.onInterrupted(true);
        this.#restart();
        return;
      case 'closed':
        this.stop();
        return;
      case 'new':
      case 'connecting':
        return;
    }
  }

  #restart(): void {
    this.#clear();
    this.#events.onInterrupted(true);
    if (this.#restarts === MAX_RESTARTS) {
      this.stop();
      this.#events.onHopeless();
      return;
    }
    this.#restarts += 1;
    // Whether the request failed or the restart did not help: the timer decides what is next.
    this.#events.restart(this.#transport).catch((error: unknown) => {
      if (gotNoAnswer(error)) this.#restarts -= 1;
    });
    this.#schedule(RETRY_MS);
  }

  #schedule(delayMs: number): void {
    this.#clear();
    this.#timer = setTimeout(() => this.#restart(), delayMs);
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
