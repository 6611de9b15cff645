import type { Producer, RtpCapabilities, Transport } from 'mediasoup-client/types';
import type {
  ChatMessage,
  Knock,
  ParticipantInfo,
  Permissions,
  ProducerInfo,
  Requests,
  Role,
  RoomSettings,
  Source,
} from '../protocol/messages';
import type { Failure } from '../protocol/sentences';
import { noDevices } from '../services/deviceService';
import type { DeviceKind, DeviceList, DeviceProblem } from '../services/deviceService';
import type { Size } from '../services/layers';
import type { Preferences } from '../services/preferences';

/**
 * prejoin: choosing name and devices; joining: the first connection; lobby: waiting for a host to open; call;
 * ended: for good.
 */
export type Phase = 'prejoin' | 'joining' | 'lobby' | 'call' | 'ended';

/** What is open beside the tiles. */
export type Panel = 'chat' | 'people';

/** A message that the server has not confirmed. */
export interface PendingMessage {
  clientMessageId: string;
  text: string;
  /** Why the server refused it; null while it is on its way, over breaks of the connection too. */
  refusal: string | null;
}

/** An emoji that somebody shows for a moment. */
export interface ShownReaction {
  id: number;
  participantId: string;
  emoji: string;
}

/** A broken signaling connection that the page is trying to mend. */
export interface Reconnect {
  /** How many attempts were made so far. */
  attempt: number;
  /** When the next one starts (milliseconds since the epoch), or null while one is under way. */
  retryAt: number | null;
}

export interface Notice {
  id: number;
  tone: 'info' | 'warning';
  text: string;
}

/** What arrives from one participant, by source. */
export type RemoteStreams = Partial<Record<Source, MediaStream>>;

export interface SessionState {
  phase: Phase;
  roomId: string;
  displayName: string;
  /** This participant's id; null outside a call. A new one after each rejoin. */
  participantId: string | null;
  /** Everybody in the room, this participant too, in the order of joining. */
  participants: ReadonlyMap<string, ParticipantInfo>;
  /** What the others send. */
  producers: ReadonlyMap<string, ProducerInfo>;
  /** How the room is set; null outside a call. */
  room: RoomSettings | null;
  /** Who waits in the lobby; only hosts are told. */
  knocks: readonly Knock[];
  /** What was written, oldest first. */
  messages: readonly ChatMessage[];
  hasOlderMessages: boolean;
  pendingMessages: readonly PendingMessage[];
  /** Messages of others since the chat was last open. */
  unread: number;
  reactions: readonly ShownReaction[];
  panel: Panel | null;
  /** Who speaks, as the server says; null when it says nothing, then the page listens by itself. */
  speakers: ReadonlySet<string> | null;
  /** The room has a password that this participant has not given. */
  isPasswordWanted: boolean;
  reconnect: Reconnect | null;
  /** Signaling works but media does not flow. */
  isMediaInterrupted: boolean;
  joinError: Failure | null;
  ended: Failure | null;
  notices: readonly Notice[];
}

export interface MediaState {
  isMediaSoupInitialized: boolean;
  /** What this browser can receive from the room's router. */
  rtpCapabilities: RtpCapabilities | null;
  sendTransport: Transport | null;
  recvTransport: Transport | null;
  audioProducer: Producer | null;
  videoProducer: Producer | null;
  screenProducer: Producer | null;
  screenAudioProducer: Producer | null;
  /** By participant. */
  remoteStreams: ReadonlyMap<string, RemoteStreams>;
}

/** Where each source's producer stands in the state. */
export const producerSlots = {
  microphone: 'audioProducer',
  camera: 'videoProducer',
  screen: 'screenProducer',
  screenAudio: 'screenAudioProducer',
} as const satisfies Record<Source, keyof MediaState>;

export interface DeviceState {
  devices: DeviceList;
  microphoneId: string;
  cameraId: string;
  speakerId: string;
  /** What the user wants; the tracks follow. */
  isMicrophoneOn: boolean;
  isCameraOn: boolean;
  isScreenOn: boolean;
  microphoneTrack: MediaStreamTrack | null;
  cameraTrack: MediaStreamTrack | null;
  screenTrack: MediaStreamTrack | null;
  /** Why a device that was asked for gives nothing. */
  problems: Record<DeviceKind, DeviceProblem | null>;
  /** A permission prompt may be open. */
  isOpeningDevices: boolean;
}

export interface Actions {
  /** Loads the mediasoup Device with the router's capabilities. */
  initializeMediaSoup: (routerRtpCapabilities: RtpCapabilities) => Promise<void>;
  createTransports: () => Promise<void>;
  /** Sends a source's track, opening the device when it is not open. Does nothing before a call. */
  startProducing: (source: 'microphone' | 'camera' | 'screen') => Promise<void>;
  /** Mutes the microphone, turns the camera off (its light too), or ends the screen share. */
  stopProducing: (source: 'microphone' | 'camera' | 'screen') => Promise<void>;
  /** Brings what is sent into line with what is wanted, after a new connection. */
  syncProducing: () => Promise<void>;
  /** Consumes everything that the others send and that is not consumed yet. */
  consumeMedia: () => Promise<void>;
  /**
   * Says how large each participant's picture is shown, in device pixels, and null where it is out of sight: nothing
   * is received that is not seen, and nothing larger than it is seen.
   */
  showTiles: (shown: ReadonlyMap<string, Size | null>) => void;
  /** Closes transports, producers and consumers; devices stay open. */
  cleanupMediaSoup: () => void;

  /** Goes to the prejoin phase of a room, whatever was before; with '' to no room, devices closed. */
  enterRoom: (roomId: string) => void;
  join: (displayName: string, password?: string) => Promise<void>;
  leave: () => void;
  /** Does not wait for the next attempt to reconnect; in a call that seems well, makes sure that it is. */
  retryNow: () => void;
  /** The browser says that the network is back, or another. */
  networkChanged: () => void;
  dismissNotice: (id: number) => void;

  /** Goes to everyone in the room, now or when the connection is back. */
  sendMessage: (text: string) => Promise<void>;
  /** Forgets a message that was refused. */
  dropMessage: (clientMessageId: string) => void;
  /** Sends what was written while the connection was broken. */
  flushMessages: () => Promise<void>;
  loadOlderMessages: () => Promise<void>;
  openPanel: (panel: Panel | null) => void;
  // These resolve with false when the server refused; the user has been told then.
  raiseHand: (isRaised: boolean) => Promise<boolean>;
  react: (emoji: string) => Promise<boolean>;
  admit: (knockId: string) => Promise<boolean>;
  reject: (knockId: string) => Promise<boolean>;
  /** Their microphone, unless other sources are named. */
  muteParticipant: (participantId: string, sources?: Source[]) => Promise<boolean>;
  removeParticipant: (participantId: string) => Promise<boolean>;
  setRole: (participantId: string, role: Role) => Promise<boolean>;
  setPermissions: (participantId: string, permissions: Permissions) => Promise<boolean>;
  updateRoom: (change: Requests['updateRoom']['data']) => Promise<boolean>;
  endRoom: () => Promise<boolean>;

  /** Opens the wanted devices for the preview, with one prompt. */
  openPreview: () => Promise<void>;
  refreshDevices: () => Promise<void>;
  toggleMicrophone: () => Promise<void>;
  toggleCamera: () => Promise<void>;
  toggleScreen: () => Promise<void>;
  chooseDevice: (kind: DeviceKind | 'speaker', deviceId: string) => Promise<void>;
  getStats: () => Promise<{ send: unknown[]; recv: unknown[] }>;
}

export type VideoCallState = SessionState & MediaState & DeviceState & Actions;

/** This participant as the room sees them; undefined outside a call. */
export function selfOf(
  state: Pick<SessionState, 'participantId' | 'participants'>,
): ParticipantInfo | undefined {
  return state.participantId === null ? undefined : state.participants.get(state.participantId);
}

export const noMedia: MediaState = {
  isMediaSoupInitialized: false,
  rtpCapabilities: null,
  sendTransport: null,
  recvTransport: null,
  audioProducer: null,
  videoProducer: null,
  screenProducer: null,
  screenAudioProducer: null,
  remoteStreams: new Map(),
};

export const noSession: SessionState = {
  phase: 'prejoin',
  roomId: '',
  displayName: '',
  participantId: null,
  participants: new Map(),
  producers: new Map(),
  room: null,
  knocks: [],
  messages: [],
  hasOlderMessages: false,
  pendingMessages: [],
  unread: 0,
  reactions: [],
  panel: null,
  speakers: null,
  isPasswordWanted: false,
  reconnect: null,
  isMediaInterrupted: false,
  joinError: null,
  ended: null,
  notices: [],
};

export function initialDevices(preferences: Preferences): DeviceState {
  return {
    devices: noDevices,
    microphoneId: preferences.microphoneId,
    cameraId: preferences.cameraId,
    speakerId: preferences.speakerId,
    isMicrophoneOn: preferences.isMicrophoneWanted,
    isCameraOn: preferences.isCameraWanted,
    isScreenOn: false,
    microphoneTrack: null,
    cameraTrack: null,
    screenTrack: null,
    problems: { microphone: null, camera: null },
    isOpeningDevices: false,
  };
}
