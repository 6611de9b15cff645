/** Clients that nobody here wrote, against `videocall serve`: media has to flow both ways. */

import { after, before, test } from 'node:test';

import { until } from '../browser/harness/wait.mjs';
import { launchChromium } from '../browser/harness/browsers.mjs';
import { Participant } from '../browser/harness/participant.mjs';
import { startServer } from '../browser/harness/server.mjs';
import { startClient } from './clients.mjs';

/** @import { Client } from './clients.mjs' */
/** @import { Server } from '../browser/harness/server.mjs' */

/** What is sent has bright and dark parts, 160 apart (and so has Chromium's fake camera). A grey picture has not. */
const LUMA_RANGE = 100;

/** A tenth of a second of the tone that is sent (amplitude 0.24 of full scale, 48,000 samples a second). */
const ENERGY = 0.5 * 0.24 ** 2 * 4_800;

/** @type {Server} */
let server;

before(async () => void (server = await startServer()));
after(() => server.stop());

/**
 * Wait until a moving picture and a tone have come from the one other participant.
 *
 * @param {Client} client
 */
function mediaArrives(client) {
  return until(
    `a picture and a tone arrive at ${client.name}`,
    () => {
      const { media } = client.report();
      return (
        media.some(
          ({ kind, frames, lumaRange }) => kind === 'video' && frames >= 30 && lumaRange >= LUMA_RANGE,
        ) && media.some(({ kind, energy }) => kind === 'audio' && energy >= ENERGY)
      );
    },
    { describe: () => client.report() },
  );
}

/** @type {['aiortc' | 'node', 'aiortc' | 'node'][]} */
const PAIRS = [
  ['node', 'node'],
  ['aiortc', 'node'],
  ['aiortc', 'aiortc'],
];

for (const [first, second] of PAIRS) {
  test(`${first} and ${second} see and hear each other`, async (t) => {
    const room = `${first}-${second}`;
    const clients = [
      startClient(first, server.url, room, 'first'),
      startClient(second, server.url, room, 'second'),
    ];
    for (const client of clients) t.after(() => client.stop());
    await Promise.all(clients.map(mediaArrives));
  });
}

for (const kind of /** @type {const} */ (['node', 'aiortc'])) {
  test(`${kind} and the page in Chromium see and hear each other`, async (t) => {
    const room = `${kind}-chromium`;
    const person = await Participant.open(launchChromium(), `${server.url}/r/${room}`, 'Chris');
    t.after(() => person.close());
    await person.join();
    const client = startClient(kind, server.url, room, kind);
    t.after(() => client.stop());
    await person.receives(1, 1);
    await person.sees(kind);
    await mediaArrives(client);
    await client.stop();
    await person.seesExactly(['Chris']);
  });
}
