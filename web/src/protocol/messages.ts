import type {
  DtlsParameters,
  IceCandidate,
  IceParameters,
  MediaKind,
  RtpCapabilities,
  RtpParameters,
} from 'mediasoup-client/types';

/** What a producer carries. A missing source means microphone for audio and camera for video. */
export type Source = 'microphone' | 'camera' | 'screen' | 'screenAudio';

export interface ParticipantInfo {
  participantId: string;
  displayName: string;
  role: string;
  /** Milliseconds since the epoch, by the server's clock. */
  joinedAt: number;
}

export interface ProducerInfo {
  producerId: string;
  participantId: string;
  kind: MediaKind;
  source: Source;
  paused: boolean;
}

export interface JoinResult {
  roomId: string;
  participantId: string;
  role: string;
  rtpCapabilities: RtpCapabilities;
  iceServers: RTCIceServer[];
  participants: ParticipantInfo[];
  producers: ProducerInfo[];
  resumeToken?: string;
}

export interface TransportInfo {
  id: string;
  iceParameters: IceParameters;
  iceCandidates: IceCandidate[];
  dtlsParameters: DtlsParameters;
  iceServers?: RTCIceServer[];
}

export interface ConsumerInfo {
  id: string;
  producerId: string;
  kind: MediaKind;
  rtpParameters: RtpParameters;
  type: string;
  producerPaused: boolean;
}

export interface ConsumeFailure {
  producerId: string;
  error: { code: string; message: string };
}

type Nothing = Record<string, never>;

/** Client to server: what each method takes and answers with. */
export interface Requests {
  joinRoom: { data: { roomId: string; displayName: string }; result: JoinResult };
  leaveRoom: { data: Nothing; result: Nothing };
  setDisplayName: { data: { displayName: string }; result: Nothing };
  createWebRtcTransport: { data: { direction: 'send' | 'recv' }; result: TransportInfo };
  connectTransport: {
    data: { transportId: string; dtlsParameters: DtlsParameters };
    result: Nothing;
  };
  restartIce: { data: { transportId: string }; result: { iceParameters: IceParameters } };
  produce: {
    data: {
      transportId: string;
      kind: MediaKind;
      rtpParameters: RtpParameters;
      source: Source;
      appData: Record<string, unknown>;
    };
    result: { id: string };
  };
  pauseProducer: { data: { producerId: string }; result: Nothing };
  resumeProducer: { data: { producerId: string }; result: Nothing };
  closeProducer: { data: { producerId: string }; result: Nothing };
  consume: {
    data: { transportId: string; producerId: string[]; rtpCapabilities: RtpCapabilities };
    result: { consumers: (ConsumerInfo | ConsumeFailure)[] };
  };
  resumeConsumer: { data: { consumerId: string }; result: Nothing };
}

/** Server to client. */
export interface Notifications {
  participantJoined: ParticipantInfo;
  participantLeft: { participantId: string; reason: string };
  participantUpdated: { participantId: string; displayName: string };
  newProducer: ProducerInfo;
  producerClosed: { producerId: string; participantId: string; reason: string };
  producerPaused: { producerId: string; participantId: string };
  producerResumed: { producerId: string; participantId: string };
  consumerClosed: { consumerId: string; producerId: string; reason: string };
  consumerPaused: { consumerId: string; producerId: string };
  consumerResumed: { consumerId: string; producerId: string };
  /** The server restarts: the socket closes next. */
  serverDraining: Nothing;
}

export type Method = keyof Requests;

export type Notification = {
  [M in keyof Notifications]: { method: M; data: Notifications[M] };
}[keyof Notifications];

/** The field that every notification of this name must have as a string; its absence drops the frame. */
const requiredIds: { [M in keyof Notifications]: readonly string[] } = {
  participantJoined: ['participantId', 'displayName'],
  participantLeft: ['participantId'],
  participantUpdated: ['participantId', 'displayName'],
  newProducer: ['producerId', 'participantId', 'kind', 'source'],
  producerClosed: ['producerId'],
  producerPaused: ['producerId'],
  producerResumed: ['producerId'],
  consumerClosed: ['consumerId', 'producerId'],
  consumerPaused: ['consumerId', 'producerId'],
  consumerResumed: ['consumerId', 'producerId'],
  serverDraining: [],
};

/** Names a notification's type, or returns null when it is unknown to this page or lacks an id. */
export function asNotification(method: string, data: unknown): Notification | null {
  if (!Object.hasOwn(requiredIds, method)) return null;
  if (typeof data !== 'object' || data === null) return null;
  const record = data as Record<string, unknown>;
  const ids = requiredIds[method as keyof Notifications];
  if (!ids.every((name) => typeof record[name] === 'string')) return null;
  return { method, data } as Notification;
}

export function isConsumeFailure(entry: ConsumerInfo | ConsumeFailure): entry is ConsumeFailure {
  return 'error' in entry;
}
