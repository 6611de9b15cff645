import { FakeMediaStreamTrack } from 'fake-mediastreamtrack';
import { vi } from 'vitest';

/** Microphone, camera and screen of a fake machine. Errors are set by name, as browsers name them. */
export class FakeDevices extends EventTarget {
  audioError: string | null = null;
  videoError: string | null = null;
  screenError: string | null = null;
  hasScreenSound = false;
  permissions: Record<string, PermissionState> = {};
  /** What was asked for, in order: 'audio', 'video' or 'audio+video'. */
  readonly prompts: string[] = [];
  readonly tracks: FakeMediaStreamTrack[] = [];

  install(): this {
    vi.stubGlobal('navigator', {
      mediaDevices: this,
      permissions: {
        query: ({ name }: { name: string }) =>
          Promise.resolve(
            Object.assign(new EventTarget(), { state: this.permissions[name] ?? 'prompt' }),
          ),
      },
    });
    return this;
  }

  getUserMedia = (wish: MediaStreamConstraints): Promise<MediaStream> => {
    const kinds = (['audio', 'video'] as const).filter((kind) => wish[kind] !== undefined);
    this.prompts.push(kinds.join('+'));
    for (const kind of kinds) {
      const name = kind === 'audio' ? this.audioError : this.videoError;
      if (name !== null) return Promise.reject(named(name));
    }
    return Promise.resolve(new MediaStream(kinds.map((kind) => this.#track(kind))));
  };

  getDisplayMedia = (): Promise<MediaStream> => {
    this.prompts.push('screen');
    if (this.screenError !== null) return Promise.reject(named(this.screenError));
    const tracks = [this.#track('video')];
    if (this.hasScreenSound) tracks.push(this.#track('audio'));
    return Promise.resolve(new MediaStream(tracks));
  };

  enumerateDevices = (): Promise<MediaDeviceInfo[]> =>
    Promise.resolve([
      { kind: 'audioinput', deviceId: 'mic-1', label: 'Desk microphone', groupId: '' },
      { kind: 'videoinput', deviceId: 'cam-1', label: '', groupId: '' },
    ] as MediaDeviceInfo[]);

  #track(kind: 'audio' | 'video'): MediaStreamTrack {
    const track = new FakeMediaStreamTrack({ kind });
    this.tracks.push(track);
    return track;
  }
}

function named(name: string): DOMException {
  return new DOMException('for a test', name);
}
