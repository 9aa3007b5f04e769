use crate::log::Codec;

/// What keeps a stream of events from being read at all. What is wrong inside a stream is no error but a
/// mark in [`tinderbox_model::Completeness`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Spark can write this codec, this version cannot read it.
    #[error("event logs compressed with {codec} cannot be read yet")]
    UnsupportedCodec {
        /// The codec that the name or the first bytes tell.
        codec: Codec,
    },
    /// The decompressor could not be set up.
    #[error("cannot set up the {codec} decoder")]
    Decoder {
        /// The codec asked for.
        codec: Codec,
        /// What it said.
        source: std::io::Error,
    },
}

impl Error {
    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnsupportedCodec { codec: Codec::Gzip } => {
                "unpack it with gunzip and read the plain file"
            }
            Self::UnsupportedCodec { .. } => {
                "set spark.eventLog.compression.codec=zstd (or spark.eventLog.compress=false) for the next \
                 run; for this log, let Spark's own history server unpack it"
            }
            Self::Decoder { .. } => "check the free memory of this machine",
        }
    }
}
