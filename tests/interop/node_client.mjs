/**
 * A participant on mediasoup-client, unmodified, and @roamhq/wrtc: sends a picture and a tone, takes all that others send,
 * and reports.
 *
 * Usage: node_client.mjs URL ROOM NAME. It prints one JSON object a line, two a second, and ends when its input does.
 */

import { Device } from 'mediasoup-client';

import './node_globals.mjs';

/** @import { Transport } from 'mediasoup-client/types' */

import { pictures, receive, tone } from './node_media.mjs';
import { ProtooClient } from './protoo.mjs';

/** @import { Received } from './node_media.mjs' */

class NodeClient {
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
    // Some may have been announced while the transport was made.
    for (const { method, data } of protoo.notifications) protoo.onNotification(method, data);
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
    const { received, stop } = receive(consumer.track);
    this.#closers.push(stop);
    this.media.set(producerId, { kind: consumer.kind, received });
    await this.protoo.request('resumeConsumer', { consumerId: consumer.id });
  }
}

const REPORT_MS = 500;

const [url = '', roomId = '', name = ''] = process.argv.slice(2);
const client = await NodeClient.join(url, roomId, name);
setInterval(() => {
  const media = [...client.media.values()].map(({ kind, received }) => ({ kind, ...received }));
  console.log(
    JSON.stringify({ participantId: client.joined.participantId, media, errors: client.errors.map(String) }),
  );
}, REPORT_MS);
process.stdin.resume().on('end', () => {
  client.close();
  // @roamhq/wrtc can crash while Node takes its native objects down one by one; so let the system take all of them.
  process.kill(process.pid, 'SIGKILL');
});
