use super::Codec;

/// What an entry of a log directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKind {
    /// One file: `<app>[_<attempt>][.<codec>][.inprogress]`.
    File {
        /// By its suffix.
        codec: Codec,
        /// Whether Spark has not renamed it yet: the application runs, or its driver died.
        in_progress: bool,
    },
    /// A directory `eventlog_v2_<app>[_<attempt>]`; its entries are sorted by [`Parts::of`].
    Rolling,
}

/// Classifies an entry of a log directory by its name. `None` for what is no log: names that begin with a
/// dot (temporary files, Hadoop's checksums) or an underscore (`_SUCCESS`), and directories of other names.
pub fn classify(name: &str, is_directory: bool) -> Option<LogKind> {
    if name.starts_with(['.', '_']) || name.is_empty() {
        return None;
    }
    if is_directory {
        return name.starts_with(ROLLING_PREFIX).then_some(LogKind::Rolling);
    }
    if name.starts_with(STATUS_PREFIX) || Part::parse(name).is_some() {
        return None;
    }
    let in_progress = name.ends_with(".inprogress");
    Some(LogKind::File { codec: Codec::of_name(name), in_progress })
}

/// The `<app>[_<attempt>]` in the name of a log file or rolling directory. A name for people and for lists
/// only: the application id is in the log's own start event.
pub fn application_name(name: &str) -> &str {
    let name = name.strip_prefix(ROLLING_PREFIX).unwrap_or(name);
    let name = name.strip_suffix(".inprogress").unwrap_or(name);
    match name.rsplit_once('.') {
        Some((stem, _)) if Codec::of_name(name) != Codec::Plain => stem,
        _ => name,
    }
}

const ROLLING_PREFIX: &str = "eventlog_v2_";
const STATUS_PREFIX: &str = "appstatus_";
const PART_PREFIX: &str = "events_";

/// One part of a rolling log: `events_<n>_<app>[_<attempt>][.<codec>][.compact]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// File name.
    pub name: String,
    /// Its number, from 1.
    pub index: u64,
    /// Whether it stands for itself and all parts before it (events of ended jobs are dropped from it).
    pub compact: bool,
}

impl Part {
    fn parse(name: &str) -> Option<Self> {
        let (index, _) = name.strip_prefix(PART_PREFIX)?.split_once('_')?;
        Some(Self {
            name: name.to_owned(),
            index: index.parse().ok()?,
            compact: name.ends_with(".compact"),
        })
    }
}

/// The parts of a rolling log that make up the whole, in the order of their events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The newest compact part, when there is one, and all parts with higher numbers.
    pub parts: Vec<Part>,
    /// Numbers that are absent between or before them: somebody deleted or did not copy them.
    pub missing: Vec<u64>,
    /// Whether the status marker says that the application runs.
    pub in_progress: bool,
}

impl Parts {
    /// Sorts the file names of a directory. `None` when no part is among them.
    ///
    /// Knows Spark's `events_<n>_…` and Databricks' `eventlog-<time>` files with the newest in `eventlog`.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        let names: Vec<&str> = names.into_iter().filter(|name| !name.starts_with('.')).collect();
        let in_progress = names
            .iter()
            .any(|name| name.starts_with(STATUS_PREFIX) && name.ends_with(".inprogress"));
        let mut parts: Vec<Part> = names.iter().filter_map(|name| Part::parse(name)).collect();
        if parts.is_empty() {
            return Self::of_databricks(&names);
        }
        // At equal numbers the compact part stands for the plain one.
        parts.sort_by_key(|part| (part.index, part.compact));
        if let Some(newest) = parts.iter().rposition(|part| part.compact) {
            parts.drain(..newest);
        }
        let mut missing = Vec::new();
        let mut expected = if parts[0].compact { parts[0].index } else { 1 };
        for part in &parts {
            // A wild number in a name must not make a list of that length.
            missing.extend((expected..part.index).take(10));
            expected = part.index.saturating_add(1);
        }
        Some(Self { parts, missing, in_progress })
    }

    fn of_databricks(names: &[&str]) -> Option<Self> {
        let mut logs: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| name.starts_with("eventlog-20") || is_current_databricks(name))
            .collect();
        if !logs.iter().any(|name| is_current_databricks(name)) {
            return None;
        }
        logs.sort_by_key(|name| (is_current_databricks(name), *name));
        let parts = (1..)
            .zip(logs)
            .map(|(index, name)| Part { name: name.to_owned(), index, compact: false })
            .collect();
        Some(Self { parts, missing: Vec::new(), in_progress: false })
    }
}

fn is_current_databricks(name: &str) -> bool {
    matches!(name, "eventlog" | "eventlog.gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(names: &[&str]) -> Option<(Vec<String>, Vec<u64>, bool)> {
        let parts = Parts::of(names.iter().copied())?;
        let names = parts.parts.into_iter().map(|part| part.name).collect();
        Some((names, parts.missing, parts.in_progress))
    }

    #[test]
    fn entries_of_a_log_directory_are_classified() {
        let file = |codec, in_progress| Some(LogKind::File { codec, in_progress });
        assert_eq!(classify("local-1", false), file(Codec::Plain, false));
        assert_eq!(classify("app-1_2.zstd.inprogress", false), file(Codec::Zstd, true));
        assert_eq!(classify("app-1.lz4", false), file(Codec::Lz4, false));
        assert_eq!(classify("eventlog_v2_app-1_2", true), Some(LogKind::Rolling));
        assert_eq!(classify("archive", true), None);
        assert_eq!(classify(".local-1.crc", false), None);
        assert_eq!(classify("_SUCCESS", false), None);
        assert_eq!(classify("appstatus_app-1", false), None);
        assert_eq!(classify("events_1_app-1", false), None, "a part is no log of its own");
    }

    #[test]
    fn application_name_has_no_prefix_and_no_suffix() {
        for name in ["app-1_2", "app-1_2.zstd", "app-1_2.lz4.inprogress", "eventlog_v2_app-1_2"] {
            assert_eq!(application_name(name), "app-1_2");
        }
        assert_eq!(application_name("my.job"), "my.job");
    }

    #[test]
    fn parts_are_in_the_order_of_numbers_not_of_text() {
        let names = ["events_10_a", "events_2_a", "events_1_a", "appstatus_a.inprogress", ".x.crc"];
        let expected = ["events_1_a", "events_2_a", "events_10_a"].map(String::from).to_vec();
        assert_eq!(order(&names), Some((expected, (3..10).collect(), true)));
    }

    #[test]
    fn newest_compact_part_stands_for_all_before_it() {
        let names = [
            "events_1_a.zstd",
            "events_2_a.zstd.compact",
            "events_3_a.zstd",
            "events_3_a.zstd.compact",
            "events_4_a.zstd",
            "appstatus_a",
        ];
        let expected = ["events_3_a.zstd.compact", "events_4_a.zstd"].map(String::from).to_vec();
        assert_eq!(order(&names), Some((expected, vec![], false)));
    }

    #[test]
    fn databricks_newest_part_has_no_date() {
        let names = ["eventlog", "eventlog-2021-06-15--16-00.gz", "eventlog-2021-06-15--15-00.gz"];
        let expected =
            ["eventlog-2021-06-15--15-00.gz", "eventlog-2021-06-15--16-00.gz", "eventlog"];
        assert_eq!(order(&names), Some((expected.map(String::from).to_vec(), vec![], false)));
    }

    #[test]
    fn a_directory_without_parts_is_no_rolling_log() {
        assert_eq!(order(&["appstatus_a", "local-1"]), None);
        assert_eq!(order(&[]), None);
    }
}
