/** Who shows somebody large receives them sharp, who shows them small receives little, and who does not see them nothing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { launchChromium } from './harness/browsers.mjs';
import { mediaReport } from './harness/media.mjs';
import { Participant } from './harness/participant.mjs';
import { startServer } from './harness/server.mjs';
import { until } from './harness/wait.mjs';

/**
 * A camera that never repeats itself: Chromium's own fake one is so simple that every stream of it is cheap. To be run
 * before the page's scripts.
 */
function useNoiseAsCamera() {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const BLOCK = 40;
  setInterval(() => {
    for (let x = 0; x < canvas.width; x += BLOCK) {
      for (let y = 0; y < canvas.height; y += BLOCK) {
        pen.fillStyle = `hsl(${Math.random() * 360} 60% 50%)`;
        pen.fillRect(x, y, BLOCK, BLOCK);
      }
    }
  }, 100);
  const native = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const sound = wish?.audio ? await native({ audio: wish.audio }) : new MediaStream();
    if (wish?.video)
      sound.addTrack(/** @type {MediaStreamTrack} */ (canvas.captureStream(10).getVideoTracks()[0]));
    return sound;
  };
}

/**
 * The streams of the camera that a page sends.
 *
 * @param {Participant} person
 * @returns {Promise<{ rid: string, height: number, frames: number, active: boolean }[]>} smallest first
 */
function sentStreams(person) {
  return person.page.evaluate(async () => {
    /** @type {RTCPeerConnection[]} */
    const connections = Reflect.get(window, '__peerConnections');
    /** @type {{ rid: string, height: number, frames: number, active: boolean }[]} */
    const streams = [];
    for (const connection of connections) {
      if (connection.connectionState === 'closed') continue;
      for (const entry of /** @type {any} */ (await connection.getStats()).values()) {
        if (entry.type !== 'outbound-rtp' || entry.kind !== 'video') continue;
        const { rid = '', frameHeight = 0, framesEncoded = 0, active = true } = entry;
        streams.push({ rid, height: frameHeight, frames: framesEncoded, active });
      }
    }
    return streams.sort((a, b) => (a.rid < b.rid ? -1 : 1));
  });
}

/**
 * Wait until the picture that comes has a height of this kind.
 *
 * @param {Participant} person who receives one picture
 * @param {string} what
 * @param {(height: number) => boolean} isRight
 */
async function receivesHeight(person, what, isRight) {
  await until(
    `${person.name} receives ${what}`,
    async () => {
      const [picture] = await person.inbound('video');
      return picture !== undefined && picture.height > 0 && isRight(picture.height);
    },
    { describe: () => mediaReport(person.page) },
  );
}

test('a large tile gets the high layer, a small one the low, a hidden one nothing', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const open = async (/** @type {string} */ name, /** @type {{ width: number, height: number }} */ size) => {
    const person = await Participant.open(launchChromium(), server.url, name);
    t.after(() => person.close());
    await person.page.setViewport(size);
    if (name === 'Nora') await person.page.evaluateOnNewDocument(useNoiseAsCamera);
    await person.page.goto(`${server.url}/r/layers`);
    return person;
  };
  const nora = await open('Nora', { width: 960, height: 640 });
  const lars = await open('Lars', { width: 1900, height: 1300 });
  const sam = await open('Sam', { width: 300, height: 420 });
  await nora.join();
  for (const person of [lars, sam]) {
    await person.see('preview-video');
    await person.click('camera-button');
    await person.join();
  }
  await until('she sends three streams', async () => {
    const streams = await sentStreams(nora);
    return streams.length === 3 && streams.every(({ frames }) => frames > 0);
  });
  await Promise.all([
    receivesHeight(lars, 'the high layer', (height) => height === 720),
    receivesHeight(sam, 'the low layer', (height) => height === 180),
  ]);

  // The tile grows, and so does what comes; it shrinks again.
  await sam.page.setViewport({ width: 1900, height: 1300 });
  await receivesHeight(sam, 'the high layer', (height) => height === 720);
  await sam.page.setViewport({ width: 300, height: 420 });
  await receivesHeight(sam, 'the low layer', (height) => height === 180);

  // What nobody watches is not even encoded, until somebody does.
  await lars.page.setViewport({ width: 300, height: 420 });
  await until('the high stream rests', async () => (await sentStreams(nora))[2]?.active === false, {
    describe: () => sentStreams(nora),
  });
  await receivesHeight(lars, 'the low layer', (height) => height === 180);
  await lars.page.setViewport({ width: 1900, height: 1300 });
  await receivesHeight(lars, 'the high layer', (height) => height === 720);

  // What nobody sees is not received at all.
  await sam.page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await until('the picture stands still', async () => {
    const before = (await sam.inbound('video'))[0]?.packets;
    await lars.receives(1, 0);
    return (await sam.inbound('video'))[0]?.packets === before;
  });
  await sam.page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await sam.receives(1, 0);
  for (const person of [nora, lars, sam]) assert.deepEqual(person.pageErrors, []);
});
