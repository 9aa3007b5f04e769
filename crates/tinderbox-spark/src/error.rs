use crate::log::Codec;

/// What keeps a stream of events from being read at all. What is wrong inside a stream is no error but a
/// mark in [`tinderbox_model::Completeness`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The decompressor could not be set up.
    #[error("cannot set up the {codec} decoder")]
    Decoder {
        /// The codec asked for.
        codec: Codec,
        /// What it said.
        source: std::io::Error,
    },
    /// The first bytes of a file are not what its codec writes.
    #[error("the {codec} data is damaged from its beginning")]
    Damaged {
        /// The codec that the first bytes or the name tell.
        codec: Codec,
        /// Where and how.
        source: std::io::Error,
    },
}

impl Error {
    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Decoder { .. } => "check the free memory of this machine",
            Self::Damaged { .. } => {
                "copy the file again from where Spark wrote it; a file of something else needs another name"
            }
        }
    }
}
