/** What the page does around a call: the way in, missing devices and permissions, a connection that breaks. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launchChromium } from './harness/browsers.mjs';
import { Participant } from './harness/participant.mjs';
import { freeTcpPort } from './harness/ports.mjs';
import { startServer } from './harness/server.mjs';
import { until } from './harness/wait.mjs';

/** @import { Server } from './harness/server.mjs' */

/** @type {Server} */
let server;

before(async () => void (server = await startServer()));
after(() => server.stop());

test('the landing page makes a room, whose link another person follows', async (t) => {
  const alice = await Participant.open(launchChromium(), server.url, 'Alice');
  t.after(() => alice.close());
  await alice.click('create-button');
  await alice.see('preview-video');
  await alice.join();
  const link = alice.page.url();
  assert.match(new URL(link).pathname, /^\/r\/[A-Za-z0-9_-]{1,64}$/);

  const bob = await Participant.open(launchChromium(), link, 'Bob');
  t.after(() => bob.close());
  await bob.join();
  await Promise.all([alice.receives(1, 1), bob.receives(1, 1)]);
});

test('someone who comes in muted and unseen turns both on in the call', async (t) => {
  const open = (/** @type {string} */ name) =>
    Participant.open(launchChromium(), `${server.url}/r/quiet`, name);
  const [alice, bob] = await Promise.all([open('Alice'), open('Bob')]);
  t.after(() => Promise.all([alice.close(), bob.close()]));
  await bob.see('preview-video');
  await bob.click('mute-button');
  await bob.click('camera-button');
  await bob.doesNotSee('preview-video');
  await Promise.all([alice.join(), bob.join()]);
  await alice.seesTile('Bob', { isMuted: true, hasVideo: false });
  await bob.receives(1, 1);
  assert.deepEqual((await alice.report()).inbound, []);

  await bob.click('mute-button');
  await bob.click('camera-button');
  await alice.seesTile('Bob', { isMuted: false, hasVideo: true });
  await alice.receives(1, 1);
  await alice.sees('Bob');
});

test('someone without camera and microphone joins, sees and hears', async (t) => {
  const [alice, bob] = await Promise.all([
    Participant.open(launchChromium(), `${server.url}/r/devices`, 'Alice'),
    Participant.open(launchChromium({ devices: false }), `${server.url}/r/devices`, 'Bob'),
  ]);
  t.after(() => Promise.all([alice.close(), bob.close()]));
  await Promise.all([alice.join(), bob.join()]);
  await bob.receives(1, 1);
  await alice.seesTile('Bob', { hasVideo: false, isMuted: true });
});

test('a refused permission is named, and does not keep anyone out', async (t) => {
  const bob = await Participant.open(
    launchChromium({ permission: 'deny' }),
    `${server.url}/r/refused`,
    'Bob',
  );
  t.after(() => bob.close());
  await until('the page says what is missing and what to do', async () =>
    /may not use your microphone and camera.*allow/s.test(await bob.text('permission-help')),
  );
  await bob.join();
  await bob.seesTile('Bob', { hasVideo: false, isMuted: true });
});

test('a code or a link leads to its room, and what is neither is said to be', async (t) => {
  const bob = await Participant.open(launchChromium(), server.url, 'Bob');
  t.after(() => bob.close());
  await bob.type('room-input', 'no such room!');
  await bob.click('join-room-button');
  await until('it says so', async () => (await bob.text('room-error')).includes('no meeting code'));
  await bob.type('room-input', `${server.url}/r/some-room`);
  await bob.click('join-room-button');
  await bob.join();
  assert.equal(bob.page.url(), `${server.url}/r/some-room`);
});

test('a server that goes away is announced, and the call comes back with it', async (t) => {
  const port = await freeTcpPort('127.0.0.1');
  const first = await startServer({ port });
  const open = (/** @type {string} */ name) =>
    Participant.open(launchChromium(), `${first.url}/r/broken`, name);
  const people = await Promise.all([open('Alice'), open('Bob')]);
  t.after(() => Promise.all(people.map((person) => person.close())));
  await Promise.all(people.map((person) => person.join()));
  await Promise.all(people.map((person) => person.receives(1, 1)));

  await first.stop();
  await Promise.all(people.map((person) => person.see('connection-banner')));

  const second = await startServer({ port });
  t.after(() => second.stop());
  await Promise.all(people.map((person) => person.doesNotSee('connection-banner')));
  await Promise.all(people.map((person) => person.seesExactly(['Alice', 'Bob'])));
  await Promise.all(people.map((person) => person.receives(1, 1)));
});
