//! RTP (RFC 3550): headers, header extensions (RFC 8285), sequence numbers and key-frame detection.
//!
//! Parsing never panics and never allocates, whatever the bytes are.

mod header_writer;
mod keyframe;
mod layers;
mod packet;
mod red;
mod seq;
mod types;
mod vp8;
mod vp9;

pub use header_writer::{HeaderFields, HeaderWriter};
pub use keyframe::{VideoCodec, is_keyframe};
pub use layers::{PictureId, PictureLayers};
pub use packet::{ExtensionIter, FIXED_HEADER_LEN, RtpError, RtpHeader};
pub use red::{MAX_REDUNDANT, Red, RedBlock, fits_red_block, red_overhead, write_red};
pub use seq::{TimestampUnwrapper, Unwrapper};
pub use types::{Mid, PayloadType, Rid, SeqNo, ShortIdError, Ssrc};
