import type { MediaKind } from 'mediasoup-client/types';
import {
  generateConsumerRemoteParameters,
  generateRouterRtpCapabilities,
  generateTransportRemoteParameters,
} from 'mediasoup-client/fakeParameters';
import type {
  ChatMessage,
  JoinResult,
  ParticipantInfo,
  ProducerInfo,
  Snapshot,
  Source,
} from '../../src/protocol/messages';
import type { OwnConsumer } from '../../src/protocol/generated';
import { FakeWebSocket, installFakeWebSocket } from './fakeWebSocket';
import type { SentFrame } from './fakeWebSocket';

type Handler = (data: never, server: FakeServer) => unknown;

/** Returned by a handler: the request stays without an answer. */
export const NO_ANSWER = Symbol('no answer');

const allPermissions = { audio: true, video: true, screen: true, chat: true };

/** What `restartIce` answers with: accounts on TURN servers end. */
export const RENEWED_ICE_SERVERS = [
  { urls: ['turn:turn.example.org'], username: '1700000000:ada', credential: 'renewed' },
];

/** Makes a request fail with a code when thrown by a handler. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`refused with ${code}`);
    this.code = code;
  }
}

/**
 * A meeting server that keeps a list of others and answers as docs/protocol.md says. Each socket opens and
 * each request is answered in a later microtask, as over a network.
 */
export class FakeServer {
  readonly sockets: FakeWebSocket[];
  readonly participants: ParticipantInfo[] = [];
  readonly producers: ProducerInfo[] = [];
  /** Whether new sockets open; when not, they close at once. */
  isReachable = true;
  /** Whether a session whose socket broke is kept, or over as after a restart. */
  keepsSessions = false;
  /** What the page has in the room, as far as the server knows. */
  readonly transports: string[] = [];
  readonly consumers: OwnConsumer[] = [];
  readonly messages: ChatMessage[] = [];
  readonly ownProducers: ProducerInfo[] = [];
  /** What joinRoom and resumeSession say of the page's own rights and of the room. */
  joinAnswer: Pick<JoinResult, 'role' | 'permissions' | 'room' | 'knocks'> = {
    role: 'participant',
    permissions: allPermissions,
    room: { locked: false, lobby: false, hasPassword: false, permissions: allPermissions },
    knocks: [],
  };
  #me = '';
  #nextId = 1;

  readonly handlers: Record<string, Handler> = {
    joinRoom: (data: { roomId: string }) => this.joinResult(data.roomId),
    resumeSession: () => this.snapshot(),
    leaveRoom: () => ({}),
    getRtpCapabilities: () => generateRouterRtpCapabilities(),
    createWebRtcTransport: () => {
      const id = this.#id('transport');
      this.transports.push(id);
      return { ...generateTransportRemoteParameters(), iceServers: [], id };
    },
    connectTransport: () => ({}),
    produce: (data: { kind: MediaKind; source: Source }) => this.#produce(data),
    pauseProducer: () => ({}),
    resumeProducer: () => ({}),
    closeProducer: () => ({}),
    pauseConsumer: () => ({}),
    setPreferredLayers: () => ({}),
    resumeConsumer: () => ({}),
    closeConsumer: () => ({}),
    sendMessage: (data: { text: string; clientMessageId: string }) => ({
      message: this.write(this.#me, 'Maya', data.text, data.clientMessageId),
    }),
    getMessages: () => ({ messages: [] }),
    raiseHand: () => ({}),
    react: () => ({}),
    admit: () => ({}),
    reject: () => ({}),
    muteParticipant: () => ({}),
    removeParticipant: () => ({}),
    setRole: () => ({}),
    setPermissions: () => ({}),
    updateRoom: () => ({}),
    endRoom: () => ({}),
    restartIce: () => ({
      iceParameters: generateTransportRemoteParameters().iceParameters,
      iceServers: RENEWED_ICE_SERVERS,
    }),
    consume: (data: { producerId: string[] }) => ({
      consumers: data.producerId.map((producerId) => this.consumerOf(producerId)),
    }),
  };

  constructor() {
    this.sockets = installFakeWebSocket((socket) => {
      socket.onSent = (frame) => this.#answer(socket, frame);
      queueMicrotask(() => {
        if (this.isReachable) socket.open();
        else socket.breakDown();
      });
    });
  }

  /** The socket of the current session. */
  get socket(): FakeWebSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('the page opened no socket');
    return socket;
  }

  joinResult(roomId: string): JoinResult {
    this.transports.length = this.consumers.length = this.ownProducers.length = 0;
    this.#me = this.#id('me');
    return {
      roomId,
      participantId: this.#me,
      ...this.joinAnswer,
      rtpCapabilities: generateRouterRtpCapabilities(),
      iceServers: [],
      participants: [...this.participants],
      producers: [...this.producers],
      dataProducers: [],
      messages: [...this.messages],
      resumeToken: 'token',
    };
  }

  snapshot(): Snapshot {
    if (!this.keepsSessions) throw new Refusal('NOT_FOUND');
    const { room, permissions, role, knocks } = this.joinAnswer;
    return {
      roomId: 'calm-otter',
      participantId: this.#me,
      role,
      permissions,
      room,
      knocks,
      iceServers: [],
      participants: [
        ...this.participants,
        { ...participant(this.#me, 'Maya', 5), role, permissions },
      ],
      producers: [...this.producers, ...this.ownProducers],
      messages: [...this.messages],
      transports: [...this.transports],
      consumers: [...this.consumers],
      dataProducers: [],
      dataConsumers: [],
    };
  }

  consumerOf(producerId: string): unknown {
    const producer = this.producers.find((one) => one.producerId === producerId);
    if (producer === undefined) {
      return { producerId, error: { code: 'NOT_FOUND', message: 'no such producer' } };
    }
    const { rtpParameters } = generateConsumerRemoteParameters({
      codecMimeType: producer.kind === 'audio' ? 'audio/opus' : 'video/VP8',
    });
    // A camera comes in three streams, a screen in one.
    const scalabilityMode = producer.source === 'camera' ? 'L3T3' : 'L1T3';
    const encodings = rtpParameters.encodings?.map((one) => ({ ...one, scalabilityMode }));
    const id = this.#id('consumer');
    this.consumers.push({ consumerId: id, producerId });
    return {
      id,
      producerId,
      kind: producer.kind,
      rtpParameters: { ...rtpParameters, encodings, mid: id },
      type: 'simple',
      producerPaused: producer.paused,
    };
  }

  /** Somebody else is in the room, announced when the page is there already. */
  addParticipant(participantId: string, displayName: string, joinedAt = 1): void {
    const info = participant(participantId, displayName, joinedAt);
    this.participants.push(info);
    if (this.sockets.length > 0) this.socket.notify('participantJoined', info);
  }

  addProducer(producerId: string, participantId: string, source: Source, paused = false): void {
    const kind: MediaKind = source === 'camera' || source === 'screen' ? 'video' : 'audio';
    const info = { producerId, participantId, kind, source, paused };
    this.producers.push(info);
    if (this.sockets.length > 0) this.socket.notify('newProducer', info);
  }

  /** As the room remembers it: what was sent under the same id before is no second message. */
  write(
    participantId: string,
    displayName: string,
    text: string,
    clientMessageId?: string,
  ): ChatMessage {
    const known = this.messages.find(
      (one) => one.clientMessageId === clientMessageId && clientMessageId !== undefined,
    );
    if (known !== undefined) return known;
    const number = this.messages.length + 1;
    const message = {
      messageId: `m${String(number).padStart(3, '0')}`,
      participantId,
      displayName,
      text,
      sentAt: number * 1_000,
      ...(clientMessageId === undefined ? {} : { clientMessageId }),
    };
    this.messages.push(message);
    return message;
  }

  requests(method: string): unknown[] {
    return this.socket.requests(method).map((frame) => frame.data);
  }

  #produce({ kind, source }: { kind: MediaKind; source: Source }): { id: string } {
    const id = this.#id('producer');
    const info = { producerId: id, participantId: this.#me, kind, source, paused: false };
    this.ownProducers.push(info);
    return { id };
  }

  #answer(socket: FakeWebSocket, frame: SentFrame): void {
    if (frame.request !== true || frame.method === undefined) return;
    const { id, method, data } = frame;
    const handler = this.handlers[method];
    let answer: object;
    try {
      if (handler === undefined) throw new Refusal('UNSUPPORTED');
      const result = handler(data as never, this);
      if (result === NO_ANSWER) return;
      answer = { response: true, id, ok: true, data: result };
    } catch (error) {
      const code = error instanceof Refusal ? error.code : 'INTERNAL';
      answer = { response: true, id, ok: false, errorCode: code, errorReason: String(error) };
    }
    queueMicrotask(() => {
      if (socket.readyState === FakeWebSocket.OPEN) socket.receive(answer);
    });
  }

  #id(what: string): string {
    return `${what}-${this.#nextId++}`;
  }
}

export function participant(
  participantId: string,
  displayName: string,
  joinedAt = 1,
): ParticipantInfo {
  return {
    participantId,
    displayName,
    role: 'participant',
    joinedAt,
    permissions: allPermissions,
    handRaised: false,
  };
}
