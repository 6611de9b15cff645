/** mediasoup-client, unmodified, on Node: a participant that sends pictures and a tone and takes all that others send. */

import wrtc from '@roamhq/wrtc';
import { Device } from 'mediasoup-client';

/** @import { Transport } from 'mediasoup-client/types' */

import { pictures, receive, tone } from './node_media.mjs';
import { ProtooClient } from './protoo.mjs';

/** @import { Received } from './node_media.mjs' */

// mediasoup-client looks for these as a page would.
Object.assign(globalThis, {
  RTCPeerConnection: wrtc.RTCPeerConnection,
  RTCSessionDescription: wrtc.RTCSessionDescription,
  RTCIceCandidate: wrtc.RTCIceCandidate,
  MediaStream: wrtc.MediaStream,
  MediaStreamTrack: wrtc.MediaStreamTrack,
});

export class NodeClient {
  /** @type {Map<string, { kind: string, received: Received }>} what comes in, by producer */
  media = new Map();

  /** @type {Error[]} what went wrong while consuming */
  errors = [];

  /** @type {(() => void)[]} */
  #closers = [];

  /**
   * @param {ProtooClient} protoo
   * @param {any} joined what joinRoom answered
   * @param {Device} device
   */
  constructor(protoo, joined, device) {
    this.protoo = protoo;
    this.joined = joined;
    this.device = device;
  }

  /**
   * Join a room, send a picture and a tone, and take what others send, now and later.
   *
   * @param {string} url
   * @param {string} roomId
   * @param {string} displayName
   */
  static async join(url, roomId, displayName) {
    const protoo = await ProtooClient.connect(url, { roomId, peerId: displayName });
    const joined = await protoo.request('joinRoom', { displayName });
    const device = new Device({ handlerName: 'Chrome111' });
    await device.load({ routerRtpCapabilities: joined.rtpCapabilities });
    const client = new NodeClient(protoo, joined, device);
    const receiving = await client.#transport('recv');
    /** @param {any} producer */
    const take = (producer) =>
      client
        .#consume(receiving, producer)
        .catch((/** @type {Error} */ error) => void client.errors.push(error));
    protoo.onNotification = (method, data) => {
      if (method === 'newProducer') void take(data);
    };
    await Promise.all(joined.producers.map(take));
    await client.#produce();
    return client;
  }

  close() {
    for (const close of this.#closers) close();
    this.protoo.close();
  }

  /**
   * @param {'send' | 'recv'} direction
   * @returns {Promise<Transport>}
   */
  async #transport(direction) {
    const options = await this.protoo.request('createWebRtcTransport', { direction });
    const transport =
      direction === 'send'
        ? this.device.createSendTransport(options)
        : this.device.createRecvTransport(options);
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      this.protoo
        .request('connectTransport', { transportId: transport.id, dtlsParameters })
        .then(done, failed);
    });
    transport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      this.protoo
        .request('produce', { transportId: transport.id, kind, rtpParameters, appData })
        .then(done, failed);
    });
    this.#closers.push(() => transport.close());
    return transport;
  }

  async #produce() {
    const sending = await this.#transport('send');
    for (const source of [tone(), pictures()]) {
      this.#closers.push(source.stop);
      await sending.produce({ track: source.track });
    }
  }

  /**
   * @param {Transport} receiving
   * @param {any} producer
   */
  async #consume(receiving, { producerId }) {
    const answer = await this.protoo.request('consume', {
      transportId: receiving.id,
      producerId,
      rtpCapabilities: this.device.recvRtpCapabilities,
    });
    const consumer = await receiving.consume(answer);
    this.media.set(producerId, { kind: consumer.kind, received: receive(consumer.track) });
    await this.protoo.request('resumeConsumer', { consumerId: consumer.id });
  }
}
