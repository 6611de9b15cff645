import type { Consumer } from 'mediasoup-client/types';
import { IceKeeper } from '../services/iceKeeper';
import type { ProducerInfo } from '../protocol/messages';
import type { Size } from '../services/layers';
import { MediaSoupClientService } from '../services/mediaSoupClientService';
import { coalesced } from '../services/coalesced';
import { streamOf } from '../services/streams';
import { Subscription } from '../services/subscription';
import type { Actions } from './callState';
import { noMedia } from './callState';
import { withStream } from './roomUpdates';
import type { Runtime } from './runtime';

type MediaActions = Pick<
  Actions,
  | 'initializeMediaSoup'
  | 'createTransports'
  | 'consumeMedia'
  | 'showTiles'
  | 'cleanupMediaSoup'
  | 'getStats'
>;

/** The mediasoup side of a call: device, transports, and what arrives. */
export function createMediaActions(runtime: Runtime): MediaActions {
  const { get, set } = runtime;

  const watchTransports = (): void => {
    const interrupted = new Set<string>();
    const { sendTransport, recvTransport } = get();
    for (const transport of [sendTransport, recvTransport]) {
      if (transport === null) continue;
      const keeper = new IceKeeper(transport, {
        // The network may have changed under the socket too.
        onDoubt: () => runtime.connection?.verify(),
        restart: async (broken) => {
          await runtime.media?.restartIce(broken);
        },
        onInterrupted: (isInterrupted) => {
          if (isInterrupted) interrupted.add(transport.id);
          else interrupted.delete(transport.id);
          set({ isMediaInterrupted: interrupted.size > 0 });
        },
        onHopeless: () => {
          runtime.isMediaHopeless = true;
          runtime.connection?.abandon('media does not flow');
        },
      });
      runtime.keepers.push(keeper);
    }
  };

  const consumeNew = async (): Promise<void> => {
    const { media } = runtime;
    const { producers, recvTransport } = get();
    if (media === null || recvTransport === null) return;
    const wanted = [...producers.values()].filter(
      (producer) =>
        !runtime.consumers.has(producer.producerId) && !refused.has(producer.producerId),
    );
    if (wanted.length === 0) return;
    // What the server does not answer with cannot be had (gone, or no common codec): asked for once.
    for (const producer of wanted) refused.add(producer.producerId);
    try {
      await media.consume(wanted, (consumer) => take(media, consumer));
    } catch (error) {
      for (const producer of wanted) refused.delete(producer.producerId);
      throw error;
    }
  };

  const take = async (media: MediaSoupClientService, consumer: Consumer): Promise<void> => {
    const producer = get().producers.get(consumer.producerId);
    if (runtime.media !== media || producer === undefined) {
      consumer.close();
      return;
    }
    refused.delete(producer.producerId);
    const subscription = new Subscription(runtime, consumer);
    runtime.consumers.set(producer.producerId, subscription);
    const change = { [producer.source]: streamOf(consumer.track) };
    set({ remoteStreams: withStream(get().remoteStreams, producer.participantId, change) });
    await subscription.show(shownSize(producer));
  };

  const shownSize = (producer: ProducerInfo): Size | null | undefined =>
    producer.kind === 'video' ? runtime.shown.get(producer.participantId) : undefined;
  const refused = new Set<string>();
  const consumeAll = coalesced(consumeNew);

  return {
    initializeMediaSoup: async (routerRtpCapabilities) => {
      const { connection } = runtime;
      const media = await MediaSoupClientService.load(
        runtime,
        routerRtpCapabilities,
        runtime.options.deviceOptions,
      );
      if (runtime.connection !== connection) {
        media.close();
        return;
      }
      runtime.media = media;
      set({ isMediaSoupInitialized: true, rtpCapabilities: media.rtpCapabilities });
    },

    createTransports: async () => {
      const { media } = runtime;
      if (media === null) return;
      const { send, recv } = await media.createTransports();
      set({ sendTransport: send, recvTransport: recv });
      watchTransports();
    },

    consumeMedia: async () => {
      try {
        await consumeAll();
      } catch (error) {
        runtime.report('Some of the others cannot be seen or heard', error);
      }
    },

    cleanupMediaSoup: () => {
      for (const keeper of runtime.keepers) keeper.stop();
      runtime.keepers = [];
      runtime.consumers.clear();
      runtime.untold.clear();
      runtime.isMediaHopeless = false;
      refused.clear();
      runtime.media?.close();
      runtime.media = null;
      set({ ...noMedia, isMediaInterrupted: false });
    },

    showTiles: (shown) => {
      runtime.shown = shown;
      for (const [producerId, subscription] of runtime.consumers) {
        const producer = get().producers.get(producerId);
        if (producer?.kind !== 'video') continue;
        // Gone meanwhile, or told again after the break.
        subscription.show(shownSize(producer)).catch(() => undefined);
      }
    },

    getStats: async () => (await runtime.media?.getStats()) ?? { send: [], recv: [] },
  };
}
