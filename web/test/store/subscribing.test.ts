import { beforeEach, expect, test } from 'vitest';
import { settled, startCall } from '../fakes/startCall';
import type { Call } from '../fakes/startCall';

let call: Call;

const small = { width: 200, height: 112 };
const large = { width: 1200, height: 675 };

beforeEach(async () => {
  call = await startCall(({ server, store }) => {
    server.addParticipant('ana', 'Ana');
    server.addProducer('cam', 'ana', 'camera');
    server.addProducer('mic', 'ana', 'microphone');
    store.getState().showTiles(new Map([['ana', small]]));
  });
});

function told(): (string | undefined)[] {
  return call.server.socket.sent
    .map((frame) => frame.method)
    .filter((method) => /Consumer$|Layers$/.test(method ?? ''));
}

const consumerId = (): string | undefined =>
  call.server.consumers.find((one) => one.producerId === 'cam')?.consumerId;

async function show(size: typeof small | null): Promise<void> {
  call.server.socket.sent.length = 0;
  call.store.getState().showTiles(new Map([['ana', size]]));
  await settled();
}

test('a picture is asked for in the size it is shown, before it flows', () => {
  expect(call.server.requests('setPreferredLayers')).toEqual([
    { consumerId: consumerId(), spatialLayer: 0 },
  ]);
  expect(told().sort()).toEqual(['resumeConsumer', 'resumeConsumer', 'setPreferredLayers']);
  const methods = call.server.socket.sent.map((frame) => frame.method);
  expect(methods.indexOf('setPreferredLayers')).toBeLessThan(methods.lastIndexOf('resumeConsumer'));
});

test('it follows the size, and says nothing when that asks for the same', async () => {
  await show(large);
  expect(call.server.requests('setPreferredLayers')).toMatchObject([{ spatialLayer: 2 }]);
  await show({ width: 1300, height: 731 });
  expect(told()).toEqual([]);
});

test('what is out of sight is not received; its sound is', async () => {
  await show(null);
  expect(call.server.requests('pauseConsumer')).toEqual([{ consumerId: consumerId() }]);
  expect(told()).toEqual(['pauseConsumer']);
  await show(large);
  expect(told()).toEqual(['setPreferredLayers', 'resumeConsumer']);
});

test('a screen has one stream: there is nothing to choose', async () => {
  call.server.socket.sent.length = 0;
  call.server.addProducer('scr', 'ana', 'screen');
  await settled();
  expect(told()).toEqual(['resumeConsumer']);
});
