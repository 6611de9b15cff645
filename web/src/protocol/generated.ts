// Generated from python/videocall/protocol by tools/generate_protocol.py. Edit that, not this.

import type {
  DtlsParameters,
  IceCandidate,
  IceParameters,
  RtpCapabilities,
  RtpParameters,
  SctpParameters,
  SctpStreamParameters,
} from 'mediasoup-client/types';

/** What `joinRoom` tells the server that this page speaks. */
export const PROTOCOL_VERSION = 1;

/** Client to server: what each method takes and answers with. */
export interface Requests {
  joinRoom: { data: JoinRoom; result: RoomJoined | InLobby };
  resumeSession: { data: ResumeSession; result: SessionResumed };
  leaveRoom: { data: LeaveRoom; result: Record<string, never> };
  getRtpCapabilities: { data: GetRtpCapabilities; result: RtpCapabilities };
  createWebRtcTransport: { data: CreateWebRtcTransport; result: Transport };
  connectTransport: { data: ConnectTransport; result: Record<string, never> };
  restartIce: { data: RestartIce; result: IceRestarted };
  produce: { data: Produce; result: Produced };
  closeProducer: { data: CloseProducer; result: Record<string, never> };
  pauseProducer: { data: PauseProducer; result: Record<string, never> };
  resumeProducer: { data: ResumeProducer; result: Record<string, never> };
  consume: { data: Consume; result: Consumer | Consumers };
  pauseConsumer: { data: PauseConsumer; result: Record<string, never> };
  resumeConsumer: { data: ResumeConsumer; result: Record<string, never> };
  closeConsumer: { data: CloseConsumer; result: Record<string, never> };
  requestKeyFrame: { data: RequestKeyFrame; result: Record<string, never> };
  setPreferredLayers: { data: SetPreferredLayers; result: Record<string, never> };
  setConsumerPriority: { data: SetConsumerPriority; result: Record<string, never> };
  getStats: { data: GetStats; result: Stats };
  setDisplayName: { data: SetDisplayName; result: Record<string, never> };
  produceData: { data: ProduceData; result: Produced };
  closeDataProducer: { data: CloseDataProducer; result: Record<string, never> };
  consumeData: { data: ConsumeData; result: DataConsumer };
  closeDataConsumer: { data: CloseDataConsumer; result: Record<string, never> };
  sendMessage: { data: SendMessage; result: Sent };
  getMessages: { data: GetMessages; result: Messages };
  raiseHand: { data: RaiseHand; result: Record<string, never> };
  react: { data: React; result: Record<string, never> };
  admit: { data: Admit; result: Record<string, never> };
  reject: { data: Reject; result: Record<string, never> };
  muteParticipant: { data: MuteParticipant; result: Record<string, never> };
  removeParticipant: { data: RemoveParticipant; result: Record<string, never> };
  setRole: { data: SetRole; result: Record<string, never> };
  setPermissions: { data: SetPermissions; result: Record<string, never> };
  updateRoom: { data: UpdateRoom; result: Record<string, never> };
  endRoom: { data: EndRoom; result: Record<string, never> };
}

/** Server to client. */
export interface Notifications {
  participantJoined: ParticipantJoined;
  participantLeft: ParticipantLeft;
  participantUpdated: ParticipantUpdated;
  newProducer: NewProducer;
  producerClosed: ProducerClosed;
  producerPaused: ProducerPaused;
  producerResumed: ProducerResumed;
  consumerClosed: ConsumerClosed;
  consumerPaused: ConsumerPaused;
  consumerResumed: ConsumerResumed;
  consumerLayersChanged: ConsumerLayersChanged;
  consumerScore: ConsumerScore;
  layersWanted: LayersWanted;
  producerScore: ProducerScore;
  activeSpeakers: ActiveSpeakers;
  newDataProducer: NewDataProducer;
  dataProducerClosed: DataProducerClosed;
  dataConsumerClosed: DataConsumerClosed;
  message: Message;
  reaction: Reaction;
  roomUpdated: RoomUpdated;
  lobbyKnock: LobbyKnock;
  lobbyKnockEnded: LobbyKnockEnded;
  roomJoined: RoomJoined;
  lobbyRejected: LobbyRejected;
  removed: Removed;
  roomEnded: RoomEnded;
  serverDraining: ServerDraining;
  messageRefused: MessageRefused;
}

/** The server's stable error codes, each with its sentence. */
export interface ErrorCodes {
  /** The message does not have the shape that its method asks for. */
  BAD_REQUEST: true;
  /** Join a room first. */
  NOT_JOINED: true;
  /** There is no such object in your room. */
  NOT_FOUND: true;
  /** You may not do that. */
  FORBIDDEN: true;
  /** The object is not in a state in which that can be done. */
  CONFLICT: true;
  /** The server does not know that method, codec or feature. */
  UNSUPPORTED: true;
  /** The room has no place left. */
  ROOM_FULL: true;
  /** The room is locked. */
  ROOM_LOCKED: true;
  /** The room's time is over. */
  ROOM_EXPIRED: true;
  /** The room has a password. */
  PASSWORD_REQUIRED: true;
  /** That is not the room's password. */
  PASSWORD_WRONG: true;
  /** The token is not valid here. */
  TOKEN_INVALID: true;
  /** The token has expired. */
  TOKEN_EXPIRED: true;
  /** Too many messages; slow down. */
  RATE_LIMITED: true;
  /** You already have as many of these as one participant may have. */
  LIMIT_REACHED: true;
  /** The client speaks a version of the protocol that the server takes no more; update it. */
  CLIENT_TOO_OLD: true;
  /** The client speaks a version of the protocol that the server does not know yet. */
  CLIENT_TOO_NEW: true;
  /** The server is shutting down and takes nobody in. */
  DRAINING: true;
  /** The server cannot reach what it needs for this; try again in a while. */
  UNAVAILABLE: true;
  /** The server failed; the failure is in its log. */
  INTERNAL: true;
}

/**
 * `joinRoom`: enter a room, made when nobody is in it. Without `roomId` the socket's query names
 * it. Servers that have a `token_secret` or `token_jwks` ask for a `token`; others read none. It
 * has to be valid when one joins: a call that runs goes on, and so does one that `resumeSession`
 * takes up. With the `resumeToken` of an earlier session its participant is replaced at once, and
 * keeps role and permissions; so does whoever is in the room with the identity of the token. They
 * need neither password nor lobby. A host by token needs neither as well.
 */
export interface JoinRoom {
  displayName: string;
  roomId?: string;
  token?: string;
  resumeToken?: string;
  protocolVersion?: number;
  password?: string;
}

/**
 * `resumeSession`: take up the session of a socket that broke, on a new socket, instead of joining.
 * The participant, their transports and all on them live on for some time without a socket (30 s,
 * unless the server is set otherwise); `NOT_FOUND` says that this is over. Whoever still holds the
 * seat is sent away.
 */
export interface ResumeSession {
  resumeToken: string;
  protocolVersion?: number;
}

/**
 * `leaveRoom`: leave; everything the participant had is closed. The socket stays open and may join
 * again.
 */
export type LeaveRoom = Record<string, never>;

/**
 * `getRtpCapabilities`: what the server's routers can take. The one method allowed before joining.
 */
export type GetRtpCapabilities = Record<string, never>;

/** `createWebRtcTransport`: a transport that either sends to the server or receives from it. */
export interface CreateWebRtcTransport {
  direction: 'recv' | 'send';
}

/** `connectTransport`: the client's DTLS fingerprints and role, once per transport. */
export interface ConnectTransport {
  transportId: string;
  dtlsParameters: DtlsParameters;
}

/** `restartIce`: new ICE credentials for a transport. */
export interface RestartIce {
  transportId: string;
}

/** `produce`: publish a track. Without `source`: microphone for audio, camera for video. */
export interface Produce {
  transportId: string;
  kind: 'audio' | 'video';
  rtpParameters: RtpParameters;
  source?: 'camera' | 'microphone' | 'screen' | 'screenAudio';
  paused?: boolean;
  appData?: Record<string, unknown>;
}

/** `closeProducer`: end a track one publishes. */
export interface CloseProducer {
  producerId: string;
}

/** `pauseProducer`: stop forwarding a track one publishes. */
export interface PauseProducer {
  producerId: string;
}

/** `resumeProducer`: forward it again. */
export interface ResumeProducer {
  producerId: string;
}

/** `consume`: receive one producer, or several with one request. Consumers begin paused. */
export interface Consume {
  transportId: string;
  producerId: string | string[];
  rtpCapabilities: RtpCapabilities;
}

/** `pauseConsumer`: receive nothing for now. */
export interface PauseConsumer {
  consumerId: string;
}

/** `resumeConsumer`: receive, from the next key frame on. */
export interface ResumeConsumer {
  consumerId: string;
}

/** `closeConsumer`: receive it no more. */
export interface CloseConsumer {
  consumerId: string;
}

/** `requestKeyFrame`: ask a consumer's publisher for a key frame. */
export interface RequestKeyFrame {
  consumerId: string;
}

/**
 * `setPreferredLayers`: the most that is wanted of a producer with several streams or temporal
 * layers.
 */
export interface SetPreferredLayers {
  consumerId: string;
  spatialLayer: number;
  temporalLayer?: number;
}

/**
 * `setConsumerPriority`: how much a consumer matters beside the receiver's others where bandwidth
 * is short. 1, the lowest, unless it is set.
 */
export interface SetConsumerPriority {
  consumerId: string;
  priority: number;
}

/** `getStats` of exactly one of the three. */
export interface GetStats {
  transportId?: string;
  producerId?: string;
  consumerId?: string;
}

/** `setDisplayName`: change what others see. */
export interface SetDisplayName {
  displayName: string;
}

/**
 * `produceData`: open a data channel to everyone who consumes it. Viewers may not. Whoever sends
 * messages larger than the transport's `maxSendMessageSize`, or floods it, loses the transport.
 */
export interface ProduceData {
  transportId: string;
  sctpStreamParameters: SctpStreamParameters;
  label?: string;
  protocol?: string;
  appData?: Record<string, unknown>;
}

/** `closeDataProducer`: end a channel of one's own. */
export interface CloseDataProducer {
  dataProducerId: string;
}

/** `consumeData`: receive the messages of a data producer. */
export interface ConsumeData {
  transportId: string;
  dataProducerId: string;
}

/** `closeDataConsumer`: receive a channel no more. */
export interface CloseDataConsumer {
  dataConsumerId: string;
}

/**
 * `sendMessage`: write to everyone in the room, oneself included; needs the permission `chat`. A
 * message that was sent already, by the same participant with the same `clientMessageId`, is
 * answered with again and sent no second time.
 */
export interface SendMessage {
  text: string;
  clientMessageId?: string;
}

/** `getMessages`: the newest messages, or the newest of those before one, oldest first. */
export interface GetMessages {
  before?: string;
  limit?: number;
}

/** `raiseHand`: raise one's hand, or lower it. */
export interface RaiseHand {
  raised: boolean;
}

/** `react`: show everyone an emoji for a moment; nobody remembers it. */
export interface React {
  emoji: string;
}

/** `admit`: let somebody out of the lobby into the room. For hosts. */
export interface Admit {
  knockId: string;
}

/** `reject`: send somebody in the lobby away. For hosts. */
export interface Reject {
  knockId: string;
}

/**
 * `muteParticipant`: pause what somebody publishes; by default their microphone. For hosts. They
 * may resume it themselves; to prevent that take the permission.
 */
export interface MuteParticipant {
  participantId: string;
  sources?: ('camera' | 'microphone' | 'screen' | 'screenAudio')[];
}

/**
 * `removeParticipant`: send somebody out. For hosts. Their session cannot be resumed. Who joined
 * with a token's identity has to knock from then on, lobby or not, until a host admits them or the
 * call ends; who has no identity can be kept out by lobby, lock or password.
 */
export interface RemoveParticipant {
  participantId: string;
}

/**
 * `setRole`: make somebody, or oneself, host, participant or viewer, with that role's permissions.
 * For hosts. Handing over is to make another host and then oneself participant; the last host
 * cannot: `CONFLICT`.
 */
export interface SetRole {
  participantId: string;
  role: 'host' | 'participant' | 'viewer';
}

/**
 * `setPermissions`: give somebody permissions, or take them. For hosts. What they publish without
 * permission any more is closed with reason `removed`. Hosts have all permissions, and a viewer can
 * be given `chat` alone: anything else is a `CONFLICT`.
 */
export interface SetPermissions {
  participantId: string;
  permissions: PermissionChanges;
}

/** Permissions that are given or taken; those that are left out stay as they are. */
export interface PermissionChanges {
  audio?: boolean;
  video?: boolean;
  screen?: boolean;
  chat?: boolean;
}

/**
 * `updateRoom`: change how the room is set; what is left out stays. For hosts. `null` takes the
 * password away, or the bound on participants. Who is in stays in, whatever is set. Without a lobby
 * those in it are admitted.
 */
export interface UpdateRoom {
  locked?: boolean;
  lobby?: boolean;
  password?: string | null;
  permissions?: PermissionChanges;
  maxParticipants?: number | null;
}

/** `endRoom`: end the call for everyone. For hosts. */
export type EndRoom = Record<string, never>;

/**
 * Everything a client needs to start: who is there and what they publish, the joiner left out.
 * `messages` are the newest, oldest first; `permissions` are the joiner's own. Only hosts see
 * `knocks`.
 */
export interface RoomJoined {
  roomId: string;
  participantId: string;
  role: 'host' | 'participant' | 'viewer';
  permissions: Permissions;
  room: RoomState;
  rtpCapabilities: RtpCapabilities;
  iceServers: IceServer[];
  participants: Participant[];
  producers: Producer[];
  dataProducers: DataProducer[];
  messages: ChatMessage[];
  knocks: Knock[];
  resumeToken: string;
  protocolVersion?: number;
}

/** What a participant may publish, and whether they may write. `screen` covers its sound too. */
export interface Permissions {
  audio?: boolean;
  video?: boolean;
  screen?: boolean;
  chat?: boolean;
}

/**
 * How a room is set. `permissions` are those of participants that a host gave none of their own.
 * `maxParticipants` is missing when the server's own bound is the only one. `expiresAt`, in
 * milliseconds since 1970, is missing when the room does not end by itself.
 */
export interface RoomState {
  locked: boolean;
  lobby: boolean;
  hasPassword: boolean;
  permissions: Permissions;
  maxParticipants?: number;
  expiresAt?: number;
}

/** An entry of `RTCConfiguration.iceServers`. */
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

/** Someone in the room. `joinedAt` is in milliseconds since 1970, by the server's clock. */
export interface Participant {
  participantId: string;
  displayName: string;
  role: 'host' | 'participant' | 'viewer';
  joinedAt: number;
  permissions: Permissions;
  handRaised: boolean;
}

/** A track someone publishes. `paused` is what receivers see, whoever paused it. */
export interface Producer {
  producerId: string;
  participantId: string;
  kind: 'audio' | 'video';
  source: 'camera' | 'microphone' | 'screen' | 'screenAudio';
  paused: boolean;
}

/** A data channel that somebody speaks on. */
export interface DataProducer {
  dataProducerId: string;
  participantId: string;
  label: string;
  protocol: string;
}

/**
 * A message to everyone in the room. Ids sort by time; `sentAt` is in milliseconds since 1970.
 * `displayName` is the sender's of that time: they may have left.
 */
export interface ChatMessage {
  messageId: string;
  participantId: string;
  displayName: string;
  text: string;
  sentAt: number;
  clientMessageId?: string;
}

/** Somebody in the lobby. */
export interface Knock {
  knockId: string;
  displayName: string;
}

/**
 * The room has a lobby: a host has to let the joiner in. `roomJoined` comes when one does, with
 * what `joinRoom` would have been answered, or `lobbyRejected`. Until then `leaveRoom` gives up,
 * and a socket that breaks does too.
 */
export interface InLobby {
  roomId: string;
  knockId: string;
  lobby?: boolean;
}

/**
 * The room as it is now, the receiver included, and what the receiver still has in it. Own
 * producers are among `producers`. What is not listed any more was closed meanwhile; a client makes
 * its own picture equal to this one.
 */
export interface SessionResumed {
  roomId: string;
  participantId: string;
  role: 'host' | 'participant' | 'viewer';
  permissions: Permissions;
  room: RoomState;
  iceServers: IceServer[];
  participants: Participant[];
  producers: Producer[];
  messages: ChatMessage[];
  knocks: Knock[];
  transports: string[];
  consumers: OwnConsumer[];
  dataProducers: DataProducer[];
  dataConsumers: OwnDataConsumer[];
}

/** A consumer that the receiver of this has. */
export interface OwnConsumer {
  consumerId: string;
  producerId: string;
}

/** A data consumer that the receiver of this has. */
export interface OwnDataConsumer {
  dataConsumerId: string;
  dataProducerId: string;
}

/** The options that mediasoup-client's `createSendTransport` and `createRecvTransport` take. */
export interface Transport {
  id: string;
  iceParameters: IceParameters;
  iceCandidates: IceCandidate[];
  dtlsParameters: DtlsParameters;
  iceServers: IceServer[];
  sctpParameters?: SctpParameters;
}

/** The transport's new credentials, and ICE servers as of now: accounts on TURN servers end. */
export interface IceRestarted {
  iceParameters: IceParameters;
  iceServers: IceServer[];
}

/** The new producer's id. */
export interface Produced {
  id: string;
}

/**
 * The options that mediasoup-client's `recvTransport.consume` takes, and what the page wants beside
 * them.
 */
export interface Consumer {
  id: string;
  producerId: string;
  kind: 'audio' | 'video';
  rtpParameters: RtpParameters;
  type: string;
  producerPaused: boolean;
}

/** The answer to a list, in its order. */
export interface Consumers {
  consumers: (Consumer | ConsumeFailure)[];
}

/** Counters as `RTCStats`-like objects. */
export interface Stats {
  stats: unknown[];
}

/** The options that mediasoup-client's `recvTransport.consumeData` takes. */
export interface DataConsumer {
  id: string;
  dataProducerId: string;
  sctpStreamParameters: SctpStreamParameters;
  label: string;
  protocol: string;
}

/** The message as everyone gets it. */
export interface Sent {
  message: ChatMessage;
}

/** Messages, oldest first; fewer than asked for when there are no older ones. */
export interface Messages {
  messages: ChatMessage[];
}

/** The producer of a list that could not be consumed, and why. */
export interface ConsumeFailure {
  producerId: string;
  error: ErrorBody;
}

/** A code and a sentence. */
export interface ErrorBody {
  code: string;
  message: string;
}

/** `participantJoined`. */
export interface ParticipantJoined {
  participantId: string;
  displayName: string;
  role: 'host' | 'participant' | 'viewer';
  joinedAt: number;
  permissions: Permissions;
  handRaised: boolean;
}

/** `participantLeft`; what they published was announced as closed before. */
export interface ParticipantLeft {
  participantId: string;
  reason: 'closed' | 'error' | 'expired' | 'left' | 'removed' | 'replaced' | 'roomEnded' | 'timeout' | 'transportClosed';
}

/** `participantUpdated`: how somebody is now, oneself included when another changed it. */
export interface ParticipantUpdated {
  participantId: string;
  displayName: string;
  role: 'host' | 'participant' | 'viewer';
  permissions: Permissions;
  handRaised: boolean;
}

/** `newProducer`: to everyone but its publisher, once. */
export interface NewProducer {
  producerId: string;
  participantId: string;
  kind: 'audio' | 'video';
  source: 'camera' | 'microphone' | 'screen' | 'screenAudio';
  paused: boolean;
}

/**
 * `producerClosed`: to everyone but its publisher, and to the publisher too when the server closed
 * it.
 */
export interface ProducerClosed {
  producerId: string;
  participantId: string;
  reason: 'closed' | 'error' | 'expired' | 'left' | 'removed' | 'replaced' | 'roomEnded' | 'timeout' | 'transportClosed';
}

/**
 * `producerPaused`: nothing comes until `producerResumed`. To its publisher too when a host did it.
 */
export interface ProducerPaused {
  producerId: string;
  participantId: string;
  by: 'host' | 'owner' | 'screen';
}

/** `producerResumed`. */
export interface ProducerResumed {
  producerId: string;
  participantId: string;
}

/** `consumerClosed`: the server closed one of the receiver's own consumers. */
export interface ConsumerClosed {
  consumerId: string;
  producerId: string;
  reason: 'closed' | 'error' | 'expired' | 'left' | 'removed' | 'replaced' | 'roomEnded' | 'timeout' | 'transportClosed';
}

/** `consumerPaused`: the producer behind one of the receiver's own consumers was paused. */
export interface ConsumerPaused {
  consumerId: string;
  producerId: string;
}

/** `consumerResumed`: that producer was resumed. */
export interface ConsumerResumed {
  consumerId: string;
  producerId: string;
}

/**
 * `consumerLayersChanged`: which of its producer's streams one of the receiver's own consumers is
 * given now. 0 is the smallest. A layer that is not known, or not there, is left out.
 */
export interface ConsumerLayersChanged {
  consumerId: string;
  spatialLayer?: number;
  temporalLayer?: number;
}

/**
 * `consumerScore`: how well one of the receiver's own consumers gets through, from 0 (not at all)
 * to 10. `score` is of the way from the server to the receiver, `producerScore` of the way from the
 * publisher to the server, of the stream that the consumer is given; `producerScores` has all of
 * the producer's streams.
 */
export interface ConsumerScore {
  consumerId: string;
  score: number;
  producerScore: number;
  producerScores: number[];
}

/**
 * `layersWanted`: which layers of the receiver's own producer anybody watches now; it may stop the
 * others. All layers are told, smallest first. A layer comes to be wanted at once, and stops to be
 * after two seconds.
 */
export interface LayersWanted {
  producerId: string;
  layers: WantedLayer[];
}

/**
 * Whether anybody watches a layer of a producer: a simulcast stream, told by its `rid`, or a
 * spatial layer.
 */
export interface WantedLayer {
  spatialLayer: number;
  wanted: boolean;
  rid?: string;
}

/**
 * `producerScore`: how well one's own producer arrives, each of its streams, the smallest first.
 */
export interface ProducerScore {
  producerId: string;
  scores: StreamScore[];
}

/** How well a stream of a producer arrives at the server, from 0 (not at all) to 10. */
export interface StreamScore {
  encodingIdx: number;
  score: number;
  ssrc?: number;
  rid?: string;
}

/**
 * `activeSpeakers`: who can be heard now; nobody when the list is empty. First is who has the
 * floor, which neither a cough takes nor a pause loses; then the others, loudest first.
 */
export interface ActiveSpeakers {
  speakers: Speaker[];
}

/**
 * Somebody who can be heard, with the average volume of their microphone in dBov: -127 is silence,
 * 0 overload.
 */
export interface Speaker {
  participantId: string;
  producerId: string;
  volume: number;
}

/** `newDataProducer`: somebody opened a data channel. */
export interface NewDataProducer {
  dataProducerId: string;
  participantId: string;
  label: string;
  protocol: string;
}

/** `dataProducerClosed`: a data channel is over. */
export interface DataProducerClosed {
  dataProducerId: string;
  participantId: string;
  reason: 'closed' | 'error' | 'expired' | 'left' | 'removed' | 'replaced' | 'roomEnded' | 'timeout' | 'transportClosed';
}

/** `dataConsumerClosed`: one receives a data channel no more, other than by one's own wish. */
export interface DataConsumerClosed {
  dataConsumerId: string;
  dataProducerId: string;
  reason: 'closed' | 'error' | 'expired' | 'left' | 'removed' | 'replaced' | 'roomEnded' | 'timeout' | 'transportClosed';
}

/** `message`: somebody wrote; to everyone, the writer included. */
export interface Message {
  messageId: string;
  participantId: string;
  displayName: string;
  text: string;
  sentAt: number;
  clientMessageId?: string;
}

/** `reaction`: somebody shows an emoji; to everyone, the one who shows it included. */
export interface Reaction {
  participantId: string;
  emoji: string;
}

/** `roomUpdated`: how the room is set now, the whole of it. */
export interface RoomUpdated {
  locked: boolean;
  lobby: boolean;
  hasPassword: boolean;
  permissions: Permissions;
  maxParticipants?: number;
  expiresAt?: number;
}

/** `lobbyKnock`: somebody waits in the lobby. To hosts. */
export interface LobbyKnock {
  knockId: string;
  displayName: string;
}

/** `lobbyKnockEnded`: they wait no more. To hosts. */
export interface LobbyKnockEnded {
  knockId: string;
  outcome: 'admitted' | 'gone' | 'rejected';
}

/**
 * `lobbyRejected`: to who waited in the lobby and does not get in. They may join again. The reason
 * is `removed` when a host rejected them.
 */
export interface LobbyRejected {
  roomId: string;
  reason: 'closed' | 'error' | 'expired' | 'left' | 'removed' | 'replaced' | 'roomEnded' | 'timeout' | 'transportClosed';
}

/** `removed`: a host, or the server, sent one out. The socket closes with 4000 next. */
export interface Removed {
  reason: 'closed' | 'error' | 'expired' | 'left' | 'removed' | 'replaced' | 'roomEnded' | 'timeout' | 'transportClosed';
}

/**
 * `roomEnded`: the call is over for everyone. The socket closes with 4000 next. The reason is
 * `roomEnded` when a host or the server ended it, `expired` when its time was over.
 */
export interface RoomEnded {
  reason: 'closed' | 'error' | 'expired' | 'left' | 'removed' | 'replaced' | 'roomEnded' | 'timeout' | 'transportClosed';
}

/** `serverDraining`: the socket closes with 1001 next; come back in a moment. */
export type ServerDraining = Record<string, never>;

/** `messageRefused`: a message that was no request, so that it could not be answered. */
export interface MessageRefused {
  code: string;
  message: string;
}
