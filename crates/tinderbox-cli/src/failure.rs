use crate::output;
use std::process::ExitCode;
use tinderbox_app as app;

/// Why a command failed: a sentence, a hint and an exit code.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// The user's input or environment: exit code 2.
    pub fn environment(message: impl Into<String>, hint: Option<String>) -> Self {
        Self { message: message.into(), hint, code: 2 }
    }

    /// The run or the check failed: exit code 1.
    pub fn refused(message: impl Into<String>, hint: Option<String>) -> Self {
        Self { message: message.into(), hint, code: 1 }
    }

    /// Message and hint.
    pub fn into_parts(self) -> (String, Option<String>) {
        (self.message, self.hint)
    }

    /// Prints message and hint to stderr.
    pub fn report(self) -> ExitCode {
        // Rendered diagnostics bring their own severity and place.
        let is_rendered = self.message.contains(": error[");
        let head = if is_rendered { String::new() } else { "error: ".to_owned() };
        output::note(&format!("{head}{}", self.message));
        if let Some(hint) = self.hint {
            output::note(&format!("hint: {hint}"));
        }
        ExitCode::from(self.code)
    }
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        let hint = error.hint();
        match error {
            app::Error::BadSpec { rendered } => Self::refused(rendered, None),
            error => Self::environment(app::chain(&error), hint),
        }
    }
}

impl From<tinderbox_api::Error> for Failure {
    fn from(error: tinderbox_api::Error) -> Self {
        let hint = error.hint();
        match &error {
            tinderbox_api::Error::Refused(problem) if problem.code == "bad-spec" => {
                Self::refused(problem.detail.clone(), None)
            }
            error => Self::environment(app::chain(error), hint),
        }
    }
}

impl From<tinderbox_server::Error> for Failure {
    fn from(error: tinderbox_server::Error) -> Self {
        Self::environment(app::chain(&error), error.hint())
    }
}

impl From<tinderbox_collect::Error> for Failure {
    fn from(error: tinderbox_collect::Error) -> Self {
        Self::environment(app::chain(&error), Some(error.hint()))
    }
}
