import { generateRouterRtpCapabilities } from 'mediasoup-client/fakeParameters';
import { describe, expect, test, vi } from 'vitest';
import { isRoomId } from '../../src/protocol/names';
import { levelOf, SpeechDetector } from '../../src/services/audioLevel';
import { backoffDelay } from '../../src/services/backoff';
import { loadPreferences, savePreferences } from '../../src/services/preferences';
import { makeRoomId } from '../../src/services/roomNames';
import { profileOf } from '../../src/services/sendingProfiles';

describe('backoffDelay', () => {
  test('grows to a bound', () => {
    const delays = Array.from({ length: 12 }, (_, attempt) => backoffDelay(attempt, 1));
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect(delays.at(-1)).toBe(8_000);
  });

  test('spreads by its random part and never falls to zero', () => {
    expect(backoffDelay(0, 0)).toBe(180);
    expect(backoffDelay(0, 1)).toBe(300);
    expect(backoffDelay(50, 0)).toBe(4_800);
  });
});

test('room ids are valid, readable and never twice the same', () => {
  const ids = Array.from({ length: 500 }, makeRoomId);
  expect(new Set(ids).size).toBe(500);
  for (const id of ids) {
    expect(id).toMatch(/^[a-z]+-[a-z]+-[a-z]+-[a-z2-9]{4}$/);
    expect(isRoomId(id)).toBe(true);
  }
});

describe('preferences', () => {
  test('are kept', () => {
    savePreferences({ displayName: 'Ana', isCameraWanted: false });
    savePreferences({ microphoneId: 'mic-1' });
    expect(loadPreferences()).toEqual({
      displayName: 'Ana',
      microphoneId: 'mic-1',
      cameraId: '',
      speakerId: '',
      isMicrophoneWanted: true,
      isCameraWanted: false,
    });
  });

  test.each(['{', '7', 'null', '{"displayName":7,"cameraId":{},"isCameraWanted":"no"}'])(
    'start afresh from %j',
    (stored) => {
      localStorage.setItem('videocall.preferences', stored);
      expect(loadPreferences()).toMatchObject({
        displayName: '',
        cameraId: '',
        isCameraWanted: true,
      });
    },
  );

  test('are forgotten without a fuss where storage is forbidden', () => {
    vi.stubGlobal('localStorage', {
      getItem: () => {
        throw new DOMException('', 'SecurityError');
      },
    });
    savePreferences({ displayName: 'Ana' });
    expect(loadPreferences().displayName).toBe('');
  });
});

describe('sound levels', () => {
  const tone = (amplitude: number): Float32Array =>
    Float32Array.from({ length: 512 }, (_, n) => amplitude * Math.sin(n / 5));

  test('go from 0 for silence to 1, and up with the loudness', () => {
    expect(levelOf(tone(0))).toBe(0);
    expect(levelOf(tone(1))).toBe(1);
    expect(levelOf(tone(0.02))).toBeLessThan(levelOf(tone(0.1)));
  });

  test('speech starts at once, lasts through short gaps and ends in silence', () => {
    const detector = new SpeechDetector();
    expect(detector.update(0.1, 0)).toBe(false);
    expect(detector.update(0.3, 100)).toBe(true);
    expect(detector.update(0.1, 200)).toBe(true);
    expect(detector.update(0, 600)).toBe(true);
    expect(detector.update(0, 700)).toBe(false);
    expect(detector.update(0.1, 800)).toBe(false);
  });
});

test('cameras go out as three streams of VP8, screens as one; speech has DTX and FEC', () => {
  const capabilities = generateRouterRtpCapabilities();
  const camera = profileOf('camera', capabilities);
  expect(camera.codec?.mimeType).toBe('video/VP8');
  expect(camera.encodings?.map((one) => one.scaleResolutionDownBy)).toEqual([4, 2, 1]);
  const scales = (height: number) =>
    profileOf('camera', capabilities, height).encodings?.map((one) => one.scaleResolutionDownBy);
  expect([720, 540, 480, 360, 240].map(scales)).toEqual([
    [4, 2, 1],
    [4, 2, 1],
    [2, 1],
    [2, 1],
    [1],
  ]);
  const screen = profileOf('screen', capabilities);
  expect(screen.codec?.mimeType).toBe('video/VP8');
  expect(screen.encodings).toHaveLength(1);
  expect(profileOf('microphone', capabilities).codecOptions).toMatchObject({
    opusDtx: true,
    opusFec: true,
  });
  expect(profileOf('screenAudio', capabilities).codecOptions).toMatchObject({
    opusDtx: false,
    opusStereo: true,
  });
});
