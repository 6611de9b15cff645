/** The meetings inside another web application, below a path of its choice: the README's example, in real browsers. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { launchChromium } from './harness/browsers.mjs';
import { Participant } from './harness/participant.mjs';
import { freeTcpPort } from './harness/ports.mjs';
import { VIDEOCALL } from './harness/server.mjs';
import { until } from './harness/wait.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('an application holds meetings below its own path, and says who may join', async (t) => {
  const port = await freeTcpPort('127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  const python = join(dirname(VIDEOCALL), 'python');
  const child = spawn(python, ['-m', 'tests.browser.harness.mounted_server', String(port)], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    await until('the application answers', async () => (await fetch(`${url}/rooms`)).ok);
    const open = (/** @type {string} */ name) =>
      Participant.open(launchChromium(), `${url}/invite?name=${name}`, name);
    const [ada, bob] = await Promise.all([open('Ada'), open('Bob')]);
    t.after(() => Promise.all([ada.close(), bob.close()]));
    assert.equal(new URL(ada.page.url()).pathname, '/meet/r/daily');
    await ada.join();
    await bob.join();
    await Promise.all([ada.receives(1, 1), bob.receives(1, 1)]);
    assert.deepEqual(await (await fetch(`${url}/rooms`)).json(), { daily: ['Ada', 'Bob'] });
    // Everything that the page asked for was below its path.
    const paths = ada.requests().map((each) => new URL(each).pathname);
    assert.deepEqual(
      paths.filter((path) => !path.startsWith('/meet/') && path !== '/invite'),
      [],
    );
    assert.deepEqual(ada.pageErrors, []);

    const stranger = await Participant.open(launchChromium(), `${url}/meet/r/daily`, 'Eve');
    t.after(() => stranger.close());
    await stranger.click('home-link');
    await stranger.see('create-button');
    assert.equal(new URL(stranger.page.url()).pathname, '/meet/');
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
  assert.equal(child.exitCode, 0);
});
