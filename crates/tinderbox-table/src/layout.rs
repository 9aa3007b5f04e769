use crate::tables::Table;
use std::fmt::Write as _;
use std::path::PathBuf;
use tinderbox_model::{AttemptNumber, RunId, TimestampMs, WorkspaceId};
use uuid::Uuid;

/// Where the files of an attempt lie, relative to the data directory.
///
/// Folders are partitions in Hive's form, by workspace and date only, so that Spark, DuckDB and pandas read
/// `tables/tasks` and its siblings as one table each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Who owns the run.
    pub workspace: WorkspaceId,
    /// The time whose UTC date is the partition: the run's creation, so that it never changes.
    pub created: TimestampMs,
    /// The run.
    pub run: RunId,
    /// Which attempt.
    pub attempt: AttemptNumber,
}

impl Place {
    /// A path for a Parquet table that no other file has: each call answers another one.
    pub fn new_table(&self, table: Table) -> PathBuf {
        self.new_file(&format!("tables/{}", table.name()), "parquet")
    }

    /// A path for a task pack that no other file has: each call answers another one.
    pub fn new_pack(&self) -> PathBuf {
        self.new_file("packs", "tbpack")
    }

    /// A path for a detail file that no other file has: each call answers another one.
    pub fn new_detail(&self) -> PathBuf {
        self.new_file("details", "json.zst")
    }

    /// Workspace and date: below it lie the files of all attempts that share both.
    pub fn folder(&self) -> PathBuf {
        let workspace = escape(self.workspace.as_str());
        PathBuf::from(format!("workspace={workspace}/date={}", date(self.created)))
    }

    fn new_file(&self, root: &str, extension: &str) -> PathBuf {
        let folder = self.folder();
        let run = escape(self.run.as_str());
        let unique = Uuid::new_v4().simple();
        let attempt = self.attempt;
        PathBuf::from(format!("{root}/{}/{run}-{attempt}-{unique}.{extension}", folder.display()))
    }
}

/// `YYYY-MM-DD` in UTC. Times that a calendar cannot show become 1970-01-01.
fn date(time: TimestampMs) -> String {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
    time.strftime("%Y-%m-%d").to_string()
}

/// Keeps letters, digits, `-`, `.` and `_`, and writes other bytes as `%XX`, as Hive and Spark do for partition
/// values. A dot or underscore in front is written so too: Spark skips such files.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        let plain =
            byte.is_ascii_alphanumeric() || byte == b'-' || (at > 0 && matches!(byte, b'.' | b'_'));
        if plain {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(workspace: &str, run: &str) -> Place {
        Place {
            workspace: WorkspaceId::new(workspace),
            created: TimestampMs(1_760_000_000_000),
            run: RunId::new(run),
            attempt: AttemptNumber(2),
        }
    }

    #[test]
    fn files_are_partitioned_by_workspace_and_date() {
        let path = place("default", "0199c").new_table(Table::Tasks);
        let text = path.to_str().expect("is text");
        // `date -u -d @1760000000` is Thu Oct  9 08:53:20 UTC 2025.
        let start = "tables/tasks/workspace=default/date=2025-10-09/0199c-2-";
        assert!(text.starts_with(start) && text.ends_with(".parquet"), "{text}");
        assert_ne!(path, place("default", "0199c").new_table(Table::Tasks));
    }

    #[test]
    fn no_id_leads_out_of_its_folder_or_into_a_hidden_file() {
        let path = place("../../etc", "_a/b\\c ö").new_detail();
        let text = path.to_str().expect("is text");
        assert!(
            text.starts_with(
                "details/workspace=%2E.%2F..%2Fetc/date=2025-10-09/%5Fa%2Fb%5Cc%20%C3%B6-2-"
            ),
            "{text}"
        );
        assert_eq!(path.components().count(), 4);
    }
}
