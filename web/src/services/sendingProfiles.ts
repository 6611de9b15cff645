import type { ProducerOptions, RtpCapabilities } from 'mediasoup-client/types';
import type { Source } from '../protocol/messages';

type Profile = Pick<ProducerOptions, 'codec' | 'codecOptions' | 'encodings'>;

const CAMERA_BITRATE_BPS = 1_500_000;
const SCREEN_BITRATE_BPS = 3_000_000;

/** Where the sender's estimate starts, in kbit/s: a camera is sharp from its first second on. */
const START_BITRATE_KBPS = 800;

/** How each source is encoded: codec, bit rate, Opus settings. One encoding per source. */
export function profileOf(source: Source, capabilities: RtpCapabilities): Profile {
  switch (source) {
    case 'microphone':
      // DTX: hardly a packet in silence. FEC: a lost packet is rebuilt from the next.
      return { codecOptions: { opusDtx: true, opusFec: true, opusStereo: false } };
    case 'screenAudio':
      // Music and films: stereo, and no gaps.
      return { codecOptions: { opusDtx: false, opusFec: true, opusStereo: true } };
    case 'camera':
      return video(CAMERA_BITRATE_BPS, capabilities);
    case 'screen':
      return video(SCREEN_BITRATE_BPS, capabilities);
  }
}

function video(maxBitrate: number, capabilities: RtpCapabilities): Profile {
  return {
    encodings: [{ maxBitrate }],
    codecOptions: { videoGoogleStartBitrate: START_BITRATE_KBPS },
    // VP8 is the one codec that every browser encodes and decodes.
    codec: capabilities.codecs?.find((codec) => codec.mimeType.toLowerCase() === 'video/vp8'),
  };
}
