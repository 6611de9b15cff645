import type { FakeHandler } from 'mediasoup-client/handlers/FakeHandler';
import { describe, expect, test, vi } from 'vitest';
import { PROTOCOL_VERSION } from '../../src/protocol/generated';
import { RENEWED_ICE_SERVERS, Refusal } from '../fakes/fakeServer';
import { prepareCall, settled, startCall } from '../fakes/startCall';

describe('joining', () => {
  test('loads the device, makes both transports and sends what is on', async () => {
    const { store, server } = await startCall();
    const state = store.getState();
    expect(state.phase).toBe('call');
    expect(state.isMediaSoupInitialized).toBe(true);
    expect(state.rtpCapabilities?.codecs?.length).toBeGreaterThan(0);
    expect(state.sendTransport?.direction).toBe('send');
    expect(state.recvTransport?.direction).toBe('recv');
    expect(state.audioProducer?.kind).toBe('audio');
    expect(state.videoProducer?.kind).toBe('video');
    expect(server.requests('joinRoom')).toEqual([
      { roomId: 'calm-otter', displayName: 'Maya', protocolVersion: PROTOCOL_VERSION },
    ]);
    expect(server.requests('produce')).toMatchObject([
      { kind: 'audio', source: 'microphone' },
      { kind: 'video', source: 'camera' },
    ]);
    expect([...state.participants.values()].map((one) => one.displayName)).toEqual(['Maya']);
  });

  test('works without any device, and says what is wrong with each', async () => {
    const { store, server } = await startCall(({ devices }) => {
      devices.audioError = devices.videoError = 'NotFoundError';
    });
    expect(store.getState()).toMatchObject({
      phase: 'call',
      audioProducer: null,
      videoProducer: null,
      isMicrophoneOn: false,
      isCameraOn: false,
      problems: { microphone: 'missing', camera: 'missing' },
    });
    expect(server.requests('produce')).toEqual([]);
  });

  test('needs a name', async () => {
    const { store, server } = prepareCall();
    await store.getState().join('   ');
    expect(store.getState().phase).toBe('prejoin');
    expect(server.sockets).toEqual([]);
  });

  test('comes back to the prejoin with the reason when the room is full', async () => {
    const { store, server } = prepareCall();
    server.handlers.joinRoom = () => {
      throw new Refusal('ROOM_FULL');
    };
    await store.getState().join('Maya');
    expect(store.getState()).toMatchObject({
      phase: 'prejoin',
      roomId: 'calm-otter',
      joinError: { code: 'ROOM_FULL' },
    });
    expect(server.socket.closedWith).toBeDefined();
  });

  test('names a server that is out of reach', async () => {
    const { store, server } = prepareCall();
    server.isReachable = false;
    await store.getState().join('Maya');
    expect(store.getState()).toMatchObject({
      phase: 'prejoin',
      joinError: { code: 'DISCONNECTED' },
    });
  });

  test('can be called off by going elsewhere', async () => {
    const { store, server } = prepareCall();
    const joining = store.getState().join('Maya');
    store.getState().enterRoom('other-room');
    await joining;
    await settled();
    expect(store.getState()).toMatchObject({
      phase: 'prejoin',
      roomId: 'other-room',
      joinError: null,
      isMediaSoupInitialized: false,
    });
    expect(server.socket.closedWith).toBeDefined();
  });
});

describe('what the others send', () => {
  test('that was there before is consumed with one request, and resumed after it was made', async () => {
    const { store, server } = await startCall(({ server }) => {
      server.addParticipant('ana', 'Ana');
      server.addProducer('mic', 'ana', 'microphone');
      server.addProducer('cam', 'ana', 'camera');
    });
    expect(server.requests('consume')).toMatchObject([{ producerId: ['mic', 'cam'] }]);
    expect(server.requests('resumeConsumer')).toHaveLength(2);
    const streams = store.getState().remoteStreams.get('ana');
    expect(streams?.microphone?.getAudioTracks()).toHaveLength(1);
    expect(streams?.camera?.getVideoTracks()).toHaveLength(1);
  });

  test('that comes later is consumed then, each producer once', async () => {
    const { store, server } = await startCall();
    server.addParticipant('ana', 'Ana');
    server.addProducer('mic', 'ana', 'microphone');
    server.addProducer('cam', 'ana', 'camera');
    await settled();
    const asked = server
      .requests('consume')
      .flatMap((data) => (data as { producerId: string[] }).producerId);
    expect(asked.sort()).toEqual(['cam', 'mic']);
    expect(Object.keys(store.getState().remoteStreams.get('ana') ?? {}).sort()).toEqual([
      'camera',
      'microphone',
    ]);
  });

  test('but cannot be had is left out without harm', async () => {
    const { store, server } = await startCall();
    server.addParticipant('ana', 'Ana');
    server.socket.notify('newProducer', {
      producerId: 'gone',
      participantId: 'ana',
      kind: 'video',
      source: 'camera',
      paused: false,
    });
    server.addProducer('mic', 'ana', 'microphone');
    await settled();
    expect(store.getState().remoteStreams.get('ana')?.microphone).toBeDefined();
    expect(store.getState().remoteStreams.get('ana')?.camera).toBeUndefined();
    expect(server.requests('consume')).toHaveLength(2);
  });

  test('and closes while it is being consumed leaves nothing behind', async () => {
    const { store, server } = await startCall();
    server.addParticipant('ana', 'Ana');
    server.addProducer('cam', 'ana', 'camera');
    server.socket.notify('producerClosed', {
      producerId: 'cam',
      participantId: 'ana',
      reason: 'closed',
    });
    await settled();
    expect(store.getState().producers.size).toBe(0);
    expect(store.getState().remoteStreams.get('ana')?.camera).toBeUndefined();
  });

  test('ends when they leave: tracks are closed, the tile is gone', async () => {
    const { store, server } = await startCall();
    server.addParticipant('ana', 'Ana');
    server.addProducer('cam', 'ana', 'camera');
    await settled();
    const track = store.getState().remoteStreams.get('ana')?.camera?.getVideoTracks()[0];
    expect(track?.readyState).toBe('live');
    server.socket.notify('participantLeft', { participantId: 'ana', reason: 'left' });
    expect(track?.readyState).toBe('ended');
    expect(store.getState().participants.has('ana')).toBe(false);
    expect(store.getState().remoteStreams.has('ana')).toBe(false);
    expect(store.getState().notices.at(-1)?.text).toBe('Ana left');
  });

  test('shows as paused and resumed', async () => {
    const { store, server } = await startCall();
    server.addParticipant('ana', 'Ana');
    server.addProducer('cam', 'ana', 'camera', true);
    await settled();
    expect(store.getState().producers.get('cam')?.paused).toBe(true);
    server.socket.notify('producerResumed', { producerId: 'cam', participantId: 'ana' });
    expect(store.getState().producers.get('cam')?.paused).toBe(false);
  });
});

describe('microphone and camera', () => {
  test('mute keeps the device open and tells the server; unmute too', async () => {
    const { store, server, devices } = await startCall();
    const { audioProducer, microphoneTrack } = store.getState();
    await store.getState().toggleMicrophone();
    expect(audioProducer?.paused).toBe(true);
    expect(microphoneTrack?.enabled).toBe(false);
    expect(microphoneTrack?.readyState).toBe('live');
    expect(server.requests('pauseProducer')).toEqual([{ producerId: audioProducer?.id }]);
    await store.getState().toggleMicrophone();
    expect(audioProducer?.paused).toBe(false);
    expect(microphoneTrack?.enabled).toBe(true);
    expect(server.requests('resumeProducer')).toEqual([{ producerId: audioProducer?.id }]);
    expect(devices.prompts).toEqual(['audio+video']);
  });

  test('camera off lets the light go out and keeps the producer; camera on opens it again', async () => {
    const { store, server } = await startCall();
    const { videoProducer, cameraTrack } = store.getState();
    await store.getState().toggleCamera();
    expect(cameraTrack?.readyState).toBe('ended');
    expect(videoProducer?.track).toBeNull();
    expect(server.requests('pauseProducer')).toEqual([{ producerId: videoProducer?.id }]);
    await store.getState().toggleCamera();
    expect(store.getState().videoProducer).toBe(videoProducer);
    expect(videoProducer?.track).toBe(store.getState().cameraTrack);
    expect(videoProducer?.track?.readyState).toBe('live');
    expect(server.requests('resumeProducer')).toEqual([{ producerId: videoProducer?.id }]);
    expect(server.requests('produce')).toHaveLength(2);
  });

  test('the last press wins, however fast they come', async () => {
    const { store, server } = await startCall();
    const { toggleMicrophone } = store.getState();
    await Promise.all([toggleMicrophone(), toggleMicrophone(), toggleMicrophone()]);
    await settled();
    expect(store.getState().isMicrophoneOn).toBe(false);
    expect(store.getState().audioProducer?.paused).toBe(true);
    const told = server.socket.sent.filter((frame) =>
      /^(pause|resume)Producer$/.test(frame.method ?? ''),
    );
    expect(told.at(-1)?.method).toBe('pauseProducer');
  });

  test('joined muted, the microphone is produced when it is first wanted', async () => {
    const { store, server } = await startCall(async ({ store }) => {
      await store.getState().openPreview();
      await store.getState().toggleMicrophone();
    });
    expect(store.getState().audioProducer).toBeNull();
    await store.getState().toggleMicrophone();
    expect(store.getState().audioProducer?.paused).toBe(false);
    expect(server.requests('produce').at(-1)).toMatchObject({ source: 'microphone' });
  });

  test('a device that is refused in a call leaves the switch off and says why', async () => {
    const { store, devices } = await startCall();
    await store.getState().stopProducing('camera');
    devices.videoError = 'NotReadableError';
    await store.getState().toggleCamera();
    expect(store.getState()).toMatchObject({ isCameraOn: false, problems: { camera: 'in-use' } });
    expect(store.getState().notices.at(-1)?.text).toContain('in use');
  });

  test('a camera that is pulled out turns off', async () => {
    const { store, devices } = await startCall();
    const track = devices.tracks.find((one) => one.kind === 'video');
    track?.remoteStop();
    await settled();
    expect(store.getState()).toMatchObject({ isCameraOn: false, cameraTrack: null });
    expect(store.getState().videoProducer?.paused).toBe(true);
  });

  test('another microphone takes the place of the first in the same producer', async () => {
    const { store, server } = await startCall();
    const { audioProducer, microphoneTrack } = store.getState();
    await store.getState().chooseDevice('microphone', 'mic-2');
    expect(microphoneTrack?.readyState).toBe('ended');
    expect(store.getState().audioProducer).toBe(audioProducer);
    expect(audioProducer?.track).toBe(store.getState().microphoneTrack);
    expect(audioProducer?.track?.readyState).toBe('live');
    expect(server.requests('produce')).toHaveLength(2);
  });
});

describe('screen', () => {
  test('takes the camera’s place, with its sound, and gives it back', async () => {
    const { store, server } = await startCall(({ devices }) => {
      devices.hasScreenSound = true;
    });
    const { videoProducer, cameraTrack } = store.getState();
    await store.getState().toggleScreen();
    expect(store.getState().screenProducer?.kind).toBe('video');
    expect(server.requests('produce').slice(2)).toMatchObject([
      { kind: 'video', source: 'screen' },
      { kind: 'audio', source: 'screenAudio' },
    ]);
    // The server pauses the camera by itself; the page only stops sending.
    expect(videoProducer?.track).toBeNull();
    expect(server.requests('pauseProducer')).toEqual([]);
    const { screenProducer, screenAudioProducer, screenTrack } = store.getState();
    await store.getState().toggleScreen();
    expect(server.requests('closeProducer')).toEqual([
      { producerId: screenProducer?.id },
      { producerId: screenAudioProducer?.id },
    ]);
    expect(screenTrack?.readyState).toBe('ended');
    expect(store.getState()).toMatchObject({
      screenProducer: null,
      screenAudioProducer: null,
      screenTrack: null,
    });
    expect(videoProducer?.track).toBe(cameraTrack);
  });

  test('ends with the browser’s own button too', async () => {
    const { store, devices, server } = await startCall();
    await store.getState().toggleScreen();
    devices.tracks.at(-1)?.remoteStop();
    await settled();
    expect(store.getState().isScreenOn).toBe(false);
    expect(server.requests('closeProducer')).toHaveLength(1);
  });

  test('is not shared when the chooser was closed', async () => {
    const { store, devices } = await startCall();
    devices.screenError = 'NotAllowedError';
    await store.getState().toggleScreen();
    expect(store.getState()).toMatchObject({ isScreenOn: false, screenProducer: null });
    expect(store.getState().notices).toEqual([]);
  });

  test('a camera turned off during the share stays off after it', async () => {
    const { store, server } = await startCall();
    const { videoProducer } = store.getState();
    await store.getState().toggleScreen();
    await store.getState().toggleCamera();
    expect(server.requests('pauseProducer')).toEqual([{ producerId: videoProducer?.id }]);
    await store.getState().toggleScreen();
    expect(store.getState().isCameraOn).toBe(false);
    expect(videoProducer?.paused).toBe(true);
    expect(server.requests('resumeProducer')).toEqual([]);
  });
});

describe('leaving', () => {
  test('says so, closes everything and lets the devices go', async () => {
    const { store, server, devices } = await startCall();
    await store.getState().toggleScreen();
    const { sendTransport, recvTransport } = store.getState();
    store.getState().leave();
    await settled();
    expect(server.requests('leaveRoom')).toHaveLength(1);
    expect(server.socket.closedWith).toBe(1000);
    expect(sendTransport?.closed).toBe(true);
    expect(recvTransport?.closed).toBe(true);
    expect(devices.tracks.every((track) => track.readyState === 'ended')).toBe(true);
    expect(store.getState()).toMatchObject({
      phase: 'ended',
      ended: { code: 'left' },
      isMediaSoupInitialized: false,
      audioProducer: null,
      sendTransport: null,
    });
  });

  test('is final when the server says so, with its reason', async () => {
    const { store, server } = await startCall();
    server.socket.breakDown(4000, 'roomEnded');
    await settled();
    expect(store.getState()).toMatchObject({ phase: 'ended', ended: { code: 'roomEnded' } });
    expect(server.sockets).toHaveLength(1);
  });
});

test('media that stops flowing restarts ICE with the server’s new credentials', async () => {
  const { store, server } = await startCall();
  const { sendTransport } = store.getState();
  const handler = sendTransport?.handler as unknown as FakeHandler;
  const renewed = vi.spyOn(handler, 'updateIceServers');
  const restarted = vi.spyOn(handler, 'restartIce');
  handler.setConnectionState('failed');
  await settled();
  expect(renewed).toHaveBeenCalledExactlyOnceWith(RENEWED_ICE_SERVERS);
  expect(renewed).toHaveBeenCalledBefore(restarted);
  expect(server.requests('restartIce')).toEqual([{ transportId: sendTransport?.id }]);
  expect(store.getState().isMediaInterrupted).toBe(true);
  handler.setConnectionState('connected');
  expect(store.getState().isMediaInterrupted).toBe(false);
});

test('ICE restarts even where a browser cannot change its ICE servers', async () => {
  const { store } = await startCall();
  const handler = store.getState().sendTransport?.handler as unknown as FakeHandler;
  vi.spyOn(handler, 'updateIceServers').mockRejectedValue(new Error('not implemented'));
  const restarted = vi.spyOn(handler, 'restartIce');
  handler.setConnectionState('failed');
  await settled();
  expect(restarted).toHaveBeenCalledOnce();
});
