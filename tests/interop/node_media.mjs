/** Sources and sinks for @roamhq/wrtc: a picture of one brightness, a tone, and what comes back of them. */

import wrtc from '@roamhq/wrtc';

const WIDTH = 320;
const HEIGHT = 240;
const FRAME_MS = 50;

const SAMPLE_RATE = 48_000;
const BLOCK_MS = 10;
const BLOCK = (SAMPLE_RATE * BLOCK_MS) / 1000;
const TONE_HZ = 440;
const AMPLITUDE = 8_000;

/**
 * A picture of a bright and a dark half that swap, so that every frame differs from the last.
 *
 * @returns {{ track: MediaStreamTrack, stop: () => void }}
 */
export function pictures() {
  const source = new wrtc.nonstandard.RTCVideoSource();
  const track = source.createTrack();
  const data = new Uint8Array(WIDTH * HEIGHT * 1.5).fill(128);
  let count = 0;
  const timer = setInterval(() => {
    const edge = (count * 8) % HEIGHT;
    data.fill(200, 0, edge * WIDTH);
    data.fill(40, edge * WIDTH, HEIGHT * WIDTH);
    count += 1;
    source.onFrame({ width: WIDTH, height: HEIGHT, data });
  }, FRAME_MS);
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}

/**
 * A sine tone.
 *
 * @returns {{ track: MediaStreamTrack, stop: () => void }}
 */
export function tone() {
  const source = new wrtc.nonstandard.RTCAudioSource();
  const track = source.createTrack();
  let at = 0;
  const timer = setInterval(() => {
    const samples = new Int16Array(BLOCK);
    for (let index = 0; index < BLOCK; index += 1) {
      samples[index] = AMPLITUDE * Math.sin((2 * Math.PI * TONE_HZ * (at + index)) / SAMPLE_RATE);
    }
    at += BLOCK;
    source.onData({
      samples,
      sampleRate: SAMPLE_RATE,
      bitsPerSample: 16,
      channelCount: 1,
      numberOfFrames: BLOCK,
    });
  }, BLOCK_MS);
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}

/**
 * @typedef {object} Received
 * @property {number} frames decoded pictures
 * @property {number} width of the last picture
 * @property {number} lumaRange the greatest difference of brightness within one picture so far
 * @property {number} energy sum of the squares of all samples, full scale being 1
 */

/**
 * Count what a received track brings.
 *
 * @param {MediaStreamTrack} track
 * @returns {{ received: Received, stop: () => void }} `received` is kept up to date
 */
export function receive(track) {
  /** @type {Received} */
  const received = { frames: 0, width: 0, lumaRange: 0, energy: 0 };
  if (track.kind === 'video') {
    const sink = new wrtc.nonstandard.RTCVideoSink(track);
    sink.onframe = ({ frame }) => {
      received.frames += 1;
      received.width = frame.width;
      const luma = frame.data.subarray(0, frame.width * frame.height);
      let [low, high] = [255, 0];
      for (let index = 0; index < luma.length; index += 97) {
        const value = luma[index] ?? 0;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      received.lumaRange = Math.max(received.lumaRange, high - low);
    };
    return { received, stop: () => sink.stop() };
  }
  const sink = new wrtc.nonstandard.RTCAudioSink(track);
  sink.ondata = ({ samples }) => {
    for (const sample of samples) received.energy += (sample / 32_768) ** 2;
  };
  return { received, stop: () => sink.stop() };
}
