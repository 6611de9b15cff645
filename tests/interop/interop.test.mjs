/** Clients that nobody here wrote, against `videocall serve`: media has to flow both ways. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../browser/harness/wait.mjs';
import { startServer } from '../browser/harness/server.mjs';
import { startAiortc } from './aiortc.mjs';
import { NodeClient } from './node_client.mjs';

/** @import { Server } from '../browser/harness/server.mjs' */

/** One side of the picture is bright and the other dark: 160 apart when sent. A frozen or grey picture is not. */
const LUMA_RANGE = 100;

/** A tenth of a second of the tone that is sent (amplitude 0.24 of full scale, 48,000 samples a second). */
const ENERGY = 0.5 * 0.24 ** 2 * 4_800;

/** @type {Server} */
let server;

before(async () => void (server = await startServer()));
after(() => server.stop());

/**
 * @param {NodeClient} client
 * @param {number} count of participants whose media has to come
 */
function mediaArrives(client, count) {
  const all = () => [...client.media.values()];
  return until(
    `pictures and sounds of ${count} arrive at ${client.joined.participantId}`,
    () => {
      assert.deepEqual(client.errors, []);
      const pictures = all().filter(
        ({ received }) => received.frames >= 30 && received.lumaRange >= LUMA_RANGE,
      );
      const sounds = all().filter(({ received }) => received.energy >= ENERGY);
      return pictures.length === count && sounds.length === count;
    },
    { describe: all },
  );
}

test('mediasoup-client on Node, two of them', async (t) => {
  const first = await NodeClient.join(server.url, 'node', 'first');
  t.after(() => first.close());
  const second = await NodeClient.join(server.url, 'node', 'second');
  t.after(() => second.close());
  await Promise.all([mediaArrives(first, 1), mediaArrives(second, 1)]);
});

test('pymediasoup on aiortc, with mediasoup-client on Node', async (t) => {
  const node = await NodeClient.join(server.url, 'aiortc', 'node');
  t.after(() => node.close());
  const aiortc = startAiortc(server.url, 'aiortc', 'aiortc');
  t.after(() => aiortc.stop());
  await mediaArrives(node, 1);
  await until('pictures and sounds arrive at aiortc', () => {
    const { media } = aiortc.report();
    return (
      media.some(
        ({ kind, frames, lumaRange }) => kind === 'video' && frames >= 30 && lumaRange >= LUMA_RANGE,
      ) && media.some(({ kind, energy }) => kind === 'audio' && energy >= ENERGY)
    );
  });
});

test('two clients on aiortc', async (t) => {
  const clients = ['first', 'second'].map((name) => startAiortc(server.url, 'aiortc-two', name));
  for (const client of clients) t.after(() => client.stop());
  for (const client of clients) {
    await until('pictures and sounds arrive', () => {
      const { media } = client.report();
      return (
        media.some(
          ({ kind, frames, lumaRange }) => kind === 'video' && frames >= 30 && lumaRange >= LUMA_RANGE,
        ) && media.some(({ kind, energy }) => kind === 'audio' && energy >= ENERGY)
      );
    });
  }
});
