/** One call of two browsers, and what it is like for the one who watches while the network does this and that. */

import { setTimeout as delay } from 'node:timers/promises';

import { launchChromium } from '../browser/harness/browsers.mjs';
import { Participant } from '../browser/harness/participant.mjs';
import { freeTcpPort, freeUdpPorts } from '../browser/harness/ports.mjs';
import { startServer } from '../browser/harness/server.mjs';
import { RELAYED, SERVER, TestNetwork } from './network.mjs';
import { askTheServer, bringDevices, receivedSoFar, sentSoFar } from './page_hooks.mjs';

/** @import { Sample, Scenario } from './types.d.ts' */

const SAMPLE_MS = 500;

/**
 * @param {Scenario} scenario
 * @returns {Promise<Sample[]>}
 */
export async function measure(scenario) {
  const network = new TestNetwork();
  const port = await freeTcpPort('127.0.0.1');
  const rtcPort = await freeUdpPorts(1);
  await network.open(port);
  /** @type {(() => Promise<unknown>)[]} */
  const closing = [() => network.close()];
  try {
    const flags = ['--rtc-address', `127.0.0.1=${RELAYED}`, '--workers', '1'];
    const server = await startServer({
      host: SERVER,
      port,
      rtcPort,
      namespace: network.serverNamespace,
      flags,
    });
    closing.unshift(() => server.stop());
    await network.startRelay(rtcPort);
    const room = `${server.url}/r/${scenario.name}`;
    const publisher = await open(launchChromium({ trust: server.url }), room, 'Pat');
    closing.unshift(() => publisher.close());
    const launching = launchChromium({
      trust: server.url,
      executablePath: await network.subscribersChromium(),
    });
    const subscriber = await open(launching, room, 'Sue');
    closing.unshift(() => subscriber.close());
    // Large enough that the page asks for the whole picture.
    await subscriber.page.setViewport({ width: 1600, height: 1000 });
    await publisher.join();
    await subscriber.join();
    await subscriber.receives(1, 1);
    return await watch(scenario, network, publisher, subscriber);
  } finally {
    for (const close of closing) await close();
  }
}

/**
 * @param {ReturnType<typeof launchChromium>} launching
 * @param {string} url
 * @param {string} name
 */
function open(launching, url, name) {
  return Participant.open(launching, url, name, [bringDevices, askTheServer]);
}

/**
 * @param {Scenario} scenario
 * @param {TestNetwork} network
 * @param {Participant} publisher
 * @param {Participant} subscriber
 * @returns {Promise<Sample[]>}
 */
async function watch(scenario, network, publisher, subscriber) {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const steps = [...scenario.steps];
  /** @type {Sample[]} */
  const samples = [];
  while (seconds() < scenario.seconds) {
    while (steps[0] !== undefined && steps[0].at <= seconds()) {
      const { down, up } = /** @type {typeof steps[0]} */ (steps.shift());
      await network.set(up === undefined ? { down } : { down, up });
    }
    const at = seconds();
    const [received, sent, relay] = await Promise.all([
      subscriber.page.evaluate(receivedSoFar),
      publisher.page.evaluate(sentSoFar),
      network.stats(),
    ]);
    samples.push(/** @type {Sample} */ ({ at, ...received, ...sent, queueMs: relay.downQueueMs }));
    await delay(Math.max(0, SAMPLE_MS - (seconds() - at) * 1000));
  }
  return samples;
}
