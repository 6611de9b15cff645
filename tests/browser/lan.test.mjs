/**
 * `videocall serve --lan` as a new device meets it: first without trust in the server's authority, then with it. The browsers'
 * own verifiers judge the certificate, name constraints included. Run by `in_namespaces.mjs`.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { launchChromium, launchFirefox } from './harness/browsers.mjs';
import { Participant } from './harness/participant.mjs';
import { startServer } from './harness/server.mjs';
import { until } from './harness/wait.mjs';

/** @import { Browser } from 'puppeteer-core' */
/** @import { Server } from './harness/server.mjs' */

const namespace = process.env.VIDEOCALL_SERVER_NAMESPACE;
const host = process.env.VIDEOCALL_SERVER_ADDRESS;
assert.ok(namespace !== undefined && host !== undefined, 'run this file by in_namespaces.mjs');

const REDIRECT_PORT = 8081;
const landing = `http://${host}:${REDIRECT_PORT}`;

/** @type {Server} */
let server;
/** @type {string} */
let directory;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'videocall-lan-'));
  const flags = ['--lan', '--redirect-port', String(REDIRECT_PORT), '--data-dir', join(directory, 'data')];
  server = await startServer({ host, namespace, tls: 'auto', flags });
});
after(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

/**
 * @param {string} database of NSS, made there
 * @returns {Promise<void>} the authority is trusted in it
 */
async function trustIn(database) {
  await mkdir(database, { recursive: true });
  const certificate = join(database, 'ca.crt');
  await writeFile(certificate, Buffer.from(await (await fetch(`${landing}/ca.crt`)).arrayBuffer()));
  const certutil = (/** @type {string[]} */ ...args) =>
    execFileSync('certutil', ['-d', `sql:${database}`, ...args]);
  certutil('-N', '--empty-password');
  certutil('-A', '-t', 'C,,', '-n', 'videocall', '-i', certificate);
}

/** Chromium finds the database in the person's home directory, */
async function trustingChromium() {
  const home = await mkdtemp(join(directory, 'home-'));
  await trustIn(join(home, '.pki', 'nssdb'));
  return launchChromium({ home });
}

/** Firefox in its profile. */
async function trustingFirefox() {
  const profile = await mkdtemp(join(directory, 'profile-'));
  await trustIn(profile);
  return launchFirefox({ trust: server.url, profile });
}

test('a device without the authority is shown how to get it', async (t) => {
  const browser = await launchChromium({ home: await mkdtemp(join(directory, 'home-')) });
  t.after(() => browser.close());
  const [page] = await browser.pages();
  assert.ok(page);
  await page.goto(`${landing}/r/daily`);
  await page.waitForSelector('[data-testid="ca-download"]', { visible: true });
  const shown = await page.$eval('[data-testid="ca-fingerprint"]', (element) => element.textContent);
  assert.ok(server.output().includes(shown), 'the fingerprint is the one in the terminal');
  await assert.rejects(page.goto(`${server.url}/r/daily`), /ERR_CERT_AUTHORITY_INVALID/);
});

test('devices with it are led straight into the room, and are in a call', async (t) => {
  const open = async (/** @type {Promise<Browser>} */ launching, /** @type {string} */ name) => {
    const person = await Participant.open(launching, `${landing}/r/daily`, name);
    t.after(() => person.close());
    await until(`${name} is at HTTPS`, () => person.page.url() === `${server.url}/r/daily`);
    assert.equal(await person.page.evaluate(() => isSecureContext), true);
    await person.join();
    return person;
  };
  const people = [await open(trustingChromium(), 'Carl'), await open(trustingFirefox(), 'Fiona')];
  await Promise.all(people.map((person) => person.receives(1, 1)));
});
