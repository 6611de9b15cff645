/**
 * A participant on mediasoup-client, unmodified, and @roamhq/wrtc that only speaks on data channels: an ordered one and a
 * partially reliable one, on which it says numbers; and hears what others say on theirs.
 *
 * Usage: node_data_client.mjs URL ROOM NAME. It prints one JSON object a line, five a second: what it heard of each
 * channel, by label. It ends when its input does.
 */

import { Device } from 'mediasoup-client';

import './node_globals.mjs';
import { ProtooClient } from './protoo.mjs';

/** @import { DataProducer, Transport } from 'mediasoup-client/types' */

const [url = '', roomId = '', name = ''] = process.argv.slice(2);
const protoo = await ProtooClient.connect(url, { roomId, peerId: name });
const joined = await protoo.request('joinRoom', { displayName: name });
const device = new Device({ handlerName: 'Chrome111' });
await device.load({ routerRtpCapabilities: joined.rtpCapabilities });

/** @type {Record<string, unknown[]>} what was heard, by label */
const heard = {};
/** @type {string[]} */
const errors = [];

/**
 * @param {'send' | 'recv'} direction
 * @returns {Promise<Transport>}
 */
async function createTransport(direction) {
  const options = await protoo.request('createWebRtcTransport', { direction });
  const transport =
    direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
  transport.on('connect', ({ dtlsParameters }, done, failed) => {
    protoo.request('connectTransport', { transportId: transport.id, dtlsParameters }).then(done, failed);
  });
  transport.on('producedata', ({ sctpStreamParameters, label, protocol }, done, failed) => {
    protoo
      .request('produceData', { transportId: transport.id, sctpStreamParameters, label, protocol })
      .then(done, failed);
  });
  return transport;
}

const receiving = await createTransport('recv');

/** @param {{ dataProducerId: string }} channel */
async function listen({ dataProducerId }) {
  const answer = await protoo.request('consumeData', { transportId: receiving.id, dataProducerId });
  const consumer = await receiving.consumeData(answer);
  const messages = (heard[consumer.label] ??= []);
  consumer.on('message', (/** @type {string | ArrayBuffer} */ message) => {
    messages.push(typeof message === 'string' ? message : [...new Uint8Array(message)]);
  });
}

/** @param {{ dataProducerId: string }} channel */
const take = (channel) =>
  void listen(channel).catch((/** @type {Error} */ error) => errors.push(String(error)));
protoo.onNotification = (/** @type {string} */ method, /** @type {any} */ data) => {
  if (method === 'newDataProducer') take(data);
};
// Some may have been announced while the transport was made.
for (const { method, data } of protoo.notifications) protoo.onNotification(method, data);
joined.dataProducers.forEach(take);

const sending = await createTransport('send');
/** @type {DataProducer[]} */
const channels = [
  await sending.produceData({ label: `${name} ordered`, ordered: true }),
  await sending.produceData({ label: `${name} unordered`, ordered: false, maxRetransmits: 0, protocol: 'p' }),
];
let count = 0;
setInterval(() => {
  for (const channel of channels) {
    if (channel.readyState !== 'open') continue;
    channel.send(`${count}`);
    channel.send(new Uint8Array([count % 256, 0, 255]));
  }
  count += 1;
}, 50);

setInterval(() => {
  console.log(JSON.stringify({ heard, errors }));
}, 200);
process.stdin.resume().on('end', () => {
  protoo.close();
  // As in node_client.mjs.
  process.kill(process.pid, 'SIGKILL');
});
