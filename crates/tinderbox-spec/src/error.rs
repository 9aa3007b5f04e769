use crate::diagnostic::Diagnostic;
use tinderbox_model::ErrorClass;

/// Why a document could not be changed. Each is the user's to mend: the document or the patch does not fit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The document cannot be read, before or after the change.
    #[error("the job cannot be read: {}", first_of(.0))]
    Document(Vec<Diagnostic>),
    /// The document is written in a way that cannot be laid out anew without risk.
    #[error("line {line}: {reason}; change it by hand")]
    Format {
        /// Line from 1.
        line: usize,
        /// What is in the way.
        reason: String,
    },
    /// The patch names something that the document does not have.
    #[error("cannot apply `{patch}`: {reason}")]
    Patch {
        /// The patch in words.
        patch: String,
        /// What is wrong with it, with the nearest valid word.
        reason: String,
    },
}

impl Error {
    /// Whose fault, and whether to try again.
    pub fn class(&self) -> ErrorClass {
        ErrorClass::USER
    }
}

fn first_of(diagnostics: &[Diagnostic]) -> String {
    diagnostics.first().map(ToString::to_string).unwrap_or_default()
}
