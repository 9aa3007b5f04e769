//! What every attempt tells Spark, wherever it runs: which run it is, where its event log goes, who listens.

use crate::Error;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How an attempt is watched.
pub(crate) struct Watched<'a> {
    /// `<run>/<attempt>`.
    pub(crate) marker: &'a str,
    /// Address of an existing folder for the event log.
    pub(crate) event_log: &'a str,
    /// Where the driver finds the listener's jar, and the address that it sends to.
    pub(crate) listener: Option<(&'a str, &'a str)>,
    /// Whether the event log must be readable as text when it is done.
    pub(crate) has_secrets: bool,
}

pub(crate) const LISTENER_CLASS: &str = "dev.tinderbox.listener.TinderboxListener";

/// Adds to the user's properties what makes the attempt watched. `spark.extraListeners` and `spark.driver.extraClassPath` are
/// added to, all else is ours.
pub(crate) fn watch(properties: &mut BTreeMap<String, String>, watched: &Watched<'_>) {
    let with = |properties: &BTreeMap<String, String>, key: &str, separator: char, own: &str| {
        match properties.get(key).map(|value| value.trim()).filter(|value| !value.is_empty()) {
            Some(theirs) => format!("{theirs}{separator}{own}"),
            None => own.to_owned(),
        }
    };
    let (run, attempt) = run_and_attempt(watched.marker);
    let mut own = vec![
        ("spark.eventLog.enabled", "true".to_owned()),
        ("spark.eventLog.dir", watched.event_log.to_owned()),
        ("spark.tinderbox.run", run.to_owned()),
        ("spark.tinderbox.attempt", attempt.to_owned()),
    ];
    if watched.has_secrets {
        own.push(("spark.eventLog.compress", "false".to_owned()));
    }
    if let Some((jar, url)) = watched.listener {
        let listeners = with(properties, "spark.extraListeners", ',', LISTENER_CLASS);
        let path = with(properties, "spark.driver.extraClassPath", ':', jar);
        own.push(("spark.extraListeners", listeners));
        own.push(("spark.driver.extraClassPath", path));
        own.push(("spark.tinderbox.live.url", url.to_owned()));
    }
    properties.extend(own.into_iter().map(|(key, value)| (key.to_owned(), value)));
}

pub(crate) fn run_and_attempt(marker: &str) -> (&str, &str) {
    marker.rsplit_once('/').unwrap_or((marker, "1"))
}

/// A file URL as `java.net.URI` reads it: what is not unreserved or `/` is percent-encoded (RFC 3986).
pub(crate) fn file_url(path: &str) -> String {
    let mut url = String::from("file:");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                url.push(char::from(byte));
            }
            other => {
                // Writing to a String cannot fail.
                let _ = write!(url, "%{other:02X}");
            }
        }
    }
    url
}

/// Spark takes its folders as text, its local folders as a list with commas, the program as a URI, and Java's options
/// in quotes.
pub(crate) fn checked_folder(folder: &Path) -> Result<&str, Error> {
    let refuse = |problem| Err(Error::Folder { path: folder.to_owned(), problem });
    match folder.to_str() {
        None => refuse("has a name that is not UTF-8"),
        Some(_) if !folder.is_absolute() => refuse("is not an absolute path"),
        Some(text) if text.contains([',', '#', '"', '\\', '\n']) => {
            refuse("has one of , # \" \\ or a line break in its name")
        }
        Some(_) if fs::metadata(folder).is_ok_and(|data| !data.is_dir()) => refuse("is a file"),
        Some(text) => Ok(text),
    }
}
