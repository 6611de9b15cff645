import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Refusal } from '../fakes/fakeServer';
import { settled, startCall } from '../fakes/startCall';
import type { Call } from '../fakes/startCall';

let call: Call;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  call = await startCall(({ server }) => {
    server.addParticipant('ana', 'Ana');
    server.addProducer('cam', 'ana', 'camera');
  });
});

afterEach(() => {
  call.store.getState().enterRoom('');
});

async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  await settled();
}

test('a broken socket is announced, and everybody stays in view', () => {
  const { store, server } = call;
  server.socket.breakDown();
  const { reconnect, phase, participants } = store.getState();
  expect(phase).toBe('call');
  expect(reconnect).toEqual({ attempt: 0, retryAt: Date.now() + 300 });
  expect(participants.has('ana')).toBe(true);
});

test('the first attempt brings everything back: a new session, the same tracks', async () => {
  const { store, server, devices } = call;
  const before = store.getState();
  server.socket.breakDown();
  await pass(300);
  const after = store.getState();
  expect(server.sockets).toHaveLength(2);
  expect(after.reconnect).toBeNull();
  expect(after.participantId).not.toBe(before.participantId);
  expect(server.requests('joinRoom')).toMatchObject([{ resumeToken: 'token' }]); // no ghost of its own
  expect(after.microphoneTrack).toBe(before.microphoneTrack);
  expect(after.audioProducer?.closed).toBe(false);
  expect(before.sendTransport?.closed).toBe(true);
  expect(server.requests('produce')).toMatchObject([
    { source: 'microphone' },
    { source: 'camera' },
  ]);
  expect(after.remoteStreams.get('ana')?.camera).toBeDefined();
  expect(devices.prompts).toEqual(['audio+video']);
});

test('a share goes on, in the place of the camera', async () => {
  const { store, server } = call;
  await store.getState().toggleScreen();
  server.socket.breakDown();
  await pass(300);
  const sources = server.requests('produce').map((data) => (data as { source: string }).source);
  expect(sources.sort()).toEqual(['microphone', 'screen']);
  await store.getState().toggleScreen();
  await settled();
  expect(server.requests('produce').at(-1)).toMatchObject({ source: 'camera' });
});

test('attempts grow apart while the server is away, and succeed when it is back', async () => {
  const { store, server } = call;
  server.isReachable = false;
  server.socket.breakDown();
  for (const [index, delay] of [300, 600, 1_000, 1_500, 2_000, 2_000, 3_000].entries()) {
    expect(store.getState().reconnect?.attempt).toBe(index);
    await pass(delay - 1);
    expect(server.sockets).toHaveLength(1 + index);
    await pass(1);
    expect(server.sockets).toHaveLength(2 + index);
  }
  server.isReachable = true;
  await pass(3_000);
  expect(store.getState()).toMatchObject({ phase: 'call', reconnect: null });
});

test('a server that answers joins with a passing error is tried again', async () => {
  const { store, server } = call;
  const { joinRoom } = server.handlers;
  server.handlers.joinRoom = () => {
    throw new Refusal('DRAINING');
  };
  server.socket.breakDown();
  await pass(300);
  expect(store.getState().reconnect?.attempt).toBe(1);
  if (joinRoom !== undefined) server.handlers.joinRoom = joinRoom;
  await pass(600);
  expect(store.getState().reconnect).toBeNull();
});

test('a room that is locked meanwhile ends the call with that reason', async () => {
  const { store, server } = call;
  server.handlers.joinRoom = () => {
    throw new Refusal('ROOM_LOCKED');
  };
  server.socket.breakDown();
  await pass(300);
  expect(store.getState()).toMatchObject({ phase: 'ended', ended: { code: 'ROOM_LOCKED' } });
  await pass(60_000);
  expect(server.sockets).toHaveLength(2);
});

test('the user, or a network that is back, need not wait', async () => {
  const { store, server } = call;
  server.isReachable = false;
  server.socket.breakDown();
  await pass(300 + 600 + 1_000);
  server.isReachable = true;
  store.getState().networkChanged();
  await settled();
  expect(store.getState().reconnect).toBeNull();
  await pass(60_000);
  expect(server.sockets).toHaveLength(5);
});

test('leaving while the connection is broken ends the attempts', async () => {
  const { store, server } = call;
  server.socket.breakDown();
  store.getState().leave();
  await pass(60_000);
  expect(server.sockets).toHaveLength(1);
  expect(store.getState()).toMatchObject({ phase: 'ended', reconnect: null });
});

test('leaving in the middle of an attempt does not bring the call back', async () => {
  const { store, server } = call;
  server.socket.breakDown();
  vi.advanceTimersByTime(300);
  store.getState().leave();
  await pass(60_000);
  expect(server.sockets).toHaveLength(2);
  expect(server.socket.closedWith).toBeDefined();
  expect(store.getState()).toMatchObject({ phase: 'ended', isMediaSoupInitialized: false });
});

test('a socket that breaks again during the rejoin is no dead end', async () => {
  const { store, server } = call;
  const { createWebRtcTransport } = server.handlers;
  server.handlers.createWebRtcTransport = () => {
    server.socket.breakDown();
    throw new Refusal('INTERNAL');
  };
  server.socket.breakDown();
  await pass(300);
  expect(store.getState().reconnect).not.toBeNull();
  if (createWebRtcTransport !== undefined) {
    server.handlers.createWebRtcTransport = createWebRtcTransport;
  }
  await pass(10_000);
  expect(store.getState()).toMatchObject({ phase: 'call', reconnect: null });
  expect(store.getState().sendTransport?.closed).toBe(false);
});

test('a server that goes down for a restart says so, and is waited for', async () => {
  const { store, server } = call;
  server.socket.notify('serverDraining', {});
  server.socket.breakDown(1001, 'server is shutting down');
  expect(store.getState().notices.at(-1)?.text).toContain('restarts');
  await pass(300);
  expect(store.getState()).toMatchObject({ phase: 'call', reconnect: null });
});
