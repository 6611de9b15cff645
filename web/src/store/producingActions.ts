import type { Producer } from 'mediasoup-client/types';
import { coalesced } from '../services/coalesced';
import { openScreen } from '../services/deviceService';
import { RequestError } from '../protocol/errors';
import type { Source } from '../protocol/messages';
import type { Actions } from './callState';
import type { LocalDevices } from './deviceActions';
import { maySend } from './rights';
import type { Runtime } from './runtime';

type ProducingActions = Pick<Actions, 'startProducing' | 'stopProducing' | 'syncProducing'>;

/**
 * What this participant sends. The actions write down what the user wants; the sync functions then
 * bring device, producer and server into line with it, one step at a time.
 */
export function createProducingActions(runtime: Runtime, local: LocalDevices): ProducingActions {
  const { get, set } = runtime;
  /** The second track of a share; its producer's track is the screen's sound. */
  let screenAudioTrack: MediaStreamTrack | null = null;

  /** Produces, unless the session ended while the server was answering. */
  const produce = async (track: MediaStreamTrack, source: Source): Promise<Producer | null> => {
    const { media } = runtime;
    if (media === null || get().sendTransport === null) return null;
    const producer = await media.produce(track, source);
    return runtime.media === media ? producer : null;
  };

  const pause = async (producer: Producer): Promise<void> => {
    if (producer.closed || (producer.paused && !runtime.untold.has(producer.id))) return;
    producer.pause();
    await tell('pauseProducer', producer);
  };

  const resume = async (producer: Producer): Promise<void> => {
    if (producer.closed || (!producer.paused && !runtime.untold.has(producer.id))) return;
    producer.resume();
    await tell('resumeProducer', producer);
  };

  const tell = async (
    method: 'pauseProducer' | 'resumeProducer',
    producer: Producer,
  ): Promise<void> => {
    runtime.untold.add(producer.id);
    await unlessGone(runtime.request(method, { producerId: producer.id }));
    runtime.untold.delete(producer.id);
  };

  const close = async (producer: Producer | null): Promise<void> => {
    if (producer === null || producer.closed) return;
    producer.close();
    await unlessGone(runtime.request('closeProducer', { producerId: producer.id }));
  };

  const syncMicrophone = coalesced(async () => {
    if (!maySend(get(), 'microphone')) local.release('microphone');
    else if (get().isMicrophoneOn) await local.ensure('microphone');
    const { isMicrophoneOn, microphoneTrack: track, audioProducer: producer } = get();
    // The track stays open while muted, so that unmuting is instant.
    if (track !== null) track.enabled = isMicrophoneOn;
    if (!isMicrophoneOn || track === null) {
      if (producer !== null) await pause(producer);
    } else if (producer === null) {
      set({ audioProducer: await produce(track, 'microphone') });
    } else {
      if (producer.track !== track) await producer.replaceTrack({ track });
      await resume(producer);
    }
  });

  const syncCamera = coalesced(async () => {
    if (get().isCameraOn) await local.ensure('camera');
    else local.release('camera');
    const { isCameraOn, isScreenOn, cameraTrack: track, videoProducer: producer } = get();
    if (!isCameraOn || track === null) {
      if (producer === null || producer.closed) return;
      await Promise.all([producer.replaceTrack({ track: null }), pause(producer)]);
    } else if (producer === null) {
      // During a share the camera has no place to be seen: it starts when the share ends.
      if (!isScreenOn) set({ videoProducer: await produce(track, 'camera') });
    } else {
      // The server paused the camera for the share and resumes it afterwards by itself; here it is
      // enough to send nothing meanwhile.
      const sent = isScreenOn ? null : track;
      if (producer.track !== sent) await producer.replaceTrack({ track: sent });
      await resume(producer);
    }
  });

  const syncScreen = coalesced(async () => {
    const { isScreenOn, screenTrack: track } = get();
    if (isScreenOn && track !== null) {
      if (get().screenProducer === null) set({ screenProducer: await produce(track, 'screen') });
      if (screenAudioTrack !== null && get().screenAudioProducer === null) {
        set({ screenAudioProducer: await produce(screenAudioTrack, 'screenAudio') });
      }
      await syncCamera();
      return;
    }
    const { screenProducer, screenAudioProducer } = get();
    set({ screenProducer: null, screenAudioProducer: null, screenTrack: null });
    track?.stop();
    screenAudioTrack?.stop();
    screenAudioTrack = null;
    // The camera's frames flow again before the server lets them through: no black gap.
    await Promise.all([syncCamera(), close(screenProducer), close(screenAudioProducer)]);
  });

  const sync = { microphone: syncMicrophone, camera: syncCamera, screen: syncScreen };

  const startScreen = async (): Promise<void> => {
    if (!get().isScreenOn) {
      if (!maySend(get(), 'screen')) return;
      const screen = await openScreen();
      if (screen === null) return;
      if (get().phase !== 'call') {
        screen.video.stop();
        screen.audio?.stop();
        return;
      }
      screenAudioTrack = screen.audio;
      // The browser's own "stop sharing" button.
      screen.video.addEventListener('ended', () => void get().stopProducing('screen'));
      set({ isScreenOn: true, screenTrack: screen.video });
    }
    await syncScreen();
  };

  const failures = {
    microphone: 'The microphone could not be started',
    camera: 'The camera could not be started',
    screen: 'The screen could not be shared',
  };

  return {
    startProducing: async (source) => {
      try {
        if (source === 'screen') {
          await startScreen();
          return;
        }
        if (!maySend(get(), source)) return;
        set(source === 'microphone' ? { isMicrophoneOn: true } : { isCameraOn: true });
        await sync[source]();
      } catch (error) {
        runtime.report(failures[source], error);
      }
    },

    syncProducing: async () => {
      // A screen brings the camera along.
      for (const source of ['microphone', 'screen'] as const) {
        try {
          await sync[source]();
        } catch (error) {
          runtime.report(failures[source], error);
        }
      }
    },

    stopProducing: async (source) => {
      const off = {
        microphone: { isMicrophoneOn: false },
        camera: { isCameraOn: false },
        screen: { isScreenOn: false },
      };
      set(off[source]);
      try {
        await sync[source]();
      } catch (error) {
        runtime.report(`The ${source} could not be stopped properly`, error);
      }
    },
  };
}

/** What the server closed by itself, a host's doing, it announces by itself too. */
async function unlessGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof RequestError && error.code === 'NOT_FOUND')) throw error;
  }
}
