import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NO_ANSWER, participant, Refusal } from '../fakes/fakeServer';
import { settled, startCall } from '../fakes/startCall';
import type { Call } from '../fakes/startCall';

let call: Call;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  call = await startCall(({ server }) => {
    server.keepsSessions = true;
    server.addParticipant('ana', 'Ana');
    server.addProducer('cam', 'ana', 'camera');
    server.addProducer('mic', 'ana', 'microphone');
  });
});

afterEach(() => {
  call.store.getState().enterRoom('');
});

/** Breaks the socket; what the test does `meanwhile` the page is not told. */
async function breakAndResume(meanwhile: () => void = () => undefined): Promise<void> {
  const { server } = call;
  server.socket.breakDown();
  meanwhile();
  await vi.advanceTimersByTimeAsync(300);
  await settled();
}

test('the session is taken up first, and media is not touched', async () => {
  const { store, server } = call;
  const before = store.getState();
  await breakAndResume();
  const after = store.getState();
  expect(after.reconnect).toBeNull();
  expect(server.socket.sent.map((frame) => frame.method)).toEqual(['resumeSession']);
  expect(server.requests('resumeSession')).toMatchObject([{ resumeToken: 'token' }]);
  expect(after.participantId).toBe(before.participantId);
  expect(after.sendTransport).toBe(before.sendTransport);
  expect(after.sendTransport?.closed).toBe(false);
  expect(after.audioProducer).toBe(before.audioProducer);
  expect(after.remoteStreams.get('ana')).toEqual(before.remoteStreams.get('ana'));
});

test('what came and went meanwhile is neither missed nor doubled', async () => {
  const { store, server } = call;
  const cameraTrack = store.getState().remoteStreams.get('ana')?.camera?.getTracks()[0];
  await breakAndResume(() => {
    const { participants, producers, consumers } = server;
    participants.push(participant('bo', 'Bo', 9));
    producers.splice(0, 1); // Ana's camera
    consumers.splice(0, 1);
    producers.push({
      producerId: 'bo-mic',
      participantId: 'bo',
      kind: 'audio',
      source: 'microphone',
      paused: false,
    });
  });
  const { participants, remoteStreams } = store.getState();
  expect([...participants.values()].map((one) => one.displayName)).toEqual(['Ana', 'Maya', 'Bo']);
  expect(cameraTrack?.readyState).toBe('ended');
  expect(remoteStreams.get('ana')).not.toHaveProperty('camera');
  expect(remoteStreams.get('bo')?.microphone).toBeDefined();
  expect(server.requests('consume')).toMatchObject([{ producerId: ['bo-mic'] }]);
});

test('what a lost answer left at the server is closed there and made anew', async () => {
  const { server } = call;
  await breakAndResume(() => {
    server.consumers.push({ consumerId: 'orphan', producerId: 'mic' });
    server.ownProducers.push({
      producerId: 'lost',
      participantId: call.store.getState().participantId ?? '',
      kind: 'video',
      source: 'screen',
      paused: false,
    });
  });
  expect(server.requests('closeConsumer')).toEqual([{ consumerId: 'orphan' }]);
  expect(server.requests('closeProducer')).toEqual([{ producerId: 'lost' }]);
});

test('a consumer that was never resumed is, and a producer that was closed is made anew', async () => {
  const { store, server } = call;
  server.handlers.resumeConsumer = () => {
    server.socket.breakDown(); // before the answer
    return {};
  };
  server.addProducer('scr', 'ana', 'screen');
  await settled();
  server.handlers.resumeConsumer = () => ({});
  server.ownProducers.splice(0, 1); // the microphone
  await vi.advanceTimersByTimeAsync(300);
  await settled();
  expect(server.requests('resumeConsumer')).toHaveLength(1);
  expect(server.requests('produce')).toMatchObject([{ source: 'microphone' }]);
  expect(store.getState().audioProducer?.closed).toBe(false);
});

test('what the user did meanwhile is told, and what a host did is heeded', async () => {
  const { store, server } = call;
  await breakAndResume(() => {
    void store.getState().toggleMicrophone();
    const camera = server.ownProducers.find((one) => one.source === 'camera');
    if (camera !== undefined) camera.paused = true;
  });
  expect(server.requests('pauseProducer')).toContainEqual({
    producerId: store.getState().audioProducer?.id,
  });
  expect(store.getState()).toMatchObject({ isMicrophoneOn: false, isCameraOn: false });
  expect(store.getState().videoProducer?.paused).toBe(true);
});

test('a session whose media is gone is joined anew', async () => {
  const { store, server } = call;
  const { participantId } = store.getState();
  await breakAndResume(() => server.transports.splice(0, 1));
  expect(server.socket.sent.map((frame) => frame.method).slice(0, 3)).toEqual([
    'resumeSession',
    'leaveRoom',
    'joinRoom',
  ]);
  expect(store.getState().participantId).not.toBe(participantId);
  expect(store.getState().audioProducer?.closed).toBe(false);
});

test('a session that is over is joined anew, on the same socket', async () => {
  const { store, server } = call;
  server.keepsSessions = false;
  await breakAndResume();
  expect(server.sockets).toHaveLength(2);
  expect(server.requests('joinRoom')).toMatchObject([{ resumeToken: 'token' }]);
  expect(store.getState()).toMatchObject({ phase: 'call', reconnect: null });
});

test('a socket that breaks again while it resumes is no dead end', async () => {
  const { store, server } = call;
  const { participantId } = store.getState();
  const { resumeSession } = server.handlers;
  server.handlers.resumeSession = () => {
    server.socket.breakDown();
    throw new Refusal('INTERNAL');
  };
  await breakAndResume();
  expect(store.getState().reconnect?.attempt).toBe(1);
  if (resumeSession !== undefined) server.handlers.resumeSession = resumeSession;
  await vi.advanceTimersByTimeAsync(600);
  await settled();
  expect(store.getState()).toMatchObject({ reconnect: null, participantId });
});

test('a network that is back starts an attempt beside one that waits for nothing', async () => {
  const { store, server } = call;
  const { participantId } = store.getState();
  const { resumeSession } = server.handlers;
  server.handlers.resumeSession = () => NO_ANSWER;
  await breakAndResume();
  if (resumeSession !== undefined) server.handlers.resumeSession = resumeSession;
  store.getState().networkChanged();
  await settled();
  expect(server.sockets).toHaveLength(3);
  expect(store.getState()).toMatchObject({ reconnect: null, participantId });
});

test('a socket that looks open and carries nothing is given up', async () => {
  const { store, server } = call;
  const [first] = server.sockets;
  if (first !== undefined) first.onSent = null; // the network swallows everything
  store.getState().networkChanged();
  await vi.advanceTimersByTimeAsync(2_500);
  expect(store.getState().reconnect?.attempt).toBe(0);
  await vi.advanceTimersByTimeAsync(300);
  await settled();
  expect(store.getState().reconnect).toBeNull();
  expect(server.sockets).toHaveLength(2);
});

test('a socket that answers is kept', async () => {
  const { store, server } = call;
  store.getState().retryNow();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.sockets).toHaveLength(1);
  expect(store.getState().reconnect).toBeNull();
});
