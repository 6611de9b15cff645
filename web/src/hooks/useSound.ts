import { useEffect, useRef, useState } from 'react';
import type { RefObject } from 'react';
import { useCall } from './useCall';
import { SpeechDetector, watchLevel } from '../services/audioLevel';

/** Whether somebody speaks: as the server says, or else as the page hears. Re-renders only when that changes. */
export function useSpeaking(tile: { participantId: string; voice: MediaStream | null }): boolean {
  const isTold = useCall((state) => state.speakers !== null);
  const isSpeaker = useCall((state) => state.speakers?.has(tile.participantId) === true);
  const isHeard = useHearing(isTold ? null : tile.voice);
  return isSpeaker || isHeard;
}

function useHearing(stream: MediaStream | null): boolean {
  const [heard, setHeard] = useState<MediaStream | null>(null);
  useEffect(() => {
    if (stream === null) return;
    const detector = new SpeechDetector();
    const stop = watchLevel(stream, (level) => {
      setHeard(detector.update(level, performance.now()) ? stream : null);
    });
    return () => {
      stop();
      setHeard(null);
    };
  }, [stream]);
  return stream !== null && heard === stream;
}

/** Writes the stream's loudness, 0 to 1, into the element's `--level`, without a render for each value. */
export function useLevelMeter<E extends HTMLElement>(
  stream: MediaStream | null,
): RefObject<E | null> {
  const ref = useRef<E>(null);
  useEffect(() => {
    const element = ref.current;
    if (stream === null || element === null) return;
    const stop = watchLevel(stream, (level) => {
      element.style.setProperty('--level', level.toFixed(3));
    });
    return () => {
      stop();
      element.style.setProperty('--level', '0');
    };
  }, [stream]);
  return ref;
}
