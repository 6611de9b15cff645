import type { Consumer } from 'mediasoup-client/types';
import { coalesced } from './coalesced';
import { layerCountOf, layerFor } from './layers';
import type { Size } from './layers';
import type { Requester } from './mediaSoupClientService';

/**
 * One consumer, and what of it is wanted. The server is told what it does not know yet; what it did not
 * confirm before the socket broke is told again by `sync`.
 */
export class Subscription {
  readonly consumer: Consumer;
  readonly #requester: Requester;
  readonly #layerCount: number;
  #wish: { paused: boolean; layer: number | null } = { paused: false, layer: null };
  /** What the server has confirmed; null when the answer never came. Consumers begin paused. */
  #isPaused: boolean | null = true;
  #layer: number | null = null;

  constructor(requester: Requester, consumer: Consumer) {
    this.#requester = requester;
    this.consumer = consumer;
    this.#layerCount = layerCountOf(consumer);
  }

  /**
   * Says how large the picture is shown: null where it is not, undefined where nobody knows, as for a sound.
   * Resolves when the server knows what is wanted.
   */
  show(size: Size | null | undefined): Promise<void> {
    const hasChoice = this.#layerCount > 1 && size != null;
    this.#wish = {
      paused: size === null,
      layer: hasChoice ? layerFor(size, this.#layerCount) : this.#wish.layer,
    };
    return this.sync();
  }

  readonly sync = coalesced(async () => {
    if (this.consumer.closed) return;
    const { paused, layer } = this.#wish;
    const consumerId = this.consumer.id;
    // The layer first, so that the keyframe that comes with resuming is of the right one.
    if (!paused && layer !== null && layer !== this.#layer) {
      this.#layer = null;
      await this.#requester.request('setPreferredLayers', { consumerId, spatialLayer: layer });
      this.#layer = layer;
    }
    if (paused !== this.#isPaused) {
      this.#isPaused = null;
      await this.#requester.request(paused ? 'pauseConsumer' : 'resumeConsumer', { consumerId });
      this.#isPaused = paused;
    }
  });
}
