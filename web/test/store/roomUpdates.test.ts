import { expect, test } from 'vitest';
import type {
  JoinResult,
  Notification,
  ParticipantInfo,
  ProducerInfo,
} from '../../src/protocol/messages';
import { applyNotification, roomOf } from '../../src/store/roomUpdates';

const ana: ParticipantInfo = {
  participantId: 'ana',
  displayName: 'Ana',
  role: 'participant',
  joinedAt: 10,
  permissions: { audio: true, video: true, screen: true, chat: true },
  handRaised: false,
};
const bo: ParticipantInfo = { ...ana, participantId: 'bo', displayName: 'Bo', joinedAt: 5 };
const camera: ProducerInfo = {
  producerId: 'cam',
  participantId: 'ana',
  kind: 'video',
  source: 'camera',
  paused: false,
};
const stream = {} as MediaStream;

function room(): Parameters<typeof applyNotification>[0] {
  return {
    participantId: 'me',
    participants: new Map([
      ['bo', bo],
      ['ana', ana],
    ]),
    producers: new Map([['cam', camera]]),
    remoteStreams: new Map([['ana', { camera: stream, microphone: stream }]]),
    room: null,
    knocks: [],
    messages: [],
    pendingMessages: [],
  };
}

const after = (notification: Notification): Parameters<typeof applyNotification>[0] => ({
  ...room(),
  ...applyNotification(room(), notification),
});

test('a room lists the others by the time of joining, and oneself last', () => {
  const result = {
    participantId: 'me',
    role: 'participant',
    participants: [ana, bo],
    producers: [camera, { ...camera, producerId: 'own', participantId: 'me' }],
  } as unknown as JoinResult;
  const { participants, producers } = roomOf(result, {
    ...bo,
    participantId: 'me',
    displayName: 'Maya',
    joinedAt: Infinity,
  });
  expect([...participants.keys()]).toEqual(['bo', 'ana', 'me']);
  expect(participants.get('me')?.displayName).toBe('Maya');
  expect([...producers.keys()]).toEqual(['cam']);
});

test('a room that lists oneself too has one once', () => {
  const self = { ...bo, participantId: 'me', joinedAt: 1 };
  const result = {
    participantId: 'me',
    participants: [self, ana],
    producers: [],
  } as unknown as JoinResult;
  expect([...roomOf(result).participants.keys()]).toEqual(['me', 'ana']);
});

test('newcomers come last and keep everybody else’s place', () => {
  const cy = { ...ana, participantId: 'cy', displayName: 'Cy' };
  const { participants } = after({ method: 'participantJoined', data: cy });
  expect([...participants.keys()]).toEqual(['bo', 'ana', 'cy']);
});

test('a new name changes nobody’s place', () => {
  const { participants } = after({
    method: 'participantUpdated',
    data: { ...bo, displayName: 'Bob' },
  });
  expect([...participants.values()].map((one) => one.displayName)).toEqual(['Bob', 'Ana']);
});

test('whoever leaves takes along what they sent', () => {
  const { participants, producers, remoteStreams } = after({
    method: 'participantLeft',
    data: { participantId: 'ana', reason: 'left' },
  });
  expect([...participants.keys()]).toEqual(['bo']);
  expect(producers.size).toBe(0);
  expect(remoteStreams.size).toBe(0);
});

test('a closed producer takes its stream along, and only that', () => {
  const { producers, remoteStreams } = after({
    method: 'producerClosed',
    data: { producerId: 'cam', participantId: 'ana', reason: 'closed' },
  });
  expect(producers.size).toBe(0);
  expect(remoteStreams.get('ana')).toEqual({ camera: undefined, microphone: stream });
});

test('a closed consumer leaves the producer', () => {
  const { producers, remoteStreams } = after({
    method: 'consumerClosed',
    data: { consumerId: 'c', producerId: 'cam', reason: 'error' },
  });
  expect(producers.size).toBe(1);
  expect(remoteStreams.get('ana')?.camera).toBeUndefined();
});

test.each(['producerPaused', 'consumerPaused'] as const)(
  '%s pauses, and its opposite resumes',
  (method) => {
    const data = { producerId: 'cam', participantId: 'ana', consumerId: 'c', by: 'owner' as const };
    const paused = after({ method, data });
    expect(paused.producers.get('cam')?.paused).toBe(true);
    const resumed = applyNotification(paused, { method: 'producerResumed', data });
    expect(resumed.producers?.get('cam')?.paused).toBe(false);
  },
);

test('one’s own producers are not among the others’', () => {
  const own = { ...camera, producerId: 'own', participantId: 'me' };
  expect(applyNotification(room(), { method: 'newProducer', data: own })).toEqual({});
});

test('ids that are not known change nothing', () => {
  const data = { producerId: 'nope', participantId: 'nope', consumerId: 'nope' };
  const paused = { ...data, by: 'owner' as const };
  expect(applyNotification(room(), { method: 'producerPaused', data: paused })).toEqual({});
  expect(
    applyNotification(room(), {
      method: 'participantUpdated',
      data: { ...ana, participantId: 'nope' },
    }),
  ).toEqual({});
  const closed = after({ method: 'producerClosed', data: { ...data, reason: 'closed' } });
  expect(closed).toEqual(room());
});
