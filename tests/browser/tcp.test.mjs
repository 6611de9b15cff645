/**
 * Chromium in a network that lets no UDP through: its media goes over TCP. Run by `in_namespaces.mjs`, so that a firewall
 * can be put before it.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';

import { launchChromium } from './harness/browsers.mjs';
import { Participant } from './harness/participant.mjs';
import { startServer } from './harness/server.mjs';

/** @import { Server } from './harness/server.mjs' */

const namespace = process.env.VIDEOCALL_SERVER_NAMESPACE;
const host = process.env.VIDEOCALL_SERVER_ADDRESS;
assert.ok(namespace !== undefined && host !== undefined, 'run this file by in_namespaces.mjs');

/** Between making the connection and media's way through it. */
const WITHIN_MS = 2000;

/** @type {Server} */
let server;

/** Note for every peer connection when it began to look for a way, and when it had one. */
function timeConnections() {
  const Native = window.RTCPeerConnection;
  /** @type {number[]} */
  const took = [];
  class Timed extends Native {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration) {
      super(configuration);
      let began = 0;
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connecting') began = performance.now();
        if (this.connectionState === 'connected') took.push(performance.now() - began);
      });
    }
  }
  window.RTCPeerConnection = Timed;
  Object.assign(window, { __connectionTimes: took });
}

before(async () => {
  for (const line of [
    'add table inet videocall',
    'add chain inet videocall output { type filter hook output priority 0 ; }',
    'add rule inet videocall output meta l4proto udp drop',
  ])
    execFileSync('nft', [line]);
  server = await startServer({ host, namespace });
});
after(async () => {
  // Other tests have this network after this one.
  execFileSync('nft', ['delete', 'table', 'inet', 'videocall']);
  await server.stop();
});

/** @param {string} name */
async function open(name) {
  const launching = launchChromium({ trust: server.url });
  const person = await Participant.open(launching, `${server.url}/r/tcp`, name);
  await person.page.evaluateOnNewDocument(timeConnections);
  await person.page.reload();
  return person;
}

test('a call where no UDP gets through goes over TCP, soon and in both directions', async (t) => {
  const people = [await open('Ada'), await open('Bob')];
  for (const person of people) t.after(() => person.close());
  for (const person of people) await person.join();
  await Promise.all(people.map((person) => person.receives(1, 1)));
  for (const person of people) {
    const { took, protocols } = await person.page.evaluate(async () => {
      const connections = /** @type {RTCPeerConnection[]} */ (Reflect.get(window, '__peerConnections'));
      const protocols = [];
      for (const connection of connections) {
        const stats = /** @type {Map<string, any>} */ (/** @type {unknown} */ (await connection.getStats()));
        for (const entry of stats.values()) {
          if (entry.type === 'transport' && entry.selectedCandidatePairId) {
            const pair = stats.get(entry.selectedCandidatePairId);
            protocols.push(stats.get(pair.remoteCandidateId).protocol);
          }
        }
      }
      return { took: /** @type {number[]} */ (Reflect.get(window, '__connectionTimes')), protocols };
    });
    assert.deepEqual(protocols, ['tcp', 'tcp']);
    t.diagnostic(`connected after ${took.map((ms) => ms.toFixed(0)).join(' and ')} ms`);
    assert.ok(took.length === 2 && took.every((ms) => ms < WITHIN_MS), String(took));
  }
});
