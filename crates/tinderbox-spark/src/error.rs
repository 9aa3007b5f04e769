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
}

impl Error {
    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Decoder { .. } => "check the free memory of this machine",
        }
    }
}
