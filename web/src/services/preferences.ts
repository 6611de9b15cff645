import { tidyDisplayName } from '../protocol/names';

/** What the page remembers between visits, on this device only. */
export interface Preferences {
  displayName: string;
  microphoneId: string;
  cameraId: string;
  speakerId: string;
  isMicrophoneWanted: boolean;
  isCameraWanted: boolean;
}

const KEY = 'videocall.preferences';

const defaults: Preferences = {
  displayName: '',
  microphoneId: '',
  cameraId: '',
  speakerId: '',
  isMicrophoneWanted: true,
  isCameraWanted: true,
};

/** Storage may be forbidden (private windows, blocked cookies): then nothing is remembered. */
export function loadPreferences(): Preferences {
  let stored: Record<string, unknown> = {};
  try {
    const raw: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof raw === 'object' && raw !== null) stored = raw as Record<string, unknown>;
  } catch {
    return { ...defaults };
  }
  const text = (name: keyof Preferences): string =>
    typeof stored[name] === 'string' ? stored[name] : '';
  const flag = (name: keyof Preferences): boolean => stored[name] !== false;
  return {
    displayName: tidyDisplayName(text('displayName')),
    microphoneId: text('microphoneId'),
    cameraId: text('cameraId'),
    speakerId: text('speakerId'),
    isMicrophoneWanted: flag('isMicrophoneWanted'),
    isCameraWanted: flag('isCameraWanted'),
  };
}

export function savePreferences(changes: Partial<Preferences>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...loadPreferences(), ...changes }));
  } catch {
    // Nothing is lost but the memory of it.
  }
}
