/** A call that goes on for minutes: past every timer of ICE, DTLS, the socket and the page, without a break. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { launchChromium } from './harness/browsers.mjs';
import { Participant } from './harness/participant.mjs';
import { startServer } from './harness/server.mjs';

/** Six times the consent timeout of ICE (RFC 7675: 30 s). */
const SECONDS = Number(process.env.VIDEOCALL_ENDURANCE_SECONDS ?? 180);

const SAMPLE_SECONDS = 5;

/**
 * Remember what only a break would bring: states other than connected, and closed web sockets.
 */
function watchForBreaks() {
  /** @type {string[]} */
  const breaks = [];
  Object.assign(window, { __breaks: breaks });
  /** @type {RTCPeerConnection[]} */
  const connections = Reflect.get(window, '__peerConnections');
  for (const connection of connections) {
    if (connection.connectionState === 'closed') continue;
    connection.addEventListener('connectionstatechange', () => breaks.push(connection.connectionState));
    connection.addEventListener('iceconnectionstatechange', () =>
      breaks.push(`ice ${connection.iceConnectionState}`),
    );
  }
}

test(`a call of ${SECONDS} seconds has no break`, { timeout: (SECONDS + 120) * 1000 }, async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const open = (/** @type {string} */ name) =>
    Participant.open(launchChromium(), `${server.url}/r/long`, name);
  const people = await Promise.all([open('Alice'), open('Bob')]);
  t.after(() => Promise.all(people.map((person) => person.close())));
  for (const person of people) await person.join();
  await Promise.all(people.map((person) => person.receives(1, 1)));
  const sockets = people.map((person) => person.requests().filter((url) => url.startsWith('ws:')).length);
  for (const person of people) await person.page.evaluate(watchForBreaks);

  const samples = Math.ceil(SECONDS / SAMPLE_SECONDS);
  for (let sample = 0; sample < samples; sample += 1) {
    // Here time itself is what is tested.
    await Promise.all([delay(SAMPLE_SECONDS * 1000), ...people.map((person) => person.receives(1, 1))]);
  }
  for (const [index, person] of people.entries()) {
    assert.deepEqual(await person.page.evaluate(() => Reflect.get(window, '__breaks')), []);
    assert.equal(
      person.requests().filter((url) => url.startsWith('ws:')).length,
      sockets[index],
      'no new socket',
    );
    assert.deepEqual((await person.report()).states, ['connected', 'connected']);
    assert.deepEqual(person.pageErrors, []);
    await person.seesExactly(['Alice', 'Bob']);
  }
});
