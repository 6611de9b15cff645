/**
 * Firefox and Chromium in one network namespace, the server in another. Firefox sends nothing to 127.0.0.1, so this is the
 * way to have it in a call. Run by `in_namespaces.mjs`.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
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

test('whoever moves to another address keeps the session, and media comes back by an ICE restart', async (t) => {
  const [stay, move] = await Promise.all([
    open('chromium', 'moving', 'Stan'),
    open('chromium', 'moving', 'Mona'),
  ]);
  t.after(() => Promise.all([stay.close(), move.close()]));
  for (const person of [stay, move]) await person.join();
  await Promise.all([stay.receives(1, 1), move.receives(1, 1)]);
  const session = () =>
    Promise.all(
      [stay, move].map((person) =>
        person.page.evaluate(() => {
          const state = /** @type {any} */ (window).__videocall.store.getState();
          return [state.participantId, state.sendTransport?.id, state.recvTransport?.id];
        }),
      ),
    );
  const before = await session();

  // The only address goes, and another one comes: from one network into the next.
  execFileSync('ip', ['address', 'del', '10.231.0.2/29', 'dev', 'clients']);
  execFileSync('ip', ['address', 'add', '10.231.0.3/29', 'dev', 'clients']);
  const moved = performance.now();
  t.after(() => {
    execFileSync('ip', ['address', 'del', '10.231.0.3/29', 'dev', 'clients']);
    execFileSync('ip', ['address', 'add', '10.231.0.2/29', 'dev', 'clients']);
  });
  await Promise.all([stay.receives(1, 1), move.receives(1, 1)]);
  t.diagnostic(`media is back ${(performance.now() - moved).toFixed(0)} ms after the move`);
  await Promise.all([stay, move].map((person) => person.doesNotSee('connection-banner')));
  assert.deepEqual(await session(), before);
  await Promise.all([stay, move].map((person) => person.seesExactly(['Stan', 'Mona'])));
});
