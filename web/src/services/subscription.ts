import type { Consumer } from 'mediasoup-client/types';
import { coalesced } from './coalesced';
import type { Requester } from './mediaSoupClientService';

/** What is wanted of one consumer. */
export interface Wish {
  paused: boolean;
}

/**
 * One consumer, and what of it is wanted. The server is told what it does not know yet; what it did not
 * confirm before the socket broke is told again by `sync`.
 */
export class Subscription {
  readonly consumer: Consumer;
  readonly #requester: Requester;
  #wish: Wish = { paused: false };
  /** What the server has confirmed; null when the answer never came. Consumers begin paused. */
  #isPaused: boolean | null = true;

  constructor(requester: Requester, consumer: Consumer) {
    this.#requester = requester;
    this.consumer = consumer;
  }

  /** Changes the wish. Resolves when the server knows of it. */
  want(wish: Wish): Promise<void> {
    this.#wish = wish;
    return this.sync();
  }

  readonly sync = coalesced(async () => {
    const { paused } = this.#wish;
    if (this.consumer.closed || paused === this.#isPaused) return;
    this.#isPaused = null;
    await this.#requester.request(paused ? 'pauseConsumer' : 'resumeConsumer', {
      consumerId: this.consumer.id,
    });
    this.#isPaused = paused;
  });
}
