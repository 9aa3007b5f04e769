//! Event logs: names and layout, codecs, lines.
//!
//! Source of names and framing: `EventLogFileWriters` and `CompressionCodec` of Spark 3.5 and 4.x.

mod codec;
mod frames;
mod layout;
mod lines;

pub use codec::{Codec, Encoder};
pub use frames::{ZstdFrames, zstd_frames};
pub use layout::{LogKind, Part, Parts, application_name, classify};
pub use lines::{Line, Lines, fold_lines};
