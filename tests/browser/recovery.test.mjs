/** Calls that survive: a socket that breaks, a network that swallows, a server that is killed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { launchChromium } from './harness/browsers.mjs';
import { Participant } from './harness/participant.mjs';
import { freeTcpPort, freeUdpPorts } from './harness/ports.mjs';
import { startServer, WORKERS } from './harness/server.mjs';
import { startTcpProxy } from './harness/tcpProxy.mjs';
import { until } from './harness/wait.mjs';

/** How long everybody may take to be back with media after a server that was killed is there again. */
const BACK_MS = 8_000;

/**
 * Who one is, and over what media flows: nothing of it changes while a session lasts. Null until it flows.
 *
 * @param {Participant} person
 */
function sessionOf(person) {
  return person.page.evaluate(() => {
    const state = /** @type {any} */ (window).__videocall.store.getState();
    if (state.recvTransport === null) return null;
    /** @type {any[]} */
    const streams = [...state.remoteStreams.values()];
    return {
      me: state.participantId,
      send: state.sendTransport.id,
      recv: state.recvTransport.id,
      sending: [state.audioProducer?.id, state.videoProducer?.id],
      tracks: streams.flatMap((one) =>
        Object.values(one).flatMap((/** @type {any} */ stream) =>
          stream.getTracks().map((/** @type {any} */ track) => track.id),
        ),
      ),
    };
  });
}

test('a socket that is cut leaves media alone, and its session is taken up', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const proxy = await startTcpProxy(server.url);
  t.after(() => proxy.close());
  const open = (/** @type {string} */ name, origin = server.url) =>
    Participant.open(launchChromium(), `${origin}/r/cut`, name);
  const [alice, bob] = await Promise.all([open('Alice', proxy.url), open('Bob')]);
  t.after(() => Promise.all([alice.close(), bob.close()]));
  for (const person of [alice, bob]) await person.join();
  await Promise.all([alice.receives(1, 1), bob.receives(1, 1)]);
  const before = await Promise.all([sessionOf(alice), sessionOf(bob)]);

  proxy.cut();
  await alice.see('connection-banner');
  // What she does not hear of: Carol comes, and Bob mutes himself.
  const carol = await open('Carol');
  t.after(() => carol.close());
  await carol.join();
  await bob.click('mute-button');
  await until('several attempts failed', () =>
    alice.page.evaluate(
      () =>
        Number(
          /** @type {HTMLElement | null} */ (document.querySelector('[data-testid="connection-banner"]'))
            ?.dataset.attempt,
        ) >= 4,
    ),
  );
  await Promise.all([alice.receives(1, 0), bob.receives(2, 2), carol.receives(2, 1)]);
  await alice.seesExactly(['Alice', 'Bob']);

  proxy.mend();
  await alice.doesNotSee('connection-banner');
  await Promise.all([alice, bob, carol].map((person) => person.seesExactly(['Alice', 'Bob', 'Carol'])));
  await alice.seesTile('Bob', { isMuted: true, hasVideo: true });
  await alice.receives(2, 1);
  const after = await Promise.all([sessionOf(alice), sessionOf(bob)]);
  for (const [index, session] of after.entries()) {
    const known = before[index];
    assert.ok(known && session);
    const { tracks, ...rest } = session;
    assert.deepEqual(rest, { me: known.me, send: known.send, recv: known.recv, sending: known.sending });
    assert.deepEqual(
      known.tracks.filter((track) => !tracks.includes(track)),
      [],
    );
  }
  // The new session is as good as the old one.
  await alice.click('mute-button');
  await bob.seesTile('Alice', { isMuted: true });
  for (const person of [alice, bob, carol]) assert.deepEqual(person.pageErrors, []);
});

test('a connection that swallows everything is noticed when the network changes', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const proxy = await startTcpProxy(server.url);
  t.after(() => proxy.close());
  const alice = await Participant.open(launchChromium(), `${proxy.url}/r/swallowed`, 'Alice');
  t.after(() => alice.close());
  await alice.join();
  const before = await until('she has her transports', () => sessionOf(alice));
  proxy.stall();
  await alice.page.evaluate(() => window.dispatchEvent(new Event('online')));
  await alice.see('connection-banner');
  await alice.doesNotSee('connection-banner');
  assert.equal((await sessionOf(alice))?.me, before.me);
});

test('a server that is killed: everybody is back with media, as they were', async (t) => {
  const ports = { port: await freeTcpPort('127.0.0.1'), rtcPort: await freeUdpPorts(WORKERS) };
  const first = await startServer(ports);
  const open = (/** @type {string} */ name) =>
    Participant.open(launchChromium(), `${first.url}/r/killed`, name);
  const [alice, bob, carol] = await Promise.all([open('Alice'), open('Bob'), open('Carol')]);
  const people = [alice, bob, carol];
  t.after(() => Promise.all(people.map((person) => person.close())));
  for (const person of people) await person.join();
  await carol.click('mute-button');
  await bob.click('camera-button');
  await alice.seesTile('Carol', { isMuted: true });
  await alice.seesTile('Bob', { hasVideo: false });
  await Promise.all([alice.receives(1, 1), bob.receives(2, 1), carol.receives(1, 2)]);

  await first.kill();
  const killed = performance.now();
  const second = await startServer(ports);
  t.after(() => second.stop());
  const started = performance.now() - killed;
  await Promise.all([alice.receives(1, 1), bob.receives(2, 1), carol.receives(1, 2)]);
  const back = performance.now() - killed;
  t.diagnostic(`server up after ${started.toFixed(0)} ms, everybody back after ${back.toFixed(0)} ms`);
  // From when there is a server again: how long one takes to start is not the page's doing.
  assert.ok(back - started <= BACK_MS, `back ${back - started} ms after the server`);

  for (const person of people) {
    await person.doesNotSee('connection-banner');
    await person.seesExactly(['Alice', 'Bob', 'Carol']);
    assert.deepEqual(person.pageErrors, []);
  }
  await alice.seesTile('Carol', { isMuted: true, hasVideo: true });
  await alice.seesTile('Bob', { isMuted: false, hasVideo: false });
});
