//! Which Parquet files are worth being put together.

use std::collections::BTreeMap;
use tinderbox_model::Bytes;
use tinderbox_store::{TableFile, TableFileKind};

/// Files that become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactionGroup {
    /// What they hold.
    pub kind: TableFileKind,
    /// The folder that they lie in: one workspace and one date.
    pub folder: String,
    /// Their paths, in order of their paths.
    pub paths: Vec<String>,
    /// Their size together; that of the new file is about the same.
    pub size: Bytes,
}

/// Files of this size are large enough: a reader opens them for what they hold, not for their footers.
pub const LARGE_FILE: Bytes = Bytes(32 << 20);
/// Size to which files are put together.
pub const TARGET_SIZE: Bytes = Bytes(128 << 20);
/// So many small files of one folder are worth the writing.
pub const FEWEST_FILES: usize = 8;

/// Puts current Parquet files below [`LARGE_FILE`] that lie in one folder into groups up to [`TARGET_SIZE`]; groups
/// with fewer than [`FEWEST_FILES`] are left until there are more. The same files give the same groups. Other files
/// belong to one attempt and stay so.
pub fn plan_compaction(files: &[TableFile]) -> Vec<CompactionGroup> {
    let mut folders: BTreeMap<(&str, &str), Vec<&TableFile>> = BTreeMap::new();
    for file in files {
        let is_small = file.file.num_bytes < LARGE_FILE;
        if file.retired.is_none() && file.file.kind == TableFileKind::Tasks && is_small {
            let folder = file.file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            folders.entry((file.file.kind.as_str(), folder)).or_default().push(file);
        }
    }
    let mut groups: Vec<CompactionGroup> = Vec::new();
    for ((_, folder), mut files) in folders {
        files.sort_by(|a, b| a.file.path.cmp(&b.file.path));
        let mut open: Option<CompactionGroup> = None;
        for file in files {
            let size = file.file.num_bytes;
            if open.as_ref().is_some_and(|group| group.size + size > TARGET_SIZE) {
                groups.extend(open.take());
            }
            let group = open.get_or_insert_with(|| CompactionGroup {
                kind: file.file.kind,
                folder: folder.to_owned(),
                paths: Vec::new(),
                size: Bytes::ZERO,
            });
            group.paths.push(file.file.path.clone());
            group.size += size;
        }
        groups.extend(open);
    }
    groups.retain(|group| group.paths.len() >= FEWEST_FILES);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_model::{AttemptNumber, RunId, TimestampMs};
    use tinderbox_store::NewTableFile;

    fn file(kind: TableFileKind, path: &str, mib: u64) -> TableFile {
        let file = NewTableFile {
            kind,
            path: path.to_owned(),
            run: RunId::new("r"),
            attempt: AttemptNumber(1),
            num_rows: 1,
            num_bytes: Bytes(mib << 20),
        };
        TableFile { file, created: TimestampMs(0), retired: None }
    }

    fn small(folder: &str, count: usize, mib: u64) -> Vec<TableFile> {
        let path = |n| format!("tables/tasks/workspace=w/date={folder}/{n:03}.parquet");
        (0..count).map(|n| file(TableFileKind::Tasks, &path(n), mib)).collect()
    }

    #[test]
    fn small_files_of_one_date_become_one() {
        let mut files = small("2026-01-01", 9, 1);
        files.extend(small("2026-01-02", 3, 1));
        let groups = plan_compaction(&files);
        assert_eq!(groups.len(), 1, "three are too few");
        assert_eq!((groups[0].paths.len(), groups[0].size), (9, Bytes(9 << 20)));
        assert!(groups[0].folder.ends_with("date=2026-01-01"));
        files.reverse();
        assert_eq!(plan_compaction(&files), groups, "in whatever order");
    }

    #[test]
    fn a_group_ends_at_its_target_size() {
        let groups = plan_compaction(&small("2026-01-01", 20, 16));
        assert_eq!(groups.iter().map(|group| group.paths.len()).collect::<Vec<_>>(), [8, 8]);
        assert!(groups.iter().all(|group| group.size <= TARGET_SIZE));
    }

    #[test]
    fn large_retired_and_detail_files_are_left_alone() {
        let mut retired = small("2026-01-01", 9, 1);
        for file in &mut retired {
            file.retired = Some(TimestampMs(1));
        }
        assert_eq!(plan_compaction(&retired), []);
        assert_eq!(plan_compaction(&small("2026-01-01", 9, 32)), []);
        let details: Vec<_> =
            (0..9).map(|n| file(TableFileKind::Detail, &format!("details/{n}"), 1)).collect();
        assert_eq!(plan_compaction(&details), []);
    }
}
