import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';

interface Props {
  stream: MediaStream;
  /** Whole, with bars, for a screen; otherwise it fills its box. */
  isWhole?: boolean;
  isMirrored?: boolean;
  testId: string;
}

/** A silent video that appears with its first frame, so that no black box is seen before. */
export function VideoSurface(props: Props): ReactNode {
  const { stream } = props;
  const ref = useRef<HTMLVideoElement>(null);
  const [shown, setShown] = useState<MediaStream | null>(null);
  useEffect(() => {
    const video = ref.current;
    if (video === null) return;
    video.srcObject = stream;
    // A muted video may always play; a rejection only means that another stream took its place.
    video.play().catch(() => undefined);
    return () => {
      video.srcObject = null;
    };
  }, [stream]);
  return (
    <video
      ref={ref}
      className="surface"
      data-testid={props.testId}
      data-shown={shown === stream}
      data-whole={props.isWhole ?? false}
      data-mirrored={props.isMirrored ?? false}
      muted
      autoPlay
      playsInline
      aria-hidden="true"
      onLoadedData={() => setShown(stream)}
    />
  );
}
