import { parseScalabilityMode } from 'mediasoup-client';
import type { Consumer } from 'mediasoup-client/types';

/** A picture's place on the page, in device pixels. */
export interface Size {
  width: number;
  height: number;
}

/** What the smallest stream of a camera is high; each one above is twice that. */
const BOTTOM_HEIGHT = 180;

/** A picture drawn this much larger than it came still looks sharp enough. */
const STRETCH = 1.35;

/** The lowest spatial layer that fills a place of this size, or the highest there is. */
export function layerFor(size: Size, layerCount: number): number {
  // It fills its box, so the longer side decides.
  const wanted = Math.max(size.height, (size.width * 9) / 16);
  let layer = layerCount - 1;
  while (layer > 0 && layerHeight(layer - 1) * STRETCH >= wanted) layer -= 1;
  return layer;
}

/** How many streams the server can choose from for this consumer. */
export function layerCountOf(consumer: Consumer): number {
  const mode = consumer.rtpParameters.encodings?.[0]?.scalabilityMode;
  return parseScalabilityMode(mode).spatialLayers;
}

function layerHeight(layer: number): number {
  return BOTTOM_HEIGHT * 2 ** layer;
}
