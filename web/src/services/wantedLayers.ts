import type { Producer } from 'mediasoup-client/types';
import type { LayersWanted } from '../protocol/messages';

/** Stops encoding the streams that nobody receives, and starts those that somebody does. */
export async function applyWantedLayers(
  producer: Producer,
  layers: LayersWanted['layers'],
): Promise<void> {
  const sender = producer.rtpSender;
  if (producer.closed || sender === undefined) return;
  const parameters = sender.getParameters();
  let hasChanged = false;
  for (const { rid, spatialLayer, wanted } of layers) {
    const encoding =
      parameters.encodings.find((one) => rid !== undefined && one.rid === rid) ??
      parameters.encodings[spatialLayer];
    if (encoding === undefined || (encoding.active ?? true) === wanted) continue;
    encoding.active = wanted;
    hasChanged = true;
  }
  if (hasChanged) await sender.setParameters(parameters);
}
