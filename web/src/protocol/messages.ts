import type * as generated from './generated';

/** What a producer carries. A missing source means microphone for audio and camera for video. */
export type Source = generated.Producer['source'];

export type ParticipantInfo = generated.Participant;
export type ProducerInfo = generated.Producer;
export type Role = generated.Participant['role'];
export type Permissions = generated.Permissions;
export type RoomSettings = generated.RoomState;
export type ChatMessage = generated.ChatMessage;
export type Knock = generated.Knock;
export type JoinResult = generated.RoomJoined;
export type Snapshot = generated.SessionResumed;
export type TransportInfo = generated.Transport;
export type ConsumerInfo = generated.Consumer;
export type ConsumeFailure = generated.ConsumeFailure;

/** Client to server: what each method takes and answers with. The page consumes lists only. */
export interface Requests extends Omit<generated.Requests, 'consume'> {
  consume: {
    data: generated.Consume & { producerId: string[] };
    result: generated.Consumers;
  };
}

/** Server to client. */
export type Notifications = generated.Notifications;
export type LayersWanted = generated.LayersWanted;

/** The permission that each source needs. */
export const permissionOf = {
  microphone: 'audio',
  camera: 'video',
  screen: 'screen',
  screenAudio: 'screen',
} as const satisfies Record<Source, keyof Permissions>;

/** Rights that the server left out are there. */
export function isAllowed(permissions: Permissions | undefined, what: keyof Permissions): boolean {
  return permissions?.[what] !== false;
}

export type Method = keyof Requests;

export type Notification = {
  [M in keyof Notifications]: { method: M; data: Notifications[M] };
}[keyof Notifications];

/** The fields that every notification of this name must have as strings; a missing one drops the frame. */
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
  consumerLayersChanged: ['consumerId'],
  consumerScore: ['consumerId'],
  producerScore: ['producerId'],
  activeSpeakers: [],
  layersWanted: ['producerId'],
  newDataProducer: ['dataProducerId', 'participantId'],
  dataProducerClosed: ['dataProducerId'],
  dataConsumerClosed: ['dataConsumerId'],
  message: ['messageId', 'participantId', 'displayName', 'text'],
  reaction: ['participantId', 'emoji'],
  roomUpdated: [],
  lobbyKnock: ['knockId', 'displayName'],
  lobbyKnockEnded: ['knockId'],
  roomJoined: ['roomId', 'participantId'],
  lobbyRejected: ['roomId'],
  removed: [],
  roomEnded: [],
  serverDraining: [],
  messageRefused: ['code', 'message'],
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
