import { useMemo } from 'react';
import type { ParticipantInfo, ProducerInfo, Role, Source } from '../protocol/messages';
import { streamOf } from '../services/streams';
import type { RemoteStreams } from '../store/callState';
import { useCall } from './useCall';

/** What one tile shows. */
export interface TileView {
  participantId: string;
  displayName: string;
  isSelf: boolean;
  role: Role;
  isHandRaised: boolean;
  isMuted: boolean;
  hasCamera: boolean;
  isPresenting: boolean;
  /** The screen when it is shared, otherwise the camera, otherwise null: then the avatar is shown. */
  video: MediaStream | null;
  /** The microphone, for the ring around who speaks; null when muted. */
  voice: MediaStream | null;
}

/** The tiles in the order of joining. */
export function useTiles(): TileView[] {
  const participants = useCall((state) => state.participants);
  const producers = useCall((state) => state.producers);
  const remoteStreams = useCall((state) => state.remoteStreams);
  const self = useSelfTile();
  return useMemo(
    () =>
      [...participants.values()].map((participant) =>
        participant.participantId === self.participantId
          ? { ...self, ...standingOf(participant) }
          : remoteTile(participant, producers, remoteStreams.get(participant.participantId)),
      ),
    [participants, producers, remoteStreams, self],
  );
}

function standingOf(
  participant: ParticipantInfo,
): Pick<TileView, 'displayName' | 'role' | 'isHandRaised'> {
  const { displayName, role, handRaised } = participant;
  return { displayName, role, isHandRaised: handRaised };
}

function useSelfTile(): Omit<TileView, 'role' | 'isHandRaised'> {
  const participantId = useCall((state) => state.participantId) ?? '';
  const displayName = useCall((state) => state.displayName);
  const microphone = useCall((state) => (state.isMicrophoneOn ? state.microphoneTrack : null));
  const camera = useCall((state) => (state.isCameraOn ? state.cameraTrack : null));
  const screen = useCall((state) => (state.isScreenOn ? state.screenTrack : null));
  return useMemo(() => {
    const shown = screen ?? camera;
    return {
      participantId,
      displayName,
      isSelf: true,
      isMuted: microphone === null,
      hasCamera: camera !== null,
      isPresenting: screen !== null,
      video: shown === null ? null : streamOf(shown),
      voice: microphone === null ? null : streamOf(microphone),
    };
  }, [participantId, displayName, microphone, camera, screen]);
}

function remoteTile(
  participant: ParticipantInfo,
  producers: ReadonlyMap<string, ProducerInfo>,
  streams: RemoteStreams = {},
): TileView {
  const flowing = new Set<Source>();
  for (const producer of producers.values()) {
    if (producer.participantId === participant.participantId && !producer.paused) {
      flowing.add(producer.source);
    }
  }
  const of = (source: Source): MediaStream | null =>
    flowing.has(source) ? (streams[source] ?? null) : null;
  return {
    participantId: participant.participantId,
    ...standingOf(participant),
    isSelf: false,
    isMuted: !flowing.has('microphone'),
    hasCamera: flowing.has('camera'),
    isPresenting: flowing.has('screen'),
    video: of('screen') ?? of('camera'),
    voice: of('microphone'),
  };
}
