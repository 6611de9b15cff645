import { coalesced } from '../services/coalesced';
import { listDevices, openDevice, openDevices } from '../services/deviceService';
import type { DeviceKind, TrackResult } from '../services/deviceService';
import { savePreferences } from '../services/preferences';
import type { Actions } from './callState';
import type { Runtime } from './runtime';

type DeviceActions = Pick<
  Actions,
  | 'openPreview'
  | 'refreshDevices'
  | 'toggleMicrophone'
  | 'toggleCamera'
  | 'toggleScreen'
  | 'chooseDevice'
>;

/** The microphone and the camera as open tracks. */
export class LocalDevices {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Opens the device unless it is open. What is wrong with it is in `problems` afterwards. */
  async ensure(kind: DeviceKind): Promise<void> {
    const state = this.#runtime.get();
    if (this.#isOpen(kind) || state.phase === 'ended' || state.roomId === '') return;
    this.#runtime.set({ isOpeningDevices: true });
    const deviceId = kind === 'microphone' ? state.microphoneId : state.cameraId;
    this.#take(kind, await openDevice(kind, deviceId));
    this.#runtime.set({ isOpeningDevices: false });
  }

  /** Opens what is wanted, or was wanted and failed, with one prompt for both. */
  async ensureWanted(): Promise<void> {
    const { get, set } = this.#runtime;
    const state = get();
    const wanted = (['microphone', 'camera'] as const).filter(
      (kind) =>
        !this.#isOpen(kind) &&
        (state.problems[kind] !== null ||
          (kind === 'microphone' ? state.isMicrophoneOn : state.isCameraOn)),
    );
    const [first] = wanted;
    if (first === undefined) return;
    set({ isOpeningDevices: true });
    if (wanted.length === 2) {
      const both = await openDevices(state.microphoneId, state.cameraId);
      this.#take('microphone', both.microphone);
      this.#take('camera', both.camera);
    } else {
      const id = first === 'microphone' ? state.microphoneId : state.cameraId;
      this.#take(first, await openDevice(first, id));
    }
    set({ isOpeningDevices: false });
  }

  /** Closes the device; its light goes out. */
  release(kind: DeviceKind): void {
    const { microphoneTrack, cameraTrack } = this.#runtime.get();
    (kind === 'microphone' ? microphoneTrack : cameraTrack)?.stop();
    this.#runtime.set(kind === 'microphone' ? { microphoneTrack: null } : { cameraTrack: null });
  }

  #isOpen(kind: DeviceKind): boolean {
    const { microphoneTrack, cameraTrack } = this.#runtime.get();
    return (kind === 'microphone' ? microphoneTrack : cameraTrack)?.readyState === 'live';
  }

  #take(kind: DeviceKind, result: TrackResult): void {
    const { get, set } = this.#runtime;
    if ('problem' in result) {
      set({ problems: { ...get().problems, [kind]: result.problem } });
      set(
        kind === 'microphone'
          ? { isMicrophoneOn: false, microphoneTrack: null }
          : { isCameraOn: false, cameraTrack: null },
      );
      return;
    }
    const { track } = result;
    if (get().phase === 'ended' || get().roomId === '') {
      track.stop();
      return;
    }
    track.addEventListener('ended', () => this.#lost(kind, track));
    set({ problems: { ...get().problems, [kind]: null } });
    set(
      kind === 'microphone'
        ? { isMicrophoneOn: true, microphoneTrack: track }
        : { isCameraOn: true, cameraTrack: track },
    );
  }

  /** Unplugged, or its permission taken back. */
  #lost(kind: DeviceKind, track: MediaStreamTrack): void {
    const { get } = this.#runtime;
    const current = kind === 'microphone' ? get().microphoneTrack : get().cameraTrack;
    if (current !== track) return;
    this.#runtime.notify('warning', `Your ${kind} is gone. Choose another in the settings.`);
    void get().stopProducing(kind);
  }
}

/** What the user does with devices, before a call and in it. */
export function createDeviceActions(runtime: Runtime, local: LocalDevices): DeviceActions {
  const { get, set } = runtime;

  const refresh = coalesced(async () => {
    set({ devices: await listDevices() });
  });

  const openWanted = coalesced(async () => {
    await local.ensureWanted();
    await refresh();
  });

  const problemTexts = {
    denied: 'is blocked for this page',
    'denied-by-system': 'is blocked by your system',
    missing: 'was not found',
    'in-use': 'is in use by another program',
    insecure: 'needs a secure (https) page',
    failed: 'could not be started',
  };

  const toggle = async (kind: DeviceKind): Promise<void> => {
    const isOn = kind === 'microphone' ? get().isMicrophoneOn : get().isCameraOn;
    if (isOn) await get().stopProducing(kind);
    else await get().startProducing(kind);
    // A device that fails later on is still wanted the next time.
    savePreferences(
      kind === 'microphone' ? { isMicrophoneWanted: !isOn } : { isCameraWanted: !isOn },
    );
    const problem = get().problems[kind];
    if (!isOn && problem !== null && get().phase === 'call') {
      runtime.notify('warning', `Your ${kind} ${problemTexts[problem]}.`);
    }
    if (!isOn) await refresh();
  };

  return {
    openPreview: () => openWanted(),
    refreshDevices: () => refresh(),
    toggleMicrophone: () => toggle('microphone'),
    toggleCamera: () => toggle('camera'),

    toggleScreen: () =>
      get().isScreenOn ? get().stopProducing('screen') : get().startProducing('screen'),

    chooseDevice: async (kind, deviceId) => {
      switch (kind) {
        case 'speaker':
          set({ speakerId: deviceId });
          savePreferences({ speakerId: deviceId });
          return;
        case 'microphone':
          set({ microphoneId: deviceId });
          savePreferences({ microphoneId: deviceId });
          break;
        case 'camera':
          set({ cameraId: deviceId });
          savePreferences({ cameraId: deviceId });
          break;
      }
      const isOn = kind === 'microphone' ? get().isMicrophoneOn : get().isCameraOn;
      // Released first: some devices cannot be opened twice.
      local.release(kind);
      if (isOn || get().problems[kind] !== null) await get().startProducing(kind);
    },
  };
}
