use crate::diagnostic::Diagnostic;
use tinderbox_model::ErrorClass;

/// Why a patch could not be applied. Each is the user's to mend: the document or the patch does not fit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The document cannot be read, before or after the change.
    #[error("the job cannot be read: {}", first_of(.0))]
    Document(Vec<Diagnostic>),
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
