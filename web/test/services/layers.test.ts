import type { Producer } from 'mediasoup-client/types';
import { expect, test } from 'vitest';
import { layerFor } from '../../src/services/layers';
import { applyWantedLayers } from '../../src/services/wantedLayers';

test.each([
  [{ width: 160, height: 90 }, 3, 0],
  [{ width: 320, height: 180 }, 3, 0],
  [{ width: 480, height: 270 }, 3, 1],
  [{ width: 640, height: 360 }, 3, 1],
  [{ width: 960, height: 540 }, 3, 2],
  [{ width: 1920, height: 1080 }, 3, 2],
  [{ width: 120, height: 400 }, 3, 1], // it fills its box: the height counts
  [{ width: 320, height: 180 }, 2, 0],
  [{ width: 640, height: 360 }, 2, 1],
  [{ width: 160, height: 90 }, 1, 0],
])('%o of %d layers gets layer %d', (size, count, layer) => {
  expect(layerFor(size, count)).toBe(layer);
});

test('streams that nobody receives are not encoded, until somebody does', async () => {
  let parameters = {
    encodings: [{ rid: 'r0', active: true }, { rid: 'r1', active: true }, { rid: 'r2' }],
  };
  let changes = 0;
  const producer = {
    closed: false,
    rtpSender: {
      getParameters: () => structuredClone(parameters),
      setParameters: (wanted: typeof parameters) => {
        parameters = wanted;
        changes += 1;
        return Promise.resolve();
      },
    },
  } as unknown as Producer;
  const active = (): (boolean | undefined)[] => parameters.encodings.map((one) => one.active);
  const wanted = [
    { spatialLayer: 0, rid: 'r0', wanted: true },
    { spatialLayer: 1, wanted: false },
    { spatialLayer: 2, rid: 'r2', wanted: false },
  ];
  await applyWantedLayers(producer, wanted);
  expect(active()).toEqual([true, false, false]);
  await applyWantedLayers(producer, wanted);
  expect(changes).toBe(1);
  await applyWantedLayers(producer, [{ spatialLayer: 2, rid: 'r2', wanted: true }]);
  expect(active()).toEqual([true, false, true]);
});
