/** The stock socket.io-client in a page of another origin, as the frontend of another server: Chromium asks by CORS. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { launchChromium } from '../browser/harness/browsers.mjs';
import { startServer } from '../browser/harness/server.mjs';

/** @import { AddressInfo } from 'node:net' */
/** @import { Browser } from 'puppeteer-core' */
/** @import { Server } from '../browser/harness/server.mjs' */

const SCRIPT = fileURLToPath(
  new URL('../node_modules/socket.io-client/dist/socket.io.min.js', import.meta.url),
);

/** Serves a page with the client in it; each has an origin of its own. */
async function startPage() {
  const script = await readFile(SCRIPT);
  const http = createServer((request, response) => {
    const [type, body] =
      request.url === '/client.js'
        ? ['text/javascript', script]
        : ['text/html', '<!doctype html><script src="/client.js"></script>'];
    response.setHeader('content-type', type).end(body);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = /** @type {AddressInfo} */ (http.address());
  return { origin: `http://127.0.0.1:${port}`, close: () => void http.close() };
}

/** @typedef {Awaited<ReturnType<typeof startPage>>} Page */

/** @type {{ friend: Page, stranger: Page, server: Server, browser: Browser }} */
let world;

before(async () => {
  const [friend, stranger] = [await startPage(), await startPage()];
  const server = await startServer({ flags: ['--allowed-origin', friend.origin] });
  world = { friend, stranger, server, browser: await launchChromium() };
});
after(async () => {
  await world.browser.close();
  for (const page of [world.friend, world.stranger]) page.close();
  await world.server.stop();
});

/**
 * What a page at that origin gets of the server.
 *
 * @param {string} origin
 * @param {string[]} transports
 * @returns {Promise<{ transport: string, codecs: number } | { error: string }>}
 */
async function connect(origin, transports) {
  const page = await world.browser.newPage();
  try {
    await page.goto(origin);
    return await page.evaluate(
      async (url, transports) => {
        /** @type {any} */
        const { io } = window;
        // A header of one's own has the browser ask before each request.
        const extraHeaders = { 'X-Frontend': 'earlier' };
        const socket = io(url, { transports, withCredentials: true, extraHeaders, reconnection: false });
        return new Promise((resolve) => {
          socket.on('connect_error', (/** @type {Error} */ error) => resolve({ error: error.message }));
          socket.on('connect', async () => {
            const { codecs } = await socket.emitWithAck('getRtpCapabilities');
            const { engine } = socket.io;
            const transport = transports.at(-1);
            if (engine.transport.name !== transport)
              await new Promise((done) => engine.once('upgrade', done));
            resolve({ transport: engine.transport.name, codecs: codecs.length });
            socket.disconnect();
          });
        });
      },
      world.server.url,
      transports,
    );
  } finally {
    await page.close();
  }
}

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  test(`a page of an allowed origin connects by ${transports.join(' and ')}`, async () => {
    const got = await connect(world.friend.origin, transports);
    assert.ok('codecs' in got, JSON.stringify(got));
    assert.equal(got.transport, transports.at(-1));
    assert.ok(got.codecs > 0);
  });

  test(`a page of any other origin does not by ${transports.join(' and ')}`, async () => {
    const got = await connect(world.stranger.origin, transports);
    assert.ok('error' in got, JSON.stringify(got));
  });
}
