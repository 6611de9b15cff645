import type {
  ProducerOptions,
  RtpCapabilities,
  RtpEncodingParameters,
} from 'mediasoup-client/types';
import type { Source } from '../protocol/messages';

type Profile = Pick<ProducerOptions, 'codec' | 'codecOptions' | 'encodings'>;

/** Where the sender's estimate starts, in kbit/s: a camera is sharp from its first second on. */
const START_BITRATE_KBPS = 800;

/** VP8's temporal layers let the server halve a stream's rate for whoever has little; Firefox sends one. */
const TEMPORAL = { scalabilityMode: 'L1T3' };

/** Three streams of a camera, smallest first: the server gives each receiver what its tile and its path can take. */
const CAMERA: RtpEncodingParameters[] = [
  { scaleResolutionDownBy: 4, maxBitrate: 150_000, ...TEMPORAL },
  { scaleResolutionDownBy: 2, maxBitrate: 500_000, ...TEMPORAL },
  { scaleResolutionDownBy: 1, maxBitrate: 1_700_000, ...TEMPORAL },
];

/** One stream: half of a screen's resolution cannot be read. */
const SCREEN: RtpEncodingParameters[] = [{ maxBitrate: 3_000_000, ...TEMPORAL }];

/** How each source is encoded: codec, streams, bit rates, Opus settings. */
export function profileOf(source: Source, capabilities: RtpCapabilities): Profile {
  switch (source) {
    case 'microphone':
      // DTX: hardly a packet in silence. FEC: a lost packet is rebuilt from the next.
      return { codecOptions: { opusDtx: true, opusFec: true, opusStereo: false } };
    case 'screenAudio':
      // Music and films: stereo, and no gaps.
      return { codecOptions: { opusDtx: false, opusFec: true, opusStereo: true } };
    case 'camera':
      return video(CAMERA, capabilities);
    case 'screen':
      return video(SCREEN, capabilities);
  }
}

function video(encodings: RtpEncodingParameters[], capabilities: RtpCapabilities): Profile {
  return {
    // Copies: mediasoup-client writes rids into them.
    encodings: encodings.map((one) => ({ ...one })),
    codecOptions: { videoGoogleStartBitrate: START_BITRATE_KBPS },
    // VP8 is the one codec that every browser encodes and decodes.
    codec: capabilities.codecs?.find((codec) => codec.mimeType.toLowerCase() === 'video/vp8'),
  };
}
