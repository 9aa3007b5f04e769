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
/// dot (temporary files, Hadoop's checksums) or an underscore (`_SUCCESS`), files that are still being copied,
/// folder markers of object stores, and directories of other names.
pub fn classify(name: &str, is_directory: bool) -> Option<LogKind> {
    if name.starts_with(['.', '_']) || name.is_empty() {
        return None;
    }
    if is_directory {
        return name.starts_with(ROLLING_PREFIX).then_some(LogKind::Rolling);
    }
    let is_foreign = FOREIGN_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    if is_foreign || name.starts_with(STATUS_PREFIX) || part_index(name).is_some() {
        return None;
    }
    let in_progress = name.ends_with(IN_PROGRESS);
    Some(LogKind::File { codec: Codec::of_name(name), in_progress })
}

/// The `<app>[_<attempt>]` in the name of a log file, part or rolling directory. A name for people and for
/// lists only: the application id is in the log's own start event.
pub fn application_name(name: &str) -> &str {
    let name = name.strip_prefix(ROLLING_PREFIX).unwrap_or(name);
    let name = without_codec(name);
    match part_index(name) {
        // The prefix, a number, an underscore.
        Some(_) => name.splitn(3, '_').nth(2).unwrap_or(name),
        None => name,
    }
}

/// `name` without `.inprogress` and `.compact`, in whatever order (`EventLogFileWriter.codecName`).
pub(super) fn without_state(name: &str) -> &str {
    let name = name.strip_suffix(COMPACT).unwrap_or(name);
    let name = name.strip_suffix(IN_PROGRESS).unwrap_or(name);
    name.strip_suffix(COMPACT).unwrap_or(name)
}

/// `name` without state and without the suffix of its codec.
fn without_codec(name: &str) -> &str {
    let stem = without_state(name);
    match stem.rsplit_once('.') {
        Some((stem, _)) if Codec::of_name(name) != Codec::Plain => stem,
        _ => stem,
    }
}

const ROLLING_PREFIX: &str = "eventlog_v2_";
const STATUS_PREFIX: &str = "appstatus_";
const PART_PREFIX: &str = "events_";
const IN_PROGRESS: &str = ".inprogress";
const COMPACT: &str = ".compact";

/// Hadoop's `fs -put` and EMR's folder markers.
const FOREIGN_SUFFIXES: [&str; 2] = ["._COPYING_", "_$folder$"];

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
    /// `None` also for `events_<n>_….compact.inprogress`, which the history server is still writing: the parts
    /// that it stands for are there until it is done.
    fn parse(name: &str) -> Option<Self> {
        let index = part_index(name)?;
        let is_whole = !name.ends_with(IN_PROGRESS);
        is_whole.then(|| Self { name: name.to_owned(), index, compact: name.ends_with(COMPACT) })
    }
}

fn part_index(name: &str) -> Option<u64> {
    let (index, _) = name.strip_prefix(PART_PREFIX)?.split_once('_')?;
    index.parse().ok()
}

/// The parts of a rolling log that make up the whole, in the order of their events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The newest compact part, when there is one, and all parts with higher numbers.
    pub parts: Vec<Part>,
    /// Numbers that are absent between or before them: somebody deleted or did not copy them.
    pub missing: Vec<u64>,
    /// Whether the status marker says that the application runs. A log without marker, which Spark itself does
    /// not read, counts as closed.
    pub in_progress: bool,
}

impl Parts {
    /// Sorts the file names of a directory. `None` when no part is among them.
    ///
    /// Knows Spark's `events_<n>_…` and Databricks' `eventlog-<time>` files with the newest in `eventlog`. Of
    /// files that differ in their codec only, somebody's unpacked copies, the one with the shortest name counts.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        let names: Vec<&str> = names
            .into_iter()
            .filter(|name| !name.starts_with('.'))
            .filter(|name| !FOREIGN_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)))
            .collect();
        let mut parts: Vec<Part> = names.iter().filter_map(|name| Part::parse(name)).collect();
        if parts.is_empty() {
            return Self::of_databricks(&names);
        }
        // At equal numbers the compact part stands for the plain one.
        parts.sort_by_cached_key(|part| {
            let stem = without_codec(&part.name).to_owned();
            (part.index, part.compact, stem, part.name.len(), part.name.clone())
        });
        parts.dedup_by_key(|part| (part.index, part.compact, without_codec(&part.name).to_owned()));
        if let Some(newest) = parts.iter().rposition(|part| part.compact) {
            parts.drain(..newest);
        }
        let mut missing = Vec::new();
        let mut expected = if parts[0].compact { parts[0].index } else { 1 };
        for part in &parts {
            // A wild number in a name must not make a list of that length.
            missing.extend((expected..part.index).take(MAX_MISSING - missing.len()));
            expected = part.index.saturating_add(1);
        }
        // A rename on an object store is a copy and then a deletion: for a moment both are there.
        let (running, closed): (Vec<&str>, Vec<&str>) = names
            .iter()
            .filter(|name| name.starts_with(STATUS_PREFIX))
            .partition(|name| name.ends_with(IN_PROGRESS));
        Some(Self { parts, missing, in_progress: !running.is_empty() && closed.is_empty() })
    }

    fn of_databricks(names: &[&str]) -> Option<Self> {
        // Databricks knows no states of a part.
        let is_log =
            |name: &&str| without_state(name) == *name && is_databricks(without_codec(name));
        let mut logs: Vec<&str> = names.iter().copied().filter(is_log).collect();
        // By time, the one without time last; a rotated file is there twice while it is being packed.
        logs.sort_by_key(|name| {
            let stem = without_codec(name);
            (stem == DATABRICKS_CURRENT, stem, name.len(), *name)
        });
        logs.dedup_by_key(|name| without_codec(name));
        if logs.is_empty() {
            return None;
        }
        let parts = (1..)
            .zip(logs)
            .map(|(index, name)| Part { name: name.to_owned(), index, compact: false })
            .collect();
        Some(Self { parts, missing: Vec::new(), in_progress: false })
    }
}

/// Numbers of missing parts that are listed at most.
const MAX_MISSING: usize = 10;

const DATABRICKS_CURRENT: &str = "eventlog";

/// `eventlog` and `eventlog-2021-06-15--15-00`.
fn is_databricks(stem: &str) -> bool {
    const TIME: &str = "-dddd-dd-dd--dd-dd";
    let Some(time) = stem.strip_prefix(DATABRICKS_CURRENT) else {
        return false;
    };
    let is_time = |(byte, wanted): (u8, u8)| match wanted {
        b'd' => byte.is_ascii_digit(),
        _ => byte == wanted,
    };
    time.is_empty() || time.len() == TIME.len() && time.bytes().zip(TIME.bytes()).all(is_time)
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
        assert_eq!(classify("app-1_2.zst", false), file(Codec::Zstd, false));
        assert_eq!(
            classify("application_1600000000000_0001_1.gz", false),
            file(Codec::Gzip, false)
        );
        assert_eq!(classify("eventlog_v2_app-1_2", true), Some(LogKind::Rolling));
        assert_eq!(classify("app-1.zstd._COPYING_", false), None);
        assert_eq!(classify("spark-events_$folder$", false), None);
        assert_eq!(classify("events_1_app-1.zstd.compact.inprogress", false), None);
        assert_eq!(classify("archive", true), None);
        assert_eq!(classify(".local-1.crc", false), None);
        assert_eq!(classify("_SUCCESS", false), None);
        assert_eq!(classify("appstatus_app-1", false), None);
        assert_eq!(classify("events_1_app-1", false), None, "a part is no log of its own");
    }

    #[test]
    fn application_name_has_no_prefix_and_no_suffix() {
        for name in [
            "app-1_2",
            "app-1_2.zstd",
            "app-1_2.lz4.inprogress",
            "eventlog_v2_app-1_2",
            "events_3_app-1_2.zstd.compact",
        ] {
            assert_eq!(application_name(name), "app-1_2", "{name}");
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
    fn databricks_parts_may_have_lost_the_newest() {
        let names = [
            "eventlog-2021-06-15--15-00",
            "eventlog-2021-06-15--15-00.gz",
            "eventlog-2021-06-15--16-00.compact.inprogress",
            "eventlog-old",
        ];
        let expected = vec![String::from("eventlog-2021-06-15--15-00")];
        assert_eq!(order(&names), Some((expected, vec![], false)));
    }

    #[test]
    fn an_unfinished_compact_part_stands_for_nothing() {
        let names = ["events_1_a", "events_2_a", "events_2_a.compact.inprogress", "appstatus_a"];
        let expected = ["events_1_a", "events_2_a"].map(String::from).to_vec();
        assert_eq!(order(&names), Some((expected, vec![], false)));
    }

    #[test]
    fn an_unpacked_copy_beside_a_part_is_not_read_twice() {
        let names = ["events_1_a.zstd", "events_1_a", "events_2_a.zstd"];
        let expected = ["events_1_a", "events_2_a.zstd"].map(String::from).to_vec();
        assert_eq!(order(&names), Some((expected, vec![], false)));
    }

    #[test]
    fn the_marker_of_a_closed_log_wins_and_may_be_absent() {
        let is_running = |markers: &[&str]| {
            let names = markers.iter().copied().chain(["events_1_a"]);
            Parts::of(names).unwrap().in_progress
        };
        assert!(is_running(&["appstatus_a.inprogress"]));
        assert!(!is_running(&["appstatus_a", "appstatus_a.inprogress"]));
        assert!(!is_running(&["appstatus_a"]));
        assert!(!is_running(&[]));
    }

    #[test]
    fn wild_numbers_make_no_long_lists() {
        let (_, missing, _) = order(&["events_18446744073709551615_a", "events_7_a"]).unwrap();
        assert_eq!(missing.len(), 10);
    }

    #[test]
    fn a_directory_without_parts_is_no_rolling_log() {
        assert_eq!(order(&["appstatus_a", "local-1"]), None);
        assert_eq!(order(&[]), None);
    }
}
