import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { Icon } from './Icon';

/** Plays what the others say and what their shared screens sound like, on the chosen speaker. */
export function RemoteSound(): ReactNode {
  const remoteStreams = useCall((state) => state.remoteStreams);
  const speakerId = useCall((state) => state.speakerId);
  /** Counts up when the user allows sound, so that every element tries again. */
  const [allowed, setAllowed] = useState(0);
  const [isBlocked, setBlocked] = useState(false);
  return (
    <>
      {[...remoteStreams].flatMap(([participantId, streams]) =>
        (['microphone', 'screenAudio'] as const).map((source) => {
          const stream = streams[source];
          return (
            stream && (
              <Sound
                key={`${participantId}-${source}`}
                stream={stream}
                speakerId={speakerId}
                allowed={allowed}
                testId={
                  source === 'microphone'
                    ? `audio-${participantId}`
                    : `screen-audio-${participantId}`
                }
                onBlocked={() => setBlocked(true)}
              />
            )
          );
        }),
      )}
      {isBlocked && (
        <div className="banner" role="alert">
          <Icon name="speaker" />
          Your browser holds the sound back.
          <button
            type="button"
            className="button button--small"
            data-testid="sound-button"
            onClick={() => {
              setBlocked(false);
              setAllowed(allowed + 1);
            }}
          >
            Turn sound on
          </button>
        </div>
      )}
    </>
  );
}

interface SoundProps {
  stream: MediaStream;
  speakerId: string;
  allowed: number;
  testId: string;
  onBlocked: () => void;
}

function Sound(props: SoundProps): ReactNode {
  const { stream, speakerId, allowed, onBlocked } = props;
  const ref = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const audio = ref.current;
    if (audio === null) return;
    audio.srcObject = stream;
    audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') onBlocked();
    });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- onBlocked only reports; `allowed` retries
  }, [stream, allowed]);
  useEffect(() => {
    const audio = ref.current;
    if (audio === null || !('setSinkId' in audio)) return;
    // A speaker that was unplugged: the browser's default goes on.
    audio.setSinkId(speakerId).catch(() => undefined);
  }, [speakerId]);
  // eslint-disable-next-line jsx-a11y/media-has-caption -- live speech has no caption track
  return <audio ref={ref} data-testid={props.testId} autoPlay />;
}
