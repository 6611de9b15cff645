import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { participant, Refusal } from '../fakes/fakeServer';
import { prepareCall, settled, startCall } from '../fakes/startCall';
import type { Call } from '../fakes/startCall';

let call: Call;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => call.store.getState().enterRoom(''));

const rights = { audio: true, video: true, screen: true, chat: true };

function updateMe(change: object): void {
  const { store, server } = call;
  const me = store.getState().participantId ?? '';
  server.socket.notify('participantUpdated', { ...participant(me, 'Maya'), ...change });
}

describe('chat', () => {
  test('has its history, and each message once', async () => {
    call = await startCall(({ server }) => void server.write('ana', 'Ana', 'early'));
    const { store, server } = call;
    await store.getState().sendMessage('  hello  ');
    server.socket.notify('message', server.messages[1]);
    expect(store.getState().messages.map((one) => one.text)).toEqual(['early', 'hello']);
    expect(store.getState()).toMatchObject({ pendingMessages: [], unread: 0 });
    await store.getState().sendMessage('   ');
    expect(server.requests('sendMessage')).toHaveLength(1);
  });

  test('counts what was not seen, until it is opened', async () => {
    call = await startCall();
    const { store, server } = call;
    server.addParticipant('ana', 'Ana');
    server.socket.notify('message', server.write('ana', 'Ana', 'one'));
    server.socket.notify('message', server.write('ana', 'Ana', 'two'));
    expect(store.getState().unread).toBe(2);
    expect(store.getState().notices.at(-1)?.text).toBe('Ana: two');
    store.getState().openPanel('chat');
    server.socket.notify('message', server.write('ana', 'Ana', 'three'));
    expect(store.getState().unread).toBe(0);
  });

  test('what was written while the connection was broken is sent once, in order', async () => {
    call = await startCall(({ server }) => void (server.keepsSessions = true));
    const { store, server } = call;
    const { sendMessage } = server.handlers;
    server.handlers.sendMessage = (data, fake) => {
      const answer = sendMessage?.(data, fake);
      server.socket.breakDown(); // it arrives; its answer does not
      return answer;
    };
    void store.getState().sendMessage('first');
    await settled();
    if (sendMessage !== undefined) server.handlers.sendMessage = sendMessage;
    void store.getState().sendMessage('second');
    await settled();
    expect(store.getState().pendingMessages.map((one) => one.text)).toEqual(['first', 'second']);
    await vi.advanceTimersByTimeAsync(300);
    await settled();
    expect(server.messages.map((one) => one.text)).toEqual(['first', 'second']);
    expect(store.getState().messages.map((one) => one.text)).toEqual(['first', 'second']);
    expect(store.getState().pendingMessages).toEqual([]);
  });

  test('says why a message was refused, and goes on with the next', async () => {
    call = await startCall();
    const { store, server } = call;
    const { sendMessage } = server.handlers;
    server.handlers.sendMessage = () => {
      throw new Refusal('RATE_LIMITED');
    };
    await store.getState().sendMessage('too quick');
    const [refused] = store.getState().pendingMessages;
    expect(refused?.refusal).toContain('too often');
    if (sendMessage !== undefined) server.handlers.sendMessage = sendMessage;
    await store.getState().sendMessage('slower');
    expect(store.getState().messages.map((one) => one.text)).toEqual(['slower']);
    store.getState().dropMessage(refused?.clientMessageId ?? '');
    expect(store.getState().pendingMessages).toEqual([]);
  });

  test('older messages come page by page', async () => {
    call = await startCall(({ server }) => {
      for (let number = 0; number < 50; number++) server.write('ana', 'Ana', `text ${number}`);
    });
    const { store, server } = call;
    expect(store.getState().hasOlderMessages).toBe(true);
    server.handlers.getMessages = () => ({
      messages: [{ ...server.messages[0], messageId: 'm000', text: 'oldest' }],
    });
    await store.getState().loadOlderMessages();
    expect(server.requests('getMessages')).toEqual([{ before: 'm001', limit: 50 }]);
    expect(store.getState().messages[0]?.text).toBe('oldest');
    expect(store.getState().hasOlderMessages).toBe(false);
  });
});

describe('lobby and door', () => {
  test('who knocks waits, and comes in when a host opens', async () => {
    call = prepareCall();
    const { store, server } = call;
    await store.getState().openPreview();
    server.handlers.joinRoom = () => ({ roomId: 'calm-otter', lobby: true, knockId: 'k1' });
    await store.getState().join('Maya');
    expect(store.getState()).toMatchObject({ phase: 'lobby', participantId: null });
    expect(server.requests('produce')).toEqual([]);
    server.socket.notify('roomJoined', server.joinResult('calm-otter'));
    await settled();
    expect(store.getState().phase).toBe('call');
    expect(server.requests('produce')).toHaveLength(2);
  });

  test.each([
    ['removed', 'LOBBY_REJECTED'],
    ['roomEnded', 'LOBBY_CLOSED'],
  ])('a knock that ends with %s leads back to the door', async (reason, code) => {
    call = prepareCall();
    const { store, server } = call;
    server.handlers.joinRoom = () => ({ roomId: 'calm-otter', lobby: true, knockId: 'k1' });
    await store.getState().join('Maya');
    server.socket.notify('lobbyRejected', { roomId: 'calm-otter', reason });
    expect(store.getState()).toMatchObject({ phase: 'prejoin', joinError: { code } });
  });

  test('giving up tells the server; a socket that breaks knocks again', async () => {
    call = prepareCall();
    const { store, server } = call;
    server.handlers.joinRoom = () => ({ roomId: 'calm-otter', lobby: true, knockId: 'k1' });
    await store.getState().join('Maya');
    server.socket.breakDown();
    await vi.advanceTimersByTimeAsync(300);
    await settled();
    expect(server.requests('joinRoom')).toHaveLength(1);
    expect(store.getState()).toMatchObject({ phase: 'lobby', reconnect: null });
    store.getState().leave();
    expect(server.requests('leaveRoom')).toHaveLength(1);
    expect(store.getState()).toMatchObject({ phase: 'prejoin', joinError: null });
  });

  test('a password is asked for, sent, and kept for coming back', async () => {
    call = prepareCall();
    const { store, server } = call;
    const { joinRoom } = server.handlers;
    server.handlers.joinRoom = ({ password }: { password?: string }, fake) => {
      if (password === undefined) throw new Refusal('PASSWORD_REQUIRED');
      if (password !== 'otters') throw new Refusal('PASSWORD_WRONG');
      return joinRoom?.({ roomId: 'calm-otter' } as never, fake);
    };
    await store.getState().join('Maya');
    expect(store.getState()).toMatchObject({ phase: 'prejoin', isPasswordWanted: true });
    await store.getState().join('Maya', 'badgers');
    expect(store.getState().joinError?.code).toBe('PASSWORD_WRONG');
    await store.getState().join('Maya', 'otters');
    await settled();
    expect(store.getState().phase).toBe('call');
    server.socket.breakDown();
    await vi.advanceTimersByTimeAsync(300);
    await settled();
    expect(server.requests('joinRoom')).toMatchObject([{ password: 'otters' }]);
    expect(store.getState()).toMatchObject({ phase: 'call', reconnect: null });
  });

  test('hosts hear of knocks and of their end', async () => {
    call = await startCall();
    const { store, server } = call;
    server.socket.notify('lobbyKnock', { knockId: 'k1', displayName: 'Cy' });
    expect(store.getState().knocks).toEqual([{ knockId: 'k1', displayName: 'Cy' }]);
    await store.getState().admit('k1');
    expect(server.requests('admit')).toEqual([{ knockId: 'k1' }]);
    server.socket.notify('lobbyKnockEnded', { knockId: 'k1', outcome: 'admitted' });
    expect(store.getState().knocks).toEqual([]);
  });
});

describe('rights', () => {
  test('a viewer joins without sending anything, and devices go off', async () => {
    call = await startCall(({ server }) => {
      server.joinAnswer.role = 'viewer';
      server.joinAnswer.permissions = { audio: false, video: false, screen: false, chat: false };
    });
    const { store, server, devices } = call;
    expect(server.requests('produce')).toEqual([]);
    expect(devices.tracks.every((track) => track.readyState === 'ended')).toBe(true);
    await store.getState().toggleMicrophone();
    await store.getState().toggleScreen();
    expect(store.getState()).toMatchObject({ isMicrophoneOn: false, isScreenOn: false });
    updateMe({ role: 'participant', permissions: rights });
    await store.getState().toggleMicrophone();
    expect(server.requests('produce')).toMatchObject([{ source: 'microphone' }]);
  });

  test('a permission that is taken closes what it covers, and nothing is sent anew', async () => {
    call = await startCall();
    const { store, server } = call;
    const { audioProducer, participantId, microphoneTrack } = store.getState();
    server.socket.notify('producerClosed', {
      producerId: audioProducer?.id,
      participantId,
      reason: 'removed',
    });
    updateMe({ permissions: { ...rights, audio: false } });
    await settled();
    expect(audioProducer?.closed).toBe(true);
    expect(microphoneTrack?.readyState).toBe('ended');
    expect(store.getState()).toMatchObject({ audioProducer: null, isMicrophoneOn: false });
    expect(store.getState().notices.at(-1)?.text).toContain('does not let you speak');
    expect(server.requests('produce')).toHaveLength(2);
  });

  test('who is made a viewer in a call stops sending, without complaints', async () => {
    call = await startCall();
    const { store, server } = call;
    const { audioProducer, videoProducer, participantId } = store.getState();
    const gone = (): never => {
      throw new Refusal('NOT_FOUND');
    };
    Object.assign(server.handlers, { pauseProducer: gone, closeProducer: gone });
    await store.getState().toggleScreen();
    const { screenProducer } = store.getState();
    updateMe({
      role: 'viewer',
      permissions: { audio: false, video: false, screen: false, chat: false },
    });
    for (const producer of [audioProducer, videoProducer, screenProducer]) {
      server.socket.notify('producerClosed', {
        producerId: producer?.id,
        participantId,
        reason: 'removed',
      });
    }
    await settled();
    expect(store.getState()).toMatchObject({
      audioProducer: null,
      videoProducer: null,
      screenProducer: null,
      cameraTrack: null,
      microphoneTrack: null,
      screenTrack: null,
    });
    const warnings = store.getState().notices.filter((one) => one.tone === 'warning');
    expect(warnings.map((one) => one.text).filter((text) => !text.startsWith('A host'))).toEqual(
      [],
    );
  });

  test('a host who mutes is heeded; unmuting is up to the user', async () => {
    call = await startCall();
    const { store, server } = call;
    const { audioProducer, participantId } = store.getState();
    const data = { producerId: audioProducer?.id, participantId, by: 'host' };
    server.socket.notify('producerPaused', data);
    await settled();
    expect(store.getState().isMicrophoneOn).toBe(false);
    expect(audioProducer?.paused).toBe(true);
    expect(store.getState().notices.at(-1)?.text).toBe('A host muted you');
    await store.getState().toggleMicrophone();
    expect(server.requests('resumeProducer')).toHaveLength(1);
  });

  test('a role that changes is announced; a refusal too', async () => {
    call = await startCall();
    const { store, server } = call;
    updateMe({ role: 'host' });
    expect(store.getState().notices.at(-1)?.text).toContain('You are a host');
    server.handlers.setRole = () => {
      throw new Refusal('FORBIDDEN');
    };
    expect(await store.getState().setRole('ana', 'host')).toBe(false);
    expect(store.getState().notices.at(-1)?.text).toBe('You may not do that here.');
  });

  test('the room’s settings follow the server', async () => {
    call = await startCall();
    const { store, server } = call;
    server.socket.notify('roomUpdated', { ...server.joinAnswer.room, locked: true });
    expect(store.getState().room?.locked).toBe(true);
  });

  test.each(['removed', 'roomEnded'])('%s ends the call with that reason', async (method) => {
    call = await startCall();
    const { store, server } = call;
    server.socket.notify(method, { reason: method });
    expect(store.getState()).toMatchObject({ phase: 'ended', ended: { code: method } });
    server.socket.breakDown(4000, method);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.sockets).toHaveLength(1);
  });
});

test('a hand is raised for everybody, and a reaction goes by', async () => {
  call = await startCall(({ server }) => server.addParticipant('ana', 'Ana'));
  const { store, server } = call;
  await store.getState().raiseHand(true);
  const me = store.getState().participantId ?? '';
  expect(store.getState().participants.get(me)?.handRaised).toBe(true);
  server.socket.notify('participantUpdated', { ...participant('ana', 'Ana'), handRaised: true });
  expect(store.getState().notices.at(-1)?.text).toBe('Ana raised a hand');
  server.socket.notify('reaction', { participantId: 'ana', emoji: '🎉' });
  expect(store.getState().reactions).toMatchObject([{ participantId: 'ana', emoji: '🎉' }]);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(store.getState().reactions).toEqual([]);
});
