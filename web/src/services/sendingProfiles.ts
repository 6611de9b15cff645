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

/** Of the streams of a camera, smallest first: the server gives each receiver what its tile and its path can take. */
const CAMERA_BITRATES = [150_000, 500_000, 1_700_000];

/** From these heights on libwebrtc encodes two and three streams; of more it would leave out the largest. */
const TWO_STREAMS_FROM = 270;
const THREE_STREAMS_FROM = 540;

/** One stream: half of a screen's resolution cannot be read. */
const SCREEN: RtpEncodingParameters[] = [{ maxBitrate: 3_000_000, ...TEMPORAL }];

/** How each source is encoded: codec, streams, bit rates, Opus settings. `height` is the picture's shorter side, if known. */
export function profileOf(source: Source, capabilities: RtpCapabilities, height?: number): Profile {
  switch (source) {
    case 'microphone':
      // DTX: hardly a packet in silence. FEC: a lost packet is rebuilt from the next.
      return { codecOptions: { opusDtx: true, opusFec: true, opusStereo: false } };
    case 'screenAudio':
      // Music and films: stereo, and no gaps.
      return { codecOptions: { opusDtx: false, opusFec: true, opusStereo: true } };
    case 'camera':
      return video(cameraStreams(height), capabilities);
    case 'screen':
      return video(SCREEN, capabilities);
  }
}

function cameraStreams(height = THREE_STREAMS_FROM): RtpEncodingParameters[] {
  const count = height >= THREE_STREAMS_FROM ? 3 : height >= TWO_STREAMS_FROM ? 2 : 1;
  return CAMERA_BITRATES.slice(0, count).map((maxBitrate, index) => ({
    scaleResolutionDownBy: 2 ** (count - 1 - index),
    maxBitrate,
    ...TEMPORAL,
  }));
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
