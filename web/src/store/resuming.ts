import type { Snapshot, Source } from '../protocol/messages';
import { streamOf } from '../services/streams';
import { producerSlots } from './callState';
import type { RemoteStreams } from './callState';
import { roomOf, withStream } from './roomUpdates';
import type { Runtime } from './runtime';

/**
 * Makes the page's picture equal to the server's after a break: nothing that happened meanwhile is missed, and
 * nothing of what a lost answer left behind is doubled. Media that goes on is not touched. What is wanted
 * and not there any more is left to the sync functions.
 */
export function applySnapshot(runtime: Runtime, snapshot: Snapshot): void {
  runtime.set(roomOf(snapshot));
  matchConsumers(runtime, snapshot);
  matchProducers(runtime, snapshot);
}

function matchConsumers(runtime: Runtime, snapshot: Snapshot): void {
  const { producers } = runtime.get();
  const unknown = new Set(snapshot.consumers.map((one) => one.consumerId));
  let streams: ReadonlyMap<string, RemoteStreams> = new Map();
  for (const [producerId, { consumer }] of runtime.consumers) {
    const producer = producers.get(producerId);
    if (producer !== undefined && unknown.delete(consumer.id)) {
      const change = { [producer.source]: streamOf(consumer.track) };
      streams = withStream(streams, producer.participantId, change);
    } else {
      consumer.close();
      runtime.consumers.delete(producerId);
    }
  }
  runtime.set({ remoteStreams: streams });
  for (const consumerId of unknown) forget(runtime.request('closeConsumer', { consumerId }));
  for (const subscription of runtime.consumers.values()) forget(subscription.sync());
}

function matchProducers(runtime: Runtime, snapshot: Snapshot): void {
  const { get, set } = runtime;
  const known = new Map(
    snapshot.producers
      .filter((one) => one.participantId === snapshot.participantId)
      .map((one) => [one.producerId, one]),
  );
  for (const source of Object.keys(producerSlots) as Source[]) {
    const producer = get()[producerSlots[source]];
    if (producer === null) continue;
    const info = known.get(producer.id);
    known.delete(producer.id);
    if (info === undefined) {
      producer.close();
      set({ [producerSlots[source]]: null });
    } else if (info.paused && !producer.paused && !runtime.untold.has(producer.id)) {
      // Paused by a host meanwhile. A camera is also paused by the screen in its place.
      if (source === 'microphone') set({ isMicrophoneOn: false });
      if (source === 'camera' && !get().isScreenOn) set({ isCameraOn: false });
    }
  }
  for (const producerId of known.keys()) forget(runtime.request('closeProducer', { producerId }));
}

/** What is gone already needs no closing; a socket that breaks again leads to another snapshot. */
function forget(request: Promise<unknown>): void {
  request.catch(() => undefined);
}
