import { Device } from 'mediasoup-client';
import type {
  Consumer,
  DeviceOptions,
  IceParameters,
  Producer,
  RtpCapabilities,
  Transport,
} from 'mediasoup-client/types';
import { RequestError } from '../protocol/errors';
import { isConsumeFailure } from '../protocol/messages';
import type { ConsumerInfo, Method, ProducerInfo, Requests, Source } from '../protocol/messages';
import { profileOf } from './sendingProfiles';

/** How many producers one `consume` may name. */
const CONSUME_BATCH = 100;

/** The part of a connection that media needs. */
export interface Requester {
  request<M extends Method>(method: M, data: Requests[M]['data']): Promise<Requests[M]['result']>;
}

export interface Transports {
  send: Transport;
  recv: Transport;
}

/**
 * Media of one joined session: a mediasoup Device, its two transports, and what goes over them. It
 * makes the requests that mediasoup-client asks for and keeps no state of the room.
 */
export class MediaSoupClientService {
  readonly #requester: Requester;
  readonly #device: Device;
  #transports: Transports | null = null;
  #closed = false;

  private constructor(requester: Requester, device: Device) {
    this.#requester = requester;
    this.#device = device;
  }

  /** Loads a Device with the router's capabilities. Rejects when the browser has no WebRTC. */
  static async load(
    requester: Requester,
    routerRtpCapabilities: RtpCapabilities,
    options: DeviceOptions = {},
  ): Promise<MediaSoupClientService> {
    const device = new Device(options);
    await device.load({ routerRtpCapabilities });
    return new MediaSoupClientService(requester, device);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get rtpCapabilities(): RtpCapabilities {
    return this.#device.recvRtpCapabilities;
  }

  /** Makes both transports in one round trip. They connect by themselves when media first flows. */
  async createTransports(): Promise<Transports> {
    const [sendInfo, recvInfo] = await Promise.all([
      this.#requester.request('createWebRtcTransport', { direction: 'send' }),
      this.#requester.request('createWebRtcTransport', { direction: 'recv' }),
    ]);
    if (this.#closed)
      throw new RequestError('DISCONNECTED', 'the call is over', 'createTransports');
    const send = this.#device.createSendTransport(sendInfo);
    const recv = this.#device.createRecvTransport(recvInfo);
    for (const transport of [send, recv]) {
      transport.on('connect', ({ dtlsParameters }, done, fail) => {
        this.#requester
          .request('connectTransport', { transportId: transport.id, dtlsParameters })
          .then(done, fail);
      });
    }
    send.on('produce', ({ kind, rtpParameters, appData }, done, fail) => {
      const { source, ...rest } = appData as { source: Source };
      this.#requester
        .request('produce', {
          transportId: send.id,
          kind,
          rtpParameters,
          source,
          appData: rest,
        })
        .then(done, fail);
    });
    this.#transports = { send, recv };
    return this.#transports;
  }

  /** Sends a track as `source`. The track stays the caller's: closing the producer does not stop it. */
  async produce(track: MediaStreamTrack, source: Source): Promise<Producer> {
    const { send } = this.#opened('produce');
    const { width, height } = track.getSettings();
    const shorter = width !== undefined && height !== undefined ? Math.min(width, height) : height;
    return send.produce({
      track,
      ...profileOf(source, this.#device.sendRtpCapabilities, shorter),
      stopTracks: false,
      disableTrackOnPause: true,
      zeroRtpOnPause: false,
      appData: { source },
    });
  }

  /**
   * Consumes producers, a hundred in one request. `onConsumer` is called for each as soon as the browser can receive
   * it, to have it resumed: the server makes them paused, or the first keyframe would be lost. A producer that is
   * gone, or that this browser cannot decode, is left out.
   */
  async consume(
    producers: ProducerInfo[],
    onConsumer: (consumer: Consumer) => Promise<void>,
  ): Promise<void> {
    const { recv } = this.#opened('consume');
    for (let start = 0; start < producers.length; start += CONSUME_BATCH) {
      await this.#consumeBatch(recv, producers.slice(start, start + CONSUME_BATCH), onConsumer);
    }
  }

  /** Renews a transport's ICE credentials: the way back after a change of network. */
  async restartIce(transport: Transport): Promise<void> {
    const { iceParameters, iceServers } = await this.#requester.request('restartIce', {
      transportId: transport.id,
    });
    // Firefox cannot change them; its account on a TURN server is then the one of the beginning.
    await transport.updateIceServers({ iceServers }).catch(() => undefined);
    await transport.restartIce({ iceParameters: iceParameters satisfies IceParameters });
  }

  /** Everything the browser knows about both transports, as plain objects. */
  async getStats(): Promise<{ send: unknown[]; recv: unknown[] }> {
    if (this.#transports === null || this.#closed) return { send: [], recv: [] };
    const [send, recv] = await Promise.all([
      this.#transports.send.getStats(),
      this.#transports.recv.getStats(),
    ]);
    return { send: valuesOf(send), recv: valuesOf(recv) };
  }

  /** Closes transports, producers and consumers on this side only. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transports?.send.close();
    this.#transports?.recv.close();
    this.#transports = null;
  }

  async #consumeBatch(
    recv: Transport,
    producers: ProducerInfo[],
    onConsumer: (consumer: Consumer) => Promise<void>,
  ): Promise<void> {
    const { consumers } = await this.#requester.request('consume', {
      transportId: recv.id,
      producerId: producers.map((producer) => producer.producerId),
      rtpCapabilities: this.#device.recvRtpCapabilities,
    });
    const made = consumers
      .filter((entry): entry is ConsumerInfo => !isConsumeFailure(entry))
      .map(async (info) => {
        const producer = producers.find((candidate) => candidate.producerId === info.producerId);
        await onConsumer(await recv.consume({ ...info, streamId: streamIdOf(producer) }));
      });
    for (const outcome of await Promise.allSettled(made)) {
      if (outcome.status === 'rejected' && !isGone(outcome.reason)) throw outcome.reason;
    }
  }

  #opened(method: string): Transports {
    if (this.#transports === null) {
      throw new RequestError('DISCONNECTED', 'there are no transports', method);
    }
    return this.#transports;
  }
}

/** A consumer that went away while it was being made is no error: the room says so by itself. */
function isGone(error: unknown): boolean {
  return error instanceof RequestError && error.code === 'NOT_FOUND';
}

/** One stream id for the tracks that belong together: the browser keeps those in sync. */
function streamIdOf(producer: ProducerInfo | undefined): string | undefined {
  if (producer === undefined) return undefined;
  const isScreen = producer.source === 'screen' || producer.source === 'screenAudio';
  return `${producer.participantId}-${isScreen ? 'screen' : 'main'}`;
}

function valuesOf(report: RTCStatsReport): unknown[] {
  const values: unknown[] = [];
  report.forEach((value: unknown) => values.push(value));
  return values;
}
