/**
 * Firefox and Chromium in one network namespace, the server in another. Firefox sends nothing to 127.0.0.1, so this is the
 * way to have it in a call. Run by `in_namespaces.mjs`.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launchChromium, launchFirefox } from './harness/browsers.mjs';
import { packetsDuring } from './harness/media.mjs';
import { Participant } from './harness/participant.mjs';
import { startServer } from './harness/server.mjs';

/** @import { Server } from './harness/server.mjs' */

const namespace = process.env.VIDEOCALL_SERVER_NAMESPACE;
const host = process.env.VIDEOCALL_SERVER_ADDRESS;
assert.ok(namespace !== undefined && host !== undefined, 'run this file by in_namespaces.mjs');

/** @type {Server} */
let server;

before(async () => void (server = await startServer({ host, namespace })));
after(() => server.stop());

/**
 * @param {'chromium' | 'firefox'} browser
 * @param {string} room
 * @param {string} name
 */
function open(browser, room, name) {
  const trust = server.url;
  const launching = browser === 'firefox' ? launchFirefox({ trust }) : launchChromium({ trust });
  return Participant.open(launching, `${server.url}/r/${room}`, name);
}

test('Firefox and Chromium in a call', async (t) => {
  const fiona = await open('firefox', 'mixed', 'Fiona');
  t.after(() => fiona.close());
  const carl = await open('chromium', 'mixed', 'Carl');
  t.after(() => carl.close());
  await fiona.join();
  await carl.join();
  await Promise.all([fiona.receives(1, 1), carl.receives(1, 1)]);
  await Promise.all([fiona.sees('Carl'), carl.sees('Fiona')]);

  await fiona.click('mute-button');
  await carl.seesTile('Fiona', { isMuted: true });
  await carl.receives(1, 0);
  assert.equal(await packetsDuring(carl.page, 'audio', () => carl.receives(1, 0)), 0);
  await fiona.click('mute-button');
  await carl.receives(1, 1);

  await carl.click('camera-button');
  await fiona.seesTile('Carl', { hasVideo: false });
  await carl.click('camera-button');
  await fiona.sees('Carl');
  await fiona.receives(1, 1);

  await fiona.click('leave-button');
  await carl.seesExactly(['Carl']);
});

test('two Firefoxes in a call', async (t) => {
  const people = [await open('firefox', 'foxes', 'Fiona'), await open('firefox', 'foxes', 'Felix')];
  for (const person of people) t.after(() => person.close());
  for (const person of people) await person.join();
  await Promise.all(people.map((person) => person.receives(1, 1)));
});
