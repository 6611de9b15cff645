import { createStore } from 'zustand/vanilla';
import type { StoreApi } from 'zustand/vanilla';
import { loadPreferences } from '../services/preferences';
import { initialDevices, noMedia, noSession } from './callState';
import type { VideoCallState } from './callState';
import { createChatActions } from './chatActions';
import { createDeviceActions, LocalDevices } from './deviceActions';
import { createMediaActions } from './mediaActions';
import { createProducingActions } from './producingActions';
import { createRoomActions } from './roomActions';
import { Runtime } from './runtime';
import type { StoreOptions } from './runtime';
import { createSessionActions } from './sessionActions';

export type VideoCallStore = StoreApi<VideoCallState>;

/** The page's one store: a call's state and the actions on it. It knows nothing of React. */
export function createVideoCallStore(options: StoreOptions = {}): VideoCallStore {
  return createStore<VideoCallState>()((_set, _get, api) => {
    const runtime = new Runtime(api, options);
    const local = new LocalDevices(runtime);
    const preferences = loadPreferences();
    return {
      ...noSession,
      ...noMedia,
      ...initialDevices(preferences),
      displayName: preferences.displayName,
      ...createSessionActions(runtime, local),
      ...createMediaActions(runtime),
      ...createProducingActions(runtime, local),
      ...createDeviceActions(runtime, local),
      ...createChatActions(runtime),
      ...createRoomActions(runtime),
    };
  });
}
