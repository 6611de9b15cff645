/** Microphone, camera and screen, and what is wrong when there is none. */

export type DeviceKind = 'microphone' | 'camera';

/**
 * Why a device gives nothing.
 * denied: the user or the browser's settings said no; denied-by-system: the operating system did;
 * missing: nothing is plugged in; in-use: another program holds it; insecure: the page is not served
 * over HTTPS, so the browser hides its devices; failed: anything else.
 */
export type DeviceProblem =
  'denied' | 'denied-by-system' | 'missing' | 'in-use' | 'insecure' | 'failed';

export interface DeviceChoice {
  deviceId: string;
  label: string;
}

export interface DeviceList {
  microphones: DeviceChoice[];
  cameras: DeviceChoice[];
  /** Empty where the browser cannot choose a speaker. */
  speakers: DeviceChoice[];
}

export type TrackResult = { track: MediaStreamTrack } | { problem: DeviceProblem };

export const noDevices: DeviceList = { microphones: [], cameras: [], speakers: [] };

/** Opens one device: the chosen one, or another when that is gone. Never rejects. */
export async function openDevice(kind: DeviceKind, deviceId: string): Promise<TrackResult> {
  if (!hasMediaDevices()) return { problem: 'insecure' };
  try {
    const stream = await navigator.mediaDevices.getUserMedia(
      kind === 'microphone' ? { audio: audioWish(deviceId) } : { video: videoWish(deviceId) },
    );
    return trackOf(stream, kind);
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/**
 * Opens both devices with one permission prompt. When that fails, each is tried alone, unless the
 * user has just said no to it: asking again at once would only annoy. Never rejects.
 */
export async function openDevices(
  microphoneId: string,
  cameraId: string,
): Promise<Record<DeviceKind, TrackResult>> {
  if (!hasMediaDevices()) {
    return { microphone: { problem: 'insecure' }, camera: { problem: 'insecure' } };
  }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: audioWish(microphoneId),
      video: videoWish(cameraId),
    });
    return { microphone: trackOf(stream, 'microphone'), camera: trackOf(stream, 'camera') };
  } catch (error) {
    const problem = problemOf(error);
    const alone = async (kind: DeviceKind, deviceId: string): Promise<TrackResult> => {
      const permission = await permissionOf(kind);
      const refused = problem === 'denied' && permission !== 'granted';
      if (permission === 'denied' || refused) return { problem: 'denied' };
      return openDevice(kind, deviceId);
    };
    // One after the other: two prompts at once hide each other.
    const microphone = await alone('microphone', microphoneId);
    return { microphone, camera: await alone('camera', cameraId) };
  }
}

/**
 * Asks what to share. Gives the screen's picture, and its sound when the browser offers it.
 * Resolves with null when the user changed their mind; rejects when sharing is impossible.
 */
export async function openScreen(): Promise<{
  video: MediaStreamTrack;
  audio: MediaStreamTrack | null;
} | null> {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 30 } },
      audio: true,
    });
    const [video] = stream.getVideoTracks();
    if (video === undefined) return null;
    // Sharp text matters more than smooth motion.
    video.contentHint = 'detail';
    return { video, audio: stream.getAudioTracks()[0] ?? null };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotAllowedError') return null;
    throw error;
  }
}

export function canShareScreen(): boolean {
  return hasMediaDevices() && 'getDisplayMedia' in navigator.mediaDevices;
}

/** What is plugged in. Labels are empty until the user has granted a device. Never rejects. */
export async function listDevices(): Promise<DeviceList> {
  if (!hasMediaDevices()) return noDevices;
  let devices: MediaDeviceInfo[];
  try {
    devices = await navigator.mediaDevices.enumerateDevices();
  } catch {
    return noDevices;
  }
  const choices = (kind: MediaDeviceKind, name: string): DeviceChoice[] =>
    devices
      .filter((device) => device.kind === kind && device.deviceId !== '')
      .map((device, index) => ({
        deviceId: device.deviceId,
        label: device.label || `${name} ${index + 1}`,
      }));
  return {
    microphones: choices('audioinput', 'Microphone'),
    cameras: choices('videoinput', 'Camera'),
    speakers: 'setSinkId' in HTMLMediaElement.prototype ? choices('audiooutput', 'Speaker') : [],
  };
}

/** Calls back when a device comes or goes, or a permission changes. Returns the way to stop it. */
export function watchDevices(onChange: () => void): () => void {
  if (!hasMediaDevices()) return () => undefined;
  const stop = new AbortController();
  navigator.mediaDevices.addEventListener('devicechange', onChange, { signal: stop.signal });
  for (const name of ['microphone', 'camera'] as const) {
    void queryPermission(name).then((status) => {
      if (!stop.signal.aborted) {
        status?.addEventListener('change', onChange, { signal: stop.signal });
      }
    });
  }
  return () => stop.abort();
}

/** Maps a getUserMedia failure to its cause (Media Capture and Streams, section 10.2). */
export function problemOf(error: unknown): DeviceProblem {
  // By its name: OverconstrainedError is no Error in every browser.
  const { name, message } = error as { name?: string; message?: string };
  switch (name) {
    case 'NotAllowedError':
      return /system/i.test(message ?? '') ? 'denied-by-system' : 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'in-use';
    case 'SecurityError':
    case 'TypeError':
      return 'insecure';
    default:
      return 'failed';
  }
}

function hasMediaDevices(): boolean {
  // The DOM types say that it is always there; outside a secure context it is not.
  return (navigator.mediaDevices as MediaDevices | undefined) !== undefined;
}

function audioWish(deviceId: string): MediaTrackConstraints {
  return {
    ...(deviceId === '' ? {} : { deviceId: { ideal: deviceId } }),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
}

function videoWish(deviceId: string): MediaTrackConstraints {
  return {
    ...(deviceId === '' ? {} : { deviceId: { ideal: deviceId } }),
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30 },
  };
}

function trackOf(stream: MediaStream, kind: DeviceKind): TrackResult {
  const tracks = kind === 'microphone' ? stream.getAudioTracks() : stream.getVideoTracks();
  const [track] = tracks;
  return track === undefined ? { problem: 'missing' } : { track };
}

async function permissionOf(kind: DeviceKind): Promise<PermissionState | null> {
  return (await queryPermission(kind))?.state ?? null;
}

/** Null where the browser has no such question. */
async function queryPermission(kind: DeviceKind): Promise<PermissionStatus | null> {
  try {
    return await navigator.permissions.query({ name: kind });
  } catch {
    return null;
  }
}
