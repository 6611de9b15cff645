import * as fakeParameters from 'mediasoup-client/fakeParameters';
import { FakeHandler } from 'mediasoup-client/handlers/FakeHandler';
import { vi } from 'vitest';
import { createVideoCallStore } from '../../src/store/videoCallStore';
import type { VideoCallStore } from '../../src/store/videoCallStore';
import { FakeDevices } from './fakeDevices';
import { FakeServer } from './fakeServer';

export interface Call {
  store: VideoCallStore;
  server: FakeServer;
  devices: FakeDevices;
}

/** A store in a room's prejoin, with a fake server and devices, and mediasoup's own Device on its fake handler. */
export function prepareCall(roomId = 'calm-otter'): Call {
  const devices = new FakeDevices().install();
  const server = new FakeServer();
  const store = createVideoCallStore({
    deviceOptions: {
      handlerFactory: FakeHandler.createFactory(fakeParameters),
    },
    random: () => 1,
  });
  store.getState().enterRoom(roomId);
  return { store, server, devices };
}

/** The same, joined, with microphone and camera flowing. */
export async function startCall(
  prepare: (call: Call) => void | Promise<void> = () => undefined,
): Promise<Call> {
  const call = prepareCall();
  await prepare(call);
  await call.store.getState().openPreview();
  await call.store.getState().join('Maya');
  await settled();
  return call;
}

/** Until all that was started has come to rest, real or fake timers alike. */
export async function settled(): Promise<void> {
  if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(0);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediateReal);
}

const setImmediateReal = setImmediate;
