//! `s3_path`: the key of the data set, whose first segment is the user.

use super::Fault;
use serde_json::Value;

/// Names and endings of formats, and the format of Spark that each is.
pub(super) const FORMATS: &[(&str, &str)] = &[
    ("csv", "csv"),
    ("json", "json"),
    ("jsonl", "json"),
    ("ndjson", "json"),
    ("text", "text"),
    ("txt", "text"),
    ("parquet", "parquet"),
];

/// Of a key of S3, in bytes.
const LONGEST_KEY: usize = 1_024;

#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) user: String,
}

impl Place {
    /// By the ending; Spark unpacks what is packed.
    pub(super) fn format(&self) -> Option<&'static str> {
        let lower = self.path.to_ascii_lowercase();
        let name = lower.rsplit('/').next().unwrap_or_default();
        let name =
            [".gz", ".bz2", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let (_, ending) = name.rsplit_once('.')?;
        FORMATS.iter().find(|(known, _)| *known == ending).map(|(_, format)| *format)
    }
}

/// The path as a key that is below the user's own segment however it is read: as it stands, with `%` escapes, or as a pattern of
/// Hadoop's.
pub(super) fn read(value: &Value, faults: &mut Vec<Fault>) -> Option<Place> {
    const FIELD: &str = "s3_path";
    let Some(path) = value.as_str() else {
        faults.push(Fault::of_type(FIELD, "a text", value));
        return None;
    };
    let mut refuse = |message: String, hint: &str| {
        faults.push(Fault::new(FIELD, message, hint.to_owned()));
        None
    };
    let whole = path.strip_suffix('/').unwrap_or(path);
    if whole.is_empty() || path.len() > LONGEST_KEY {
        let hint = "for example user123/datasets/sales.csv";
        return refuse(format!("has {} bytes, and a key has 1 to {LONGEST_KEY}", path.len()), hint);
    }
    if path.contains("://") {
        let hint = "give the key alone; the bucket is the server's (`serve --s3-bucket`)";
        return refuse("is an address".to_owned(), hint);
    }
    if path.starts_with('/') {
        return refuse(
            "begins with `/`".to_owned(),
            "begin with the user: user123/datasets/sales.csv",
        );
    }
    if let Some(c) = path.chars().find(|c| c.is_control() || "\\*?[]{}".contains(*c)) {
        let hint = "name one file or folder, without patterns";
        return refuse(format!("has the character {c:?}"), hint);
    }
    let segments: Vec<&str> = whole.split('/').collect();
    let is_escape = |segment: &&str| {
        let plain = segment
            .to_ascii_lowercase()
            .replace("%2e", ".")
            .replace("%2f", "/")
            .replace("%5c", "/");
        plain.is_empty()
            || plain.split('/').any(|part| part == "." || part == "..")
            || plain.contains('/')
    };
    if let Some(segment) = segments.iter().find(|segment| is_escape(segment)) {
        let hint = "write the path without empty parts, `.` and `..`";
        return refuse(format!("has the part `{segment}`, which leads elsewhere"), hint);
    }
    if segments.len() < 2 {
        let hint = "the first part is the user: user123/datasets/sales.csv";
        return refuse("names no file of a user".to_owned(), hint);
    }
    Some(Place { user: segments[0].to_owned(), path: whole.to_owned() })
}
