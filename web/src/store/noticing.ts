import type { Notification, Source } from '../protocol/messages';
import { applyWantedLayers } from '../services/wantedLayers';
import { producerSlots } from './callState';
import { turnOff } from './rights';
import { applyNotification } from './roomUpdates';
import type { Runtime } from './runtime';

/** How long a reaction is shown, in ms. */
const REACTION_MS = 4_000;

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
    case 'participantUpdated': {
      const { participantId, displayName, role, handRaised } = notification.data;
      const was = before.participants.get(participantId);
      if (participantId === before.participantId) {
        if (role !== was?.role) runtime.notify('info', roleSentences[role]);
        if (role !== 'host') set({ knocks: [] });
        turnOff(runtime, 'forbidden');
      } else if (handRaised && was?.handRaised === false) {
        runtime.notify('info', `${displayName} raised a hand`);
      }
      return;
    }
    case 'newProducer':
      void get().consumeMedia();
      return;
    case 'producerPaused': {
      const source = ownSource(runtime, notification.data.producerId);
      if (source === null || notification.data.by !== 'host') return;
      runtime.notify('warning', mutedSentences[source]);
      turnOff(runtime, source);
      return;
    }
    case 'producerClosed': {
      const source = ownSource(runtime, notification.data.producerId);
      if (source !== null) {
        get()[producerSlots[source]]?.close();
        set({ [producerSlots[source]]: null });
        if (notification.data.reason === 'removed') {
          runtime.notify('warning', closedSentences[source]);
          turnOff(runtime, source);
        } else void get().syncProducing();
      }
      drop(runtime, notification.data.producerId);
      return;
    }
    case 'consumerClosed':
      drop(runtime, notification.data.producerId);
      return;
    case 'message':
      if (notification.data.participantId === before.participantId) return;
      if (get().panel === 'chat') return;
      set({ unread: get().unread + 1 });
      runtime.notify(
        'info',
        `${notification.data.displayName}: ${excerpt(notification.data.text)}`,
      );
      return;
    case 'activeSpeakers': {
      const { speakers } = notification.data;
      set({ speakers: new Set(speakers.map((one) => one.participantId)) });
      return;
    }
    case 'layersWanted': {
      const source = ownSource(runtime, notification.data.producerId);
      const producer = source === null ? null : get()[producerSlots[source]];
      // A producer that closes meanwhile has no layers to speak of.
      if (producer !== null) {
        applyWantedLayers(producer, notification.data.layers).catch(() => undefined);
      }
      return;
    }
    case 'reaction':
      showReaction(runtime, notification.data);
      return;
    case 'serverDraining':
      runtime.notify('warning', 'The server restarts. You will be back in a moment.');
      return;
    // A paused consumer needs nothing here: no packets come, and the tile shows no video meanwhile.
    default:
      return;
  }
}

const roleSentences = {
  host: 'You are a host of this meeting now',
  participant: 'You take part in this meeting now',
  viewer: 'You only watch and listen now',
};

const mutedSentences: Record<Source, string> = {
  microphone: 'A host muted you',
  camera: 'A host turned your camera off',
  screen: 'A host stopped your screen',
  screenAudio: 'A host muted your screen',
};

const closedSentences: Record<Source, string> = {
  microphone: 'A host does not let you speak any more',
  camera: 'A host does not let you show your camera any more',
  screen: 'A host does not let you share your screen any more',
  screenAudio: 'A host does not let you share sound any more',
};

function ownSource(runtime: Runtime, producerId: string): Source | null {
  const state = runtime.get();
  const sources = Object.keys(producerSlots) as Source[];
  return sources.find((source) => state[producerSlots[source]]?.id === producerId) ?? null;
}

function drop(runtime: Runtime, producerId: string): void {
  runtime.consumers.get(producerId)?.consumer.close();
  runtime.consumers.delete(producerId);
}

function showReaction(runtime: Runtime, reaction: { participantId: string; emoji: string }): void {
  const { get, set } = runtime;
  const shown = { ...reaction, id: runtime.nextId() };
  set({ reactions: [...get().reactions, shown].slice(-20) });
  setTimeout(
    () => set({ reactions: get().reactions.filter((one) => one.id !== shown.id) }),
    REACTION_MS,
  );
}

function excerpt(text: string): string {
  const characters = Array.from(text.replace(/\s+/gu, ' '));
  return characters.length <= 80 ? characters.join('') : `${characters.slice(0, 79).join('')}…`;
}
