import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  listDevices,
  openDevice,
  openDevices,
  openScreen,
  problemOf,
} from '../../src/services/deviceService';
import { FakeDevices } from '../fakes/fakeDevices';

let devices: FakeDevices;

beforeEach(() => {
  devices = new FakeDevices().install();
});

describe('openDevices', () => {
  test('asks once for both', async () => {
    const { microphone, camera } = await openDevices('', '');
    expect(devices.prompts).toEqual(['audio+video']);
    expect(microphone).toHaveProperty('track.kind', 'audio');
    expect(camera).toHaveProperty('track.kind', 'video');
  });

  test('gives the microphone when there is no camera', async () => {
    devices.videoError = 'NotFoundError';
    const { microphone, camera } = await openDevices('', '');
    expect(microphone).toHaveProperty('track.kind', 'audio');
    expect(camera).toEqual({ problem: 'missing' });
  });

  test('names each device’s own problem', async () => {
    devices.audioError = 'NotReadableError';
    devices.videoError = 'NotFoundError';
    expect(await openDevices('', '')).toEqual({
      microphone: { problem: 'in-use' },
      camera: { problem: 'missing' },
    });
  });

  test('does not ask again what was just refused', async () => {
    devices.audioError = devices.videoError = 'NotAllowedError';
    expect(await openDevices('', '')).toEqual({
      microphone: { problem: 'denied' },
      camera: { problem: 'denied' },
    });
    expect(devices.prompts).toEqual(['audio+video']);
  });

  test('takes the one that is allowed when only the other is denied for good', async () => {
    devices.videoError = 'NotAllowedError';
    devices.permissions = { microphone: 'granted', camera: 'denied' };
    const { microphone, camera } = await openDevices('', '');
    expect(microphone).toHaveProperty('track.kind', 'audio');
    expect(camera).toEqual({ problem: 'denied' });
    expect(devices.prompts).toEqual(['audio+video', 'audio']);
  });
});

test('a page without a secure context is told apart from everything else', async () => {
  vi.stubGlobal('navigator', {});
  const problem = { problem: 'insecure' };
  expect(await openDevice('camera', '')).toEqual(problem);
  expect(await openDevices('', '')).toEqual({ microphone: problem, camera: problem });
  expect(await listDevices()).toEqual({ microphones: [], cameras: [], speakers: [] });
});

test.each([
  ['NotAllowedError', 'Permission denied', 'denied'],
  ['NotAllowedError', 'Permission denied by system', 'denied-by-system'],
  ['NotFoundError', '', 'missing'],
  ['OverconstrainedError', '', 'missing'],
  ['NotReadableError', 'Could not start video source', 'in-use'],
  ['AbortError', '', 'in-use'],
  ['SecurityError', '', 'insecure'],
  ['UnknownError', '', 'failed'],
])('%s (%s) means %s', (name, message, problem) => {
  expect(problemOf(new DOMException(message, name))).toBe(problem);
});

test('devices without a label get a name that can be read', async () => {
  expect(await listDevices()).toMatchObject({
    microphones: [{ deviceId: 'mic-1', label: 'Desk microphone' }],
    cameras: [{ deviceId: 'cam-1', label: 'Camera 1' }],
  });
});

describe('openScreen', () => {
  test('gives the picture, its sound when there is one, and asks for sharp text', async () => {
    devices.hasScreenSound = true;
    const screen = await openScreen();
    expect(screen).toMatchObject({ video: { kind: 'video' }, audio: { kind: 'audio' } });
    expect(screen?.video.contentHint).toBe('detail');
  });

  test('takes a closed chooser for a change of mind', async () => {
    devices.screenError = 'NotAllowedError';
    expect(await openScreen()).toBeNull();
  });

  test('passes on what is really wrong', async () => {
    devices.screenError = 'NotReadableError';
    await expect(openScreen()).rejects.toMatchObject({ name: 'NotReadableError' });
  });
});
