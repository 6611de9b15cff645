import { useLayoutEffect, useRef, useState } from 'react';
import type { RefObject } from 'react';

/** The size of an element's content, in CSS pixels; 0 by 0 until it is in the page. */
export function useElementSize<E extends HTMLElement>(): {
  ref: RefObject<E | null>;
  width: number;
  height: number;
} {
  const ref = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const { width, height } = entry.contentRect;
      setSize({ width, height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, ...size };
}
