/**
 * Calls through a real coturn, with the direct path shut by nftables: over UDP, and over TCP where no UDP leaves the
 * browsers' network at all. Run by `in_namespaces.mjs`.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { launchChromium } from './harness/browsers.mjs';
import { startCoturn } from './harness/coturn.mjs';
import { chosenPaths } from './harness/media.mjs';
import { Participant } from './harness/participant.mjs';
import { WORKERS, startServer } from './harness/server.mjs';
import { until } from './harness/wait.mjs';

/** @import { TestContext } from 'node:test' */

const namespace = process.env.VIDEOCALL_SERVER_NAMESPACE ?? '';
const host = process.env.VIDEOCALL_SERVER_ADDRESS ?? '';
assert.ok(namespace && host, 'run this file by in_namespaces.mjs');

const TURN_PORT = 3478;
const SECRET = 'north of the river';

/**
 * What the firewall in front of the server lets through no more. Everything on the way back is shut by that, too.
 *
 * @param {TestContext} t
 * @param {string} match of nftables, for packets that come from the browsers' network
 */
function block(t, match) {
  const nft = (/** @type {string} */ rules) =>
    execFileSync('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], { input: rules });
  nft(`table inet wall {
    chain input {
      type filter hook input priority 0
      iifname "server" ${match} counter drop
    }
  }`);
  t.after(() => nft('delete table inet wall'));
}

/**
 * A call of two Chromiums that has to go through TURN.
 *
 * @param {TestContext} t
 * @param {{ coturn: string[], server: string[], relayProtocol: 'udp' | 'tcp' }} setup
 *   `coturn`, `server`: flags by which both know the accounts
 */
async function callThroughTurn(t, { coturn: accounts, server: flags, relayProtocol }) {
  const coturn = await startCoturn({ host, port: TURN_PORT, namespace, flags: accounts });
  t.after(() => coturn.stop());
  // Media over TCP of our own would be a direct path, too.
  const direct = ['--rtc-tcp', 'off'];
  // Only the one: of two relays that work, Chromium takes whichever answers first.
  const turnServer = ['--turn-server', coturn.url(relayProtocol)];
  const server = await startServer({ host, namespace, flags: [...direct, ...turnServer, ...flags] });
  t.after(() => server.stop());
  const media = `${server.rtcPort}-${server.rtcPort + WORKERS - 1}`;
  block(t, relayProtocol === 'tcp' ? 'meta l4proto udp' : `udp dport ${media}`);

  const open = async (/** @type {string} */ name) => {
    const person = await Participant.open(
      launchChromium({ trust: server.url }),
      `${server.url}/r/relayed`,
      name,
    );
    t.after(() => person.close());
    await person.join();
    return person;
  };
  const people = [await open('Ada'), await open('Bob')];
  await Promise.all(people.map((person) => person.receives(1, 1)));
  for (const person of people) {
    /** @type {unknown} */
    let paths;
    await until(
      `${person.name}'s two connections go through the relay over ${relayProtocol}`,
      async () => {
        const chosen = await chosenPaths(person.page);
        paths = chosen;
        return (
          chosen.length === 2 &&
          chosen.every((path) => path.type === 'relay' && path.relayProtocol === relayProtocol)
        );
      },
      { describe: () => paths },
    );
  }
  const log = await server.log();
  assert.ok(!log.includes(SECRET) && !log.includes('lovelace'), 'no password is logged');
  return coturn;
}

const EPHEMERAL = {
  coturn: ['--use-auth-secret', `--static-auth-secret=${SECRET}`],
  server: ['--turn-secret', SECRET],
};
const FIXED = {
  coturn: ['--lt-cred-mech', '--user=ada:lovelace'],
  server: ['--turn-user', 'ada', '--turn-password', 'lovelace'],
};

test('UDP to the media server is shut: the call goes through TURN over UDP', async (t) => {
  const coturn = await callThroughTurn(t, { ...EPHEMERAL, relayProtocol: 'udp' });
  const users = new Set(coturn.log().match(/(?<=user <)\d+:[0-9a-f-]{36}(?=>)/g));
  assert.equal(users.size, 2, 'each participant has an account of its own');
});

test('all UDP is shut: the call goes through TURN over TCP', async (t) => {
  await callThroughTurn(t, { ...EPHEMERAL, relayProtocol: 'tcp' });
});

test('with one fixed account for everybody', async (t) => {
  await callThroughTurn(t, { ...FIXED, relayProtocol: 'udp' });
});
