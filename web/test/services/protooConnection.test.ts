import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Notification } from '../../src/protocol/messages';
import { ProtooConnection, signalingUrl } from '../../src/services/protooConnection';
import { installFakeWebSocket } from '../fakes/fakeWebSocket';
import type { FakeWebSocket } from '../fakes/fakeWebSocket';

let sockets: FakeWebSocket[];
let notifications: Notification[];
let closings: [number, string][];

beforeEach(() => {
  sockets = installFakeWebSocket();
  notifications = [];
  closings = [];
});

function start(): { socket: FakeWebSocket; opened: Promise<ProtooConnection> } {
  const opened = ProtooConnection.open('ws://host/ws', {
    onNotification: (notification) => notifications.push(notification),
    onClose: (code, reason) => closings.push([code, reason]),
  });
  const [socket] = sockets;
  if (socket === undefined) throw new Error('no socket was made');
  return { socket, opened };
}

async function connected(): Promise<{ socket: FakeWebSocket; connection: ProtooConnection }> {
  const { socket, opened } = start();
  socket.open();
  return { socket, connection: await opened };
}

describe('opening', () => {
  test('asks for the subprotocol', () => {
    expect(start().socket.protocols).toBe('protoo');
  });

  test('fails with DISCONNECTED when the server is out of reach', async () => {
    const { socket, opened } = start();
    socket.breakDown();
    await expect(opened).rejects.toMatchObject({ code: 'DISCONNECTED' });
    expect(closings).toEqual([]);
  });

  test('fails with TIMEOUT when nothing is heard, and closes the socket', async () => {
    vi.useFakeTimers();
    const { socket, opened } = start();
    const failed = expect(opened).rejects.toMatchObject({ code: 'TIMEOUT' });
    await vi.advanceTimersByTimeAsync(10_000);
    await failed;
    expect(socket.closedWith).toBeDefined();
  });
});

describe('requests', () => {
  test('are answered by id, in any order', async () => {
    const { socket, connection } = await connected();
    const first = connection.request('leaveRoom', {});
    const second = connection.request('setDisplayName', { displayName: 'Ana' });
    const [one, two] = socket.sent;
    expect(two).toEqual({
      request: true,
      id: two?.id,
      method: 'setDisplayName',
      data: { displayName: 'Ana' },
    });
    socket.receive({ response: true, id: two?.id, ok: true, data: { n: 2 } });
    socket.receive({ response: true, id: one?.id, ok: true, data: { n: 1 } });
    await expect(first).resolves.toEqual({ n: 1 });
    await expect(second).resolves.toEqual({ n: 2 });
  });

  test('are rejected with the server’s code', async () => {
    const { socket, connection } = await connected();
    const request = connection.request('leaveRoom', {});
    socket.receive({
      response: true,
      id: socket.sent[0]?.id,
      ok: false,
      errorCode: 'NOT_JOINED',
      errorReason: 'join first',
    });
    await expect(request).rejects.toMatchObject({
      code: 'NOT_JOINED',
      message: 'join first',
      method: 'leaveRoom',
    });
  });

  test('time out, and a late answer does no harm', async () => {
    vi.useFakeTimers();
    const { socket, connection } = await connected();
    const failed = expect(connection.request('leaveRoom', {})).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    await vi.advanceTimersByTimeAsync(20_000);
    await failed;
    socket.receive({ response: true, id: socket.sent[0]?.id, ok: true });
    expect(connection.closed).toBe(false);
  });

  test('under way end with DISCONNECTED when the socket breaks, and so do later ones', async () => {
    const { socket, connection } = await connected();
    const request = connection.request('leaveRoom', {});
    socket.breakDown(1006, 'gone');
    await expect(request).rejects.toMatchObject({ code: 'DISCONNECTED' });
    await expect(connection.request('leaveRoom', {})).rejects.toMatchObject({
      code: 'DISCONNECTED',
    });
    expect(closings).toEqual([[1006, 'gone']]);
  });
});

test('notifications are passed on in order; garbage between them is dropped', async () => {
  const { socket } = await connected();
  socket.notify('producerPaused', { producerId: 'a', participantId: 'p' });
  socket.receive('{"notification":true');
  socket.notify('unheardOf', {});
  socket.notify('producerResumed', { producerId: 'a', participantId: 'p' });
  expect(notifications.map((one) => one.method)).toEqual(['producerPaused', 'producerResumed']);
});

test('requests of the server are answered: a ping with success, others with UNSUPPORTED', async () => {
  const { socket } = await connected();
  socket.receive({ request: true, id: 3, method: 'ping', data: {} });
  socket.receive({ request: true, id: 4, method: 'dance', data: {} });
  expect(socket.sent).toMatchObject([
    { response: true, id: 3, ok: true },
    { response: true, id: 4, ok: false, errorCode: 'UNSUPPORTED' },
  ]);
});

test('closing is silent and final', async () => {
  const { socket, connection } = await connected();
  connection.close();
  socket.breakDown(1000);
  expect(socket.closedWith).toBe(1000);
  expect(connection.closed).toBe(true);
  expect(closings).toEqual([]);
});

test('abandoning tells at once that the connection is gone', async () => {
  const { connection } = await connected();
  connection.abandon('no media');
  expect(closings).toEqual([[1006, 'no media']]);
});

test('the address is on the page’s own host, and secure where the page is', () => {
  const http = new URL('http://127.0.0.1:8080/r/x') as unknown as Location;
  const https = new URL('https://meet.example/r/x') as unknown as Location;
  expect(signalingUrl(http, 'x', 'Ana & Co')).toBe(
    'ws://127.0.0.1:8080/ws?roomId=x&peerId=Ana+%26+Co',
  );
  expect(signalingUrl(https, 'x', 'a')).toBe('wss://meet.example/ws?roomId=x&peerId=a');
});
