import type { Notification } from '../protocol/messages';
import { applyNotification } from './roomUpdates';
import type { Runtime } from './runtime';

/** Takes in what the room tells: the state first, then what follows from it. */
export function takeNotification(runtime: Runtime, notification: Notification): void {
  const { get, set } = runtime;
  const before = get();
  set(applyNotification(before, notification));
  switch (notification.method) {
    case 'participantJoined':
      runtime.notify('info', `${notification.data.displayName} joined`);
      return;
    case 'participantLeft': {
      const { participantId } = notification.data;
      const who = before.participants.get(participantId);
      for (const producer of before.producers.values()) {
        if (producer.participantId === participantId) drop(runtime, producer.producerId);
      }
      if (who !== undefined) runtime.notify('info', `${who.displayName} left`);
      return;
    }
    case 'newProducer':
      void get().consumeMedia();
      return;
    case 'producerClosed':
    case 'consumerClosed':
      drop(runtime, notification.data.producerId);
      return;
    case 'serverDraining':
      runtime.notify('warning', 'The server restarts. You will be back in a moment.');
      return;
    // A paused consumer needs nothing here: no packets come, and the tile shows no video meanwhile.
    default:
      return;
  }
}

function drop(runtime: Runtime, producerId: string): void {
  runtime.consumers.get(producerId)?.consumer.close();
  runtime.consumers.delete(producerId);
}
