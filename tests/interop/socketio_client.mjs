/**
 * A participant on socket.io-client and mediasoup-client, both unmodified, written as the frontend of an Express and
 * mediasoup backend is: events with acknowledgements, and `roomJoined` as an event.
 *
 * Usage: socketio_client.mjs URL ROOM NAME TRANSPORTS, such as `polling,websocket`. It prints one JSON object a line, two a
 * second, takes the lines `close`, to publish no more, and `break`, to lose its socket, and ends when its input does.
 */

import { createInterface } from 'node:readline';

import { Device } from 'mediasoup-client';
import { io } from 'socket.io-client';

import './node_globals.mjs';
import { pictures, receive, tone } from './node_media.mjs';

/** @import { Producer, Transport } from 'mediasoup-client/types' */
/** @import { Received } from './node_media.mjs' */

const REPORT_MS = 500;

const [url = '', roomId = '', displayName = '', transports = ''] = process.argv.slice(2);

/** @type {Map<string, { kind: string, received: Received, stop: () => void }>} what comes in, by producer */
const media = new Map();

/** @type {string[]} */
const errors = [];

/** @type {string[]} names */
const events = [];

/** @type {Producer[]} */
const producers = [];

const device = new Device({ handlerName: 'Chrome111' });
const socket = io(url, {
  query: { roomId, peerId: displayName },
  transports: transports.split(','),
  reconnectionDelay: 100,
});

/** @type {any} */
let joined;

/** @type {(transport: Transport) => void} */
let canReceive;

/** @type {Promise<Transport>} producers may be announced before it is made */
const receiving = new Promise((resolve) => (canReceive = resolve));

/**
 * @param {string} method
 * @param {object} [data]
 * @returns {Promise<any>}
 */
async function request(method, data = {}) {
  const answer = await socket.timeout(20_000).emitWithAck(method, data);
  if (answer.error) throw new Error(`${method}: ${answer.error.code}: ${answer.error.message}`);
  return answer;
}

/** @param {Error} error */
const note = (error) => void errors.push(error.stack ?? String(error));

/** @param {'send' | 'recv'} direction */
async function createTransport(direction) {
  const options = await request('createWebRtcTransport', { direction });
  const transport =
    direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
  transport.on('connect', ({ dtlsParameters }, done, failed) => {
    request('connectTransport', { transportId: transport.id, dtlsParameters }).then(done, failed);
  });
  transport.on('produce', ({ kind, rtpParameters }, done, failed) => {
    request('produce', { transportId: transport.id, kind, rtpParameters }).then(done, failed);
  });
  return transport;
}

/** @param {{ producerId: string }} producer */
async function consume({ producerId }) {
  const transport = await receiving;
  const rtpCapabilities = device.recvRtpCapabilities;
  const options = await request('consume', { transportId: transport.id, producerId, rtpCapabilities });
  const consumer = await transport.consume(options);
  media.set(producerId, { kind: consumer.kind, ...receive(consumer.track) });
  await request('resumeConsumer', { consumerId: consumer.id });
}

/** @param {any} data what `roomJoined` brings */
async function begin(data) {
  joined = data;
  await device.load({ routerRtpCapabilities: data.rtpCapabilities });
  const sending = await createTransport('send');
  canReceive(await createTransport('recv'));
  await Promise.all(data.producers.map(consume));
  for (const { track } of [tone(), pictures()]) producers.push(await sending.produce({ track }));
}

socket.onAny((name) => events.push(name));
socket.once('roomJoined', (data) => void begin(data).catch(note));
socket.on('messageRefused', ({ code, message }) => note(new Error(`${code}: ${message}`)));
socket.on('newProducer', (producer) => void consume(producer).catch(note));
socket.on('producerClosed', ({ producerId }) => {
  media.get(producerId)?.stop();
  media.delete(producerId);
});
socket.on('connect', () => {
  // Nobody waits for the first answer: the event says it.
  if (joined === undefined) socket.emit('joinRoom', { displayName });
  else request('resumeSession', { resumeToken: joined.resumeToken }).then(() => events.push('resumed'), note);
});

createInterface(process.stdin).on('line', (line) => {
  if (line === 'break') {
    // As when the network is gone: no goodbye, neither of Socket.IO nor of the WebSocket.
    /** @type {any} */ (socket.io.engine.transport).ws._socket.destroy();
    return;
  }
  for (const producer of producers) {
    producer.close();
    request('closeProducer', { producerId: producer.id }).catch(note);
  }
});

setInterval(() => {
  if (joined === undefined && errors.length === 0) return;
  const received = [...media.values()].map(({ kind, received }) => ({ kind, ...received }));
  const transport = socket.io.engine.transport.name;
  console.log(
    JSON.stringify({ participantId: joined?.participantId, media: received, errors, events, transport }),
  );
}, REPORT_MS);

process.stdin.on('end', () => {
  // The goodbye is out then. @roamhq/wrtc can crash while Node takes its native objects down one by one; so let the system
  // take all of them.
  socket.io.engine.once('close', () => process.kill(process.pid, 'SIGKILL'));
  socket.disconnect();
});
