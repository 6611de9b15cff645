/**
 * Three network namespaces: the server's, the publisher's and the subscriber's. Both load the page from the server directly,
 * and so does the publisher with its media; the subscriber's media goes through `videocall-relay`, which is as bad as it is
 * told to be. Needs root.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const RELAY =
  process.env.VIDEOCALL_RELAY ??
  fileURLToPath(new URL('../../target/release/videocall-relay', import.meta.url));

/** @typedef {import('./types.d.ts').Direction} Direction */

/** @param {string} line of arguments to `ip` */
function ip(line) {
  execFileSync('ip', line.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Where the server is, and where the relay stands for it. */
export const SERVER = '10.232.1.1';
export const RELAYED = '10.232.2.1';

/**
 * Run this very program in the publisher's namespace, with all three made before and removed after.
 *
 * @returns {Promise<number>} its exit status
 */
export async function runInside() {
  const names = {
    server: `videocall-qs${process.pid}`,
    publisher: `videocall-qp${process.pid}`,
    subscriber: `videocall-qr${process.pid}`,
  };
  try {
    make(names);
    const command = ['netns', 'exec', names.publisher, process.execPath, ...process.argv.slice(1)];
    const env = { ...process.env, VIDEOCALL_QUALITY_NAMESPACES: JSON.stringify(names) };
    const child = spawn('ip', command, { stdio: 'inherit', env });
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
      process.on(signal, () => child.kill(signal));
    const [status] = await once(child, 'exit');
    return status ?? 1;
  } finally {
    for (const name of Object.values(names)) {
      try {
        ip(`netns delete ${name}`);
      } catch {
        // It was never made.
      }
    }
  }
}

/** @param {{ server: string, publisher: string, subscriber: string }} names */
function make({ server, publisher, subscriber }) {
  for (const name of [server, publisher, subscriber]) ip(`netns add ${name}`);
  for (const [name, device, network] of [
    [publisher, 'publisher', '10.232.1'],
    [subscriber, 'subscriber', '10.232.2'],
  ]) {
    ip(`-n ${server} link add ${device} type veth peer name server netns ${name}`);
    ip(`-n ${server} address add ${network}.1/30 dev ${device}`);
    ip(`-n ${name} address add ${network}.2/30 dev server`);
    ip(`-n ${server} link set ${device} up`);
    for (const own of ['server', 'lo']) ip(`-n ${name} link set ${own} up`);
  }
  ip(`-n ${server} link set lo up`);
  // The page comes from there. Media must not, or it would not be relayed.
  ip(`-n ${subscriber} route add ${SERVER}/32 via ${RELAYED}`);
}

export class TestNetwork {
  /** @type {{ server: string, publisher: string, subscriber: string }} */
  #names = JSON.parse(process.env.VIDEOCALL_QUALITY_NAMESPACES ?? '');
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #relay;
  /** @type {AsyncIterator<string> | undefined} */
  #answers;
  #directory = '';

  get serverNamespace() {
    return this.#names.server;
  }

  /** @param {number} pagePort the one port of the server itself that the subscriber may reach */
  async open(pagePort) {
    this.#directory = await mkdtemp(join(tmpdir(), 'videocall-quality-'));
    // Those of the scenario before go.
    const rules = `table ip relayed
    delete table ip relayed
    table ip relayed { chain in { type filter hook input priority 0
      iifname "subscriber" ip daddr ${SERVER} tcp dport != ${pagePort} reject
      iifname "subscriber" ip daddr ${SERVER} meta l4proto udp drop
    }
    }`;
    execFileSync('ip', ['netns', 'exec', this.#names.server, 'nft', '-f', '-'], { input: rules });
  }

  /**
   * A program that runs Chromium in the subscriber's namespace.
   */
  async subscribersChromium() {
    const path = join(this.#directory, 'chromium');
    const browser = process.env.CHROMIUM ?? '/usr/bin/chromium';
    await writeFile(path, `#!/bin/sh\nexec ip netns exec ${this.#names.subscriber} ${browser} "$@"\n`);
    await chmod(path, 0o755);
    return path;
  }

  /** @param {number} port the media port of the server's one worker, on its loopback address */
  async startRelay(port) {
    const ends = ['--listen', `${RELAYED}:${port}`, '--to', `127.0.0.1:${port}`];
    this.#relay = spawn('ip', ['netns', 'exec', this.#names.server, RELAY, ...ends], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const { stdout } = this.#relay;
    if (stdout === null) throw new Error('the relay has no output');
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    await this.#answer();
  }

  /**
   * Make the subscriber's link as bad as this from now on.
   *
   * @param {{ down?: Direction, up?: Direction }} directions
   */
  async set(directions) {
    await this.#ask(directions);
  }

  /** @returns {Promise<import('./types.d.ts').RelayStats>} */
  async stats() {
    return /** @type {import('./types.d.ts').RelayStats} */ (await this.#ask({ stats: true }));
  }

  async close() {
    this.#relay?.stdin?.end();
    if (this.#directory !== '') await rm(this.#directory, { recursive: true });
  }

  /** @param {object} command */
  async #ask(command) {
    this.#relay?.stdin?.write(`${JSON.stringify(command)}\n`);
    return this.#answer();
  }

  async #answer() {
    const line = await this.#answers?.next();
    if (line === undefined || line.done === true) throw new Error('the relay ended');
    const answer = /** @type {{ error?: string }} */ (JSON.parse(line.value));
    if (answer.error !== undefined) throw new Error(`the relay: ${answer.error}`);
    return answer;
  }
}
