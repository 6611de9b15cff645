import type { MediaKind } from 'mediasoup-client/types';
import {
  generateConsumerRemoteParameters,
  generateRouterRtpCapabilities,
  generateTransportRemoteParameters,
} from 'mediasoup-client/fakeParameters';
import type {
  JoinResult,
  ParticipantInfo,
  ProducerInfo,
  Source,
} from '../../src/protocol/messages';
import { FakeWebSocket, installFakeWebSocket } from './fakeWebSocket';
import type { SentFrame } from './fakeWebSocket';

type Handler = (data: never, server: FakeServer) => unknown;

/** Makes a request fail with a code when thrown by a handler. */
const allPermissions = { audio: true, video: true, screen: true, chat: true };

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
  #nextId = 1;

  readonly handlers: Record<string, Handler> = {
    joinRoom: (data: { roomId: string }) => this.joinResult(data.roomId),
    leaveRoom: () => ({}),
    createWebRtcTransport: () => ({
      ...generateTransportRemoteParameters(),
      iceServers: [],
      id: this.#id('transport'),
    }),
    connectTransport: () => ({}),
    produce: () => ({ id: this.#id('producer') }),
    pauseProducer: () => ({}),
    resumeProducer: () => ({}),
    closeProducer: () => ({}),
    resumeConsumer: () => ({}),
    restartIce: () => ({
      iceParameters: generateTransportRemoteParameters().iceParameters,
      iceServers: [],
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
    return {
      roomId,
      participantId: this.#id('me'),
      role: 'participant',
      permissions: allPermissions,
      room: { locked: false, lobby: false, hasPassword: false, permissions: allPermissions },
      rtpCapabilities: generateRouterRtpCapabilities(),
      iceServers: [],
      participants: [...this.participants],
      producers: [...this.producers],
      messages: [],
      knocks: [],
      resumeToken: 'token',
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
    const id = this.#id('consumer');
    return {
      id,
      producerId,
      kind: producer.kind,
      rtpParameters: { ...rtpParameters, mid: id },
      type: 'simple',
      producerPaused: producer.paused,
    };
  }

  /** Somebody else is in the room, announced when the page is there already. */
  addParticipant(participantId: string, displayName: string, joinedAt = 1): void {
    const info: ParticipantInfo = {
      participantId,
      displayName,
      role: 'participant',
      joinedAt,
      permissions: allPermissions,
      handRaised: false,
    };
    this.participants.push(info);
    if (this.sockets.length > 0) this.socket.notify('participantJoined', info);
  }

  addProducer(producerId: string, participantId: string, source: Source, paused = false): void {
    const kind: MediaKind = source === 'camera' || source === 'screen' ? 'video' : 'audio';
    const info = { producerId, participantId, kind, source, paused };
    this.producers.push(info);
    if (this.sockets.length > 0) this.socket.notify('newProducer', info);
  }

  requests(method: string): unknown[] {
    return this.socket.requests(method).map((frame) => frame.data);
  }

  #answer(socket: FakeWebSocket, frame: SentFrame): void {
    if (frame.request !== true || frame.method === undefined) return;
    const { id, method, data } = frame;
    const handler = this.handlers[method];
    let answer: object;
    try {
      if (handler === undefined) throw new Refusal('UNSUPPORTED');
      answer = { response: true, id, ok: true, data: handler(data as never, this) };
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
