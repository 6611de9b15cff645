/** Clients that nobody here wrote, against `videocall serve`: media has to flow both ways. */

import { after, before, test } from 'node:test';

import { launchChromium } from '../browser/harness/browsers.mjs';
import { Participant } from '../browser/harness/participant.mjs';
import { startServer } from '../browser/harness/server.mjs';
import { mediaArrives, startClient } from './clients.mjs';

/** @import { Server } from '../browser/harness/server.mjs' */

/** @type {Server} */
let server;

before(async () => void (server = await startServer()));
after(() => server.stop());

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
