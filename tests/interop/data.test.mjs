/** Data channels of clients that nobody here wrote: messages arrive whole, in order where that was asked for. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startServer } from '../browser/harness/server.mjs';
import { until } from '../browser/harness/wait.mjs';

/** @import { Server } from '../browser/harness/server.mjs' */

const SCRIPT = fileURLToPath(new URL('node_data_client.mjs', import.meta.url));
/** Messages of one channel that have to come. */
const ENOUGH = 40;

/** @type {Server} */
let server;

before(async () => void (server = await startServer()));
after(() => server.stop());

/**
 * @typedef {object} Report
 * @property {Record<string, (string | number[])[]>} heard
 * @property {string[]} errors
 */

/** @param {string} name */
function start(name) {
  const child = spawn(process.execPath, [SCRIPT, server.url, 'data', name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  /** @type {Report} */
  let latest = { heard: {}, errors: [] };
  createInterface(child.stdout).on('line', (line) => (latest = JSON.parse(line)));
  const exited = once(child, 'exit');
  return {
    report: () => latest,
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

test('mediasoup-client on Node says numbers and hears the others', async (t) => {
  const names = ['ada', 'bob', 'cleo'];
  const clients = names.map(start);
  for (const client of clients) t.after(() => client.stop());
  for (const [index, client] of clients.entries()) {
    const others = names.filter((_, other) => other !== index);
    const labels = others.flatMap((name) => [`${name} ordered`, `${name} unordered`]).sort();
    await until(
      `${names[index]} hears ${labels.join(', ')}`,
      () => labels.every((label) => (client.report().heard[label]?.length ?? 0) >= ENOUGH),
      {
        describe: () => Object.entries(client.report().heard).map(([label, heard]) => [label, heard.length]),
      },
    );
    assert.deepEqual(client.report().errors, []);
    assert.deepEqual(Object.keys(client.report().heard).sort(), labels);
    for (const label of labels.filter((label) => label.endsWith(' ordered'))) {
      const messages = client.report().heard[label] ?? [];
      const first = Number(messages[0]);
      const expected = messages.map((_, at) => {
        const number = first + Math.floor(at / 2);
        return at % 2 === 0 ? String(number) : [number % 256, 0, 255];
      });
      assert.deepEqual(messages, expected);
    }
  }
});
