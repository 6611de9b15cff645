/** Loudness of audio streams, for the microphone's meter and the ring around who speaks. */

/** How often a level is read, in ms: quick enough for a meter, cheap enough for many people. */
const INTERVAL_MS = 80;

/** Speech starts above the first level and ends below the second, held for a while between words. */
const SPEECH_STARTS = 0.14;
const SPEECH_ENDS = 0.08;
const SPEECH_HOLD_MS = 450;

interface Watcher {
  analyser: AnalyserNode;
  source: MediaStreamAudioSourceNode;
  onLevel: (level: number) => void;
}

let context: AudioContext | null = null;
let timer: ReturnType<typeof setInterval> | null = null;
const watchers = new Set<Watcher>();
const samples = new Float32Array(512);

/**
 * Calls back about twelve times a second with the stream's loudness, 0 (silence) to 1 (as loud as it
 * gets), until the returned function is called. Silent where the browser has no Web Audio.
 */
export function watchLevel(stream: MediaStream, onLevel: (level: number) => void): () => void {
  if (typeof AudioContext === 'undefined' || stream.getAudioTracks().length === 0) {
    return () => undefined;
  }
  context ??= new AudioContext();
  const source = context.createMediaStreamSource(stream);
  const analyser = context.createAnalyser();
  analyser.fftSize = samples.length;
  source.connect(analyser);
  const watcher = { analyser, source, onLevel };
  watchers.add(watcher);
  timer ??= setInterval(readAll, INTERVAL_MS);
  return () => {
    source.disconnect();
    watchers.delete(watcher);
    if (watchers.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** Turns levels into "is speaking", with hysteresis so that the ring does not flicker. */
export class SpeechDetector {
  #isSpeaking = false;
  #lastHeard = 0;

  /** @param now milliseconds of any clock that only goes forward. */
  update(level: number, now: number): boolean {
    if (level >= (this.#isSpeaking ? SPEECH_ENDS : SPEECH_STARTS)) {
      this.#isSpeaking = true;
      this.#lastHeard = now;
    } else if (now - this.#lastHeard > SPEECH_HOLD_MS) {
      this.#isSpeaking = false;
    }
    return this.#isSpeaking;
  }
}

/** Loudness of samples in [-1, 1] on a scale of decibels: -60 dB and less is 0, -10 dB and more is 1. */
export function levelOf(waveform: Float32Array): number {
  let sum = 0;
  for (const sample of waveform) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / waveform.length + 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 50));
}

function readAll(): void {
  // Browsers start a context suspended until the user has touched the page.
  if (context?.state === 'suspended') void context.resume();
  for (const watcher of watchers) {
    watcher.analyser.getFloatTimeDomainData(samples);
    watcher.onLevel(levelOf(samples));
  }
}
