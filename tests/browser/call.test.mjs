/** Whole calls: real Chromiums, each a process of its own, through a real server. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launchChromium } from './harness/browsers.mjs';
import { packetsDuring } from './harness/media.mjs';
import { Participant } from './harness/participant.mjs';
import { startServer } from './harness/server.mjs';
import { until } from './harness/wait.mjs';

/** @import { Server } from './harness/server.mjs' */

/** @type {Server} */
let server;

before(async () => void (server = await startServer()));
after(() => server.stop());

/**
 * @param {string} room
 * @param {string} name
 */
function open(room, name) {
  return Participant.open(launchChromium(), `${server.url}/r/${room}`, name);
}

describe('two people', () => {
  /** @type {Participant} */
  let alice;
  /** @type {Participant} */
  let bob;

  before(async () => {
    [alice, bob] = await Promise.all([open('two', 'Alice'), open('two', 'Bob')]);
    await alice.join();
    await bob.join();
  });
  after(() => Promise.all([alice.close(), bob.close()]));

  test('see and hear each other', async () => {
    await Promise.all([alice.receives(1, 1), bob.receives(1, 1)]);
    await Promise.all([alice.sees('Bob'), bob.sees('Alice')]);
    await Promise.all([alice.seesExactly(['Alice', 'Bob']), bob.seesExactly(['Alice', 'Bob'])]);
    for (const { outbound } of [await alice.report(), await bob.report()]) {
      // A camera goes out in several streams, as many as its resolution and the path are good for.
      const codecs = outbound.filter(({ packets }) => packets > 0).map(({ codec }) => codec.toLowerCase());
      assert.deepEqual([...new Set(codecs)].toSorted(), ['audio/opus', 'video/vp8']);
    }
  });

  test('mute and unmute', async () => {
    await alice.click('mute-button');
    await bob.seesTile('Alice', { isMuted: true, hasVideo: true });
    // What was on its way has come when two more seconds of pictures have; then silence is what has to come.
    await bob.receives(1, 0);
    assert.equal(await packetsDuring(bob.page, 'audio', () => bob.receives(1, 0)), 0);
    await alice.click('mute-button');
    await bob.seesTile('Alice', { isMuted: false });
    await bob.receives(1, 1);
  });

  test('camera off and on', async () => {
    await alice.click('camera-button');
    await bob.seesTile('Alice', { hasVideo: false, isMuted: false });
    await bob.receives(0, 1);
    assert.equal(await packetsDuring(bob.page, 'video', () => alice.receives(1, 1)), 0);
    await alice.click('camera-button');
    await bob.seesTile('Alice', { hasVideo: true });
    await bob.receives(1, 1);
    await bob.sees('Alice');
  });

  test('a shared screen takes the place of the camera, and gives it back', async () => {
    const camera = (await bob.tileOf('Alice'))?.videoWidth;
    assert.ok(camera);
    await alice.click('screen-button');
    await bob.seesTile('Alice', { isPresenting: true, hasVideo: true });
    await until('a picture of another size is shown', async () => {
      const width = (await bob.tileOf('Alice'))?.videoWidth ?? 0;
      return width > 0 && width !== camera;
    });
    // A screen on which nothing moves gives about one picture a second; the voice goes on beside it.
    await Promise.all([bob.sees('Alice'), bob.receives(0, 1)]);
    await alice.click('screen-button');
    await bob.seesTile('Alice', { isPresenting: false, hasVideo: true, videoWidth: camera });
    await bob.receives(1, 1);
  });

  test('a reload comes back, and leaves no ghost', async () => {
    await bob.page.reload();
    await bob.join();
    await alice.seesExactly(['Alice', 'Bob']);
    await Promise.all([alice.receives(1, 1), bob.receives(1, 1)]);
  });

  test('nothing went to a third party, and no error was thrown', () => {
    const { host } = new URL(server.url);
    for (const person of [alice, bob]) {
      const hosts = person
        .requests()
        .filter((url) => !/^(data|blob|about|chrome):/.test(url))
        .map((url) => new URL(url).host);
      assert.ok(hosts.length > 2);
      assert.deepEqual(
        hosts.filter((other) => other !== host),
        [],
      );
      assert.ok(person.requests().some((url) => url.startsWith('ws://')));
      assert.deepEqual(person.pageErrors, []);
    }
  });

  test('leaving is seen by the other', async () => {
    await bob.click('leave-button');
    await alice.seesExactly(['Alice']);
    await until('nothing is received', async () => (await alice.inbound('video')).length === 0);
  });
});

test('three people, one of them late and one of them gone with the browser', async (t) => {
  const [alice, bob, carol] = await Promise.all([
    open('three', 'Alice'),
    open('three', 'Bob'),
    open('three', 'Carol'),
  ]);
  t.after(() => Promise.all([alice.close(), bob.close(), carol.close()]));
  await Promise.all([alice.join(), bob.join()]);
  await Promise.all([alice.receives(1, 1), bob.receives(1, 1)]);

  await carol.join();
  await carol.seesExactly(['Alice', 'Bob', 'Carol']);
  await Promise.all([alice, bob, carol].map((person) => person.receives(2, 2)));
  await Promise.all([carol.sees('Alice'), carol.sees('Bob'), alice.sees('Carol'), bob.sees('Carol')]);

  await bob.close();
  await Promise.all([alice.seesExactly(['Alice', 'Carol']), carol.seesExactly(['Alice', 'Carol'])]);
  await Promise.all([alice.receives(1, 1), carol.receives(1, 1)]);
});
