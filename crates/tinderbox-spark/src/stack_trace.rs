//! The chain of causes in an error's text, as Java's `Throwable.printStackTrace` and Python's `traceback` write it.
//!
//! Spark puts one into the other: a Python error is the message of a `PythonException`, and that again stands behind
//! "most recent failure: Lost task …" in the message of the error that ended a job.

/// One error of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// How it belongs to the one before.
    pub relation: Relation,
    /// Its class, with the package where the text has it; the condition where Spark names that alone
    /// (`FAILED_READ_FILE.NO_HINT`).
    pub class: String,
    /// The first line of its message, at most [`Cause::MESSAGE_LIMIT`] characters; may be empty.
    pub message: String,
    /// Where it was thrown: Java's topmost frame (`Class.method(File.scala:12)`) or Python's innermost one
    /// (`file.py:12 in function`). `None` when the text has none.
    pub at: Option<String>,
}

impl Cause {
    /// Longest message that is kept.
    pub const MESSAGE_LIMIT: usize = 1_000;
    /// Most errors of a chain.
    pub const CHAIN_LIMIT: usize = 32;
}

/// How an error belongs to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The error that the text is about.
    Top,
    /// Java's `Caused by`, and Python's "direct cause of the following exception".
    CausedBy,
    /// Java's `Suppressed`: it happened while another error was on its way.
    Suppressed,
    /// Named in the message of the one before: the task's error behind the job's, the Python error behind Java's.
    Inside,
    /// Python's "during handling of the above exception".
    While,
}

/// The errors of a text, outermost first. Empty when the text has no class of an error.
pub fn causes(text: &str) -> Vec<Cause> {
    let mut reader = Reader::default();
    for line in text.lines() {
        if reader.causes.len() >= Cause::CHAIN_LIMIT {
            break;
        }
        reader.line(line);
    }
    reader.end_python();
    reader.causes
}

#[derive(Default)]
struct Reader {
    causes: Vec<Cause>,
    /// The newest Java error: the frames that follow are its own, whatever stands in its message.
    java: Option<usize>,
    /// A Python traceback that is being read.
    python: Option<Python>,
    /// Whether a frame of the newest Java error was seen: then its message is over.
    has_frame: bool,
}

#[derive(Default)]
struct Python {
    /// Errors in the order of the text: Python prints the first one first.
    errors: Vec<Cause>,
    /// The frame read last.
    at: Option<String>,
    /// How the error that comes next belongs to the one read before.
    next: Option<Relation>,
    /// Whether frames are being read.
    in_frames: bool,
}

const TRACEBACK: &str = "Traceback (most recent call last):";

impl Reader {
    fn line(&mut self, line: &str) {
        let text = line.trim();
        if self.python.is_some() {
            if !is_frame(text) && !text.starts_with("Caused by: ") {
                self.python_line(line);
                return;
            }
            self.end_python();
        }
        if let Some(frame) = text.strip_prefix("at ").filter(|_| is_frame(text)) {
            self.has_frame = true;
            let newest = self.java.and_then(|at| self.causes.get_mut(at));
            if let Some(newest) = newest.filter(|cause| cause.at.is_none()) {
                newest.at = Some(frame.to_owned());
            }
            return;
        }
        for (prefix, relation) in
            [("Caused by: ", Relation::CausedBy), ("Suppressed: ", Relation::Suppressed)]
        {
            if let Some(rest) = text.strip_prefix(prefix) {
                self.java(rest, relation);
                return;
            }
        }
        if text == TRACEBACK {
            self.python = Some(Python { in_frames: true, ..Python::default() });
        } else if self.causes.is_empty() {
            self.java(text, Relation::Top);
        } else if !self.has_frame
            && let Some(newest) = self.causes.last_mut()
            && newest.message.is_empty()
        {
            newest.message = cut(text);
        }
    }

    /// The head of a Java error, with the errors that its message names.
    fn java(&mut self, text: &str, relation: Relation) {
        // What Spark 4 tells the driver has the name of the condition in place of a class.
        let Some((class, message)) = head(text).or_else(|| condition(text)) else {
            if relation == Relation::Top {
                self.inside(text, Relation::Top);
            }
            return;
        };
        self.has_frame = false;
        self.java = Some(self.causes.len());
        let is_traceback = message.ends_with(TRACEBACK);
        let message_shown = message.strip_suffix(TRACEBACK).unwrap_or(message);
        self.causes.push(Cause {
            relation,
            class: class.to_owned(),
            message: cut(message_shown),
            at: None,
        });
        self.inside(message, Relation::Inside);
        if is_traceback && self.python.is_none() {
            self.python = Some(Python { in_frames: true, ..Python::default() });
        }
    }

    /// "… (TID 3) (host executor 1): java.lang.X: message": the task's error in the message of the job's.
    fn inside(&mut self, message: &str, relation: Relation) {
        // One line can name as many as it is long.
        if self.causes.len() >= Cause::CHAIN_LIMIT {
            return;
        }
        if let Some((_, rest)) = message.split_once("Lost task ").map(|(_, rest)| ((), rest))
            && let Some((_, error)) = rest.split_once("): ")
            && head(error).is_some()
        {
            self.java(error, relation);
        }
    }

    fn python_line(&mut self, line: &str) {
        let Some(python) = &mut self.python else { return };
        let text = line.trim();
        if text == TRACEBACK {
            python.in_frames = true;
            python.at = None;
        } else if text.starts_with("During handling of the above exception") {
            python.next = Some(Relation::While);
        } else if text.starts_with("The above exception was the direct cause") {
            python.next = Some(Relation::CausedBy);
        } else if let Some(frame) = python_frame(text).filter(|_| python.in_frames) {
            python.at = Some(frame);
        } else if python.in_frames
            && !line.starts_with(char::is_whitespace)
            && let Some((class, message)) = python_head(text)
        {
            python.in_frames = false;
            python.errors.push(Cause {
                relation: python.next.take().unwrap_or(Relation::Inside),
                class: class.to_owned(),
                message: cut(message),
                at: python.at.take(),
            });
        }
    }

    /// Python's errors come the last one first, so that every one is followed by its cause.
    fn end_python(&mut self) {
        let Some(python) = self.python.take() else { return };
        let mut relation = if self.causes.is_empty() { Relation::Top } else { Relation::Inside };
        for error in python.errors.into_iter().rev() {
            let next = error.relation;
            self.causes.push(Cause { relation, ..error });
            relation = next;
        }
        self.causes.truncate(Cause::CHAIN_LIMIT);
        self.has_frame = true;
    }
}

fn cut(text: &str) -> String {
    text.trim().chars().take(Cause::MESSAGE_LIMIT).collect()
}

/// `at package.Class.method(File.java:12)`.
fn is_frame(text: &str) -> bool {
    text.strip_prefix("at ").is_some_and(|rest| rest.ends_with(')') && rest.contains('('))
}

/// Class and message of `package.Class: message` or `package.Class`.
fn head(text: &str) -> Option<(&str, &str)> {
    let (class, message) = match text.find(": ") {
        Some(at) => (&text[..at], &text[at + 2..]),
        None => (text.strip_suffix(':').unwrap_or(text), ""),
    };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$');
    let last = class.rsplit(['.', '$']).next()?;
    let fits = class.contains('.')
        && class.chars().all(is_name)
        && last.starts_with(char::is_uppercase)
        && !class.contains("..");
    fits.then_some((class, message))
}

/// Name and message of `[NAME.SUB_NAME] message`: an error condition of Spark (`error-conditions.json`).
fn condition(text: &str) -> Option<(&str, &str)> {
    let (name, message) = text.strip_prefix('[')?.split_once("] ")?;
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    (name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(is_name))
        .then_some((name, message))
}

/// Class and message of a Python error; a class of Python's own has no module.
fn python_head(text: &str) -> Option<(&str, &str)> {
    let (class, message) = text.split_once(": ").unwrap_or((text.trim_end_matches(':'), ""));
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
    let fits =
        class.starts_with(|c: char| c.is_alphabetic() || c == '_') && class.chars().all(is_name);
    fits.then_some((class, message))
}

/// `File "job.py", line 12, in main` as `job.py:12 in main`.
fn python_frame(text: &str) -> Option<String> {
    let (file, rest) = text.strip_prefix("File \"")?.split_once("\", line ")?;
    Some(match rest.split_once(", in ") {
        Some((line, function)) => format!("{file}:{line} in {function}"),
        None => format!("{file}:{rest}"),
    })
}

#[cfg(test)]
mod tests;
