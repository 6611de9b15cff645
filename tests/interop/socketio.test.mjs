/** The stock socket.io-client with mediasoup-client in calls, by each of its transports. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startServer } from '../browser/harness/server.mjs';
import { until } from '../browser/harness/wait.mjs';
import { mediaArrives, startClient } from './clients.mjs';

/** @import { Client } from './clients.mjs' */
/** @import { Server } from '../browser/harness/server.mjs' */

/** @type {Server} */
let server;

before(async () => void (server = await startServer()));
after(() => server.stop());

/**
 * @param {Client} client
 * @param {string} name
 * @param {number} [count]
 */
function hears(client, name, count = 1) {
  return until(
    `${client.name} hears ${name}`,
    () => (client.report().events ?? []).filter((event) => event === name).length >= count,
    { describe: () => client.report() },
  );
}

for (const [transports, carrier] of /** @type {const} */ ([
  ['polling', 'polling'],
  ['websocket', 'websocket'],
  ['polling,websocket', 'websocket'],
])) {
  test(`a call over ${transports}`, async (t) => {
    const room = transports.replace(',', '-');
    const ada = startClient('socketio', server.url, room, 'ada', transports);
    t.after(() => ada.stop());
    await hears(ada, 'roomJoined');
    const bob = startClient('socketio', server.url, room, 'bob', transports);
    t.after(() => bob.stop());
    await Promise.all([ada, bob].map(mediaArrives));
    for (const client of [ada, bob]) assert.equal(client.report().transport, carrier);
    await hears(ada, 'newProducer', 2);
    bob.say('close');
    await hears(ada, 'producerClosed', 2);
    await until('nothing is left to receive', () => ada.report().media.length === 0);
    await bob.stop();
    await hears(ada, 'participantLeft');
  });
}

test('a socket that breaks is taken up again, and media goes on', async (t) => {
  const ada = startClient('socketio', server.url, 'breaks', 'ada', 'websocket');
  const bob = startClient('node', server.url, 'breaks', 'bob');
  for (const client of [ada, bob]) t.after(() => client.stop());
  await Promise.all([ada, bob].map(mediaArrives));
  const frames = () => Math.max(...bob.report().media.map(({ frames }) => frames));
  ada.say('break');
  await hears(ada, 'resumed');
  const then = frames();
  await until('more pictures arrive', () => frames() > then + 20);
  assert.equal(bob.report().media.length, 2);
});
