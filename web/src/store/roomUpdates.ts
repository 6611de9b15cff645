import type { Notification, ParticipantInfo, Snapshot } from '../protocol/messages';
import { withMessages } from './chatUpdates';
import type { MediaState, RemoteStreams, SessionState } from './callState';

type RoomState = Pick<
  SessionState,
  | 'participantId'
  | 'participants'
  | 'producers'
  | 'room'
  | 'knocks'
  | 'messages'
  | 'pendingMessages'
> &
  Pick<MediaState, 'remoteStreams'>;

/**
 * The room as the server describes it, in the order of joining. Own producers are left out: `MediaState` has them.
 * @param self added when the answer does not list them
 */
export function roomOf(
  room: Pick<Snapshot, 'participantId' | 'participants' | 'producers'>,
  self?: ParticipantInfo,
): Pick<RoomState, 'participantId' | 'participants' | 'producers'> {
  const { participantId } = room;
  const isListed = room.participants.some((one) => one.participantId === participantId);
  const everybody = [...room.participants, ...(isListed || self === undefined ? [] : [self])].sort(
    (a, b) => a.joinedAt - b.joinedAt,
  );
  return {
    participantId,
    participants: new Map(everybody.map((one) => [one.participantId, one])),
    producers: new Map(
      room.producers
        .filter((one) => one.participantId !== participantId)
        .map((one) => [one.producerId, one]),
    ),
  };
}

/** The room after a notification. Only what changed is in the result; unknown ids change nothing. */
export function applyNotification(
  state: RoomState,
  notification: Notification,
): Partial<RoomState> {
  const { participants, producers } = state;
  switch (notification.method) {
    case 'participantJoined': {
      const joined = notification.data;
      return { participants: new Map(participants).set(joined.participantId, joined) };
    }
    case 'participantUpdated': {
      const { participantId, ...changed } = notification.data;
      const known = participants.get(participantId);
      if (known === undefined) return {};
      return { participants: new Map(participants).set(participantId, { ...known, ...changed }) };
    }
    case 'participantLeft': {
      const { participantId } = notification.data;
      const streams = new Map(state.remoteStreams);
      streams.delete(participantId);
      const left = new Map(participants);
      left.delete(participantId);
      return {
        participants: left,
        producers: new Map(
          [...producers].filter(([, producer]) => producer.participantId !== participantId),
        ),
        remoteStreams: streams,
      };
    }
    case 'newProducer': {
      const producer = notification.data;
      if (producer.participantId === state.participantId) return {};
      return { producers: new Map(producers).set(producer.producerId, producer) };
    }
    case 'producerClosed': {
      const left = new Map(producers);
      left.delete(notification.data.producerId);
      return { producers: left, ...withoutStream(state, notification.data.producerId) };
    }
    case 'consumerClosed':
      // The producer may live on: only what this page received of it is gone.
      return withoutStream(state, notification.data.producerId);
    case 'producerPaused':
    case 'consumerPaused':
      return paused(state, notification.data.producerId, true);
    case 'producerResumed':
    case 'consumerResumed':
      return paused(state, notification.data.producerId, false);
    case 'message':
      return withMessages(state, [notification.data]);
    case 'roomUpdated':
      return { room: notification.data };
    case 'lobbyKnock':
      return { knocks: [...state.knocks, notification.data] };
    case 'lobbyKnockEnded': {
      const { knockId } = notification.data;
      return { knocks: state.knocks.filter((one) => one.knockId !== knockId) };
    }
    default:
      return {};
  }
}

/** The streams with one participant's changed. A source set to undefined is gone. */
export function withStream(
  all: ReadonlyMap<string, RemoteStreams>,
  participantId: string,
  change: RemoteStreams,
): ReadonlyMap<string, RemoteStreams> {
  return new Map(all).set(participantId, { ...all.get(participantId), ...change });
}

function withoutStream(state: RoomState, producerId: string): Partial<RoomState> {
  const producer = state.producers.get(producerId);
  if (producer === undefined) return {};
  const change = { [producer.source]: undefined };
  return { remoteStreams: withStream(state.remoteStreams, producer.participantId, change) };
}

function paused(state: RoomState, producerId: string, isPaused: boolean): Partial<RoomState> {
  const producer = state.producers.get(producerId);
  if (producer === undefined || producer.paused === isPaused) return {};
  return {
    producers: new Map(state.producers).set(producerId, { ...producer, paused: isPaused }),
  };
}
