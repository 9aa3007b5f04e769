//! Answers that are kept while nothing that they depend on changes.

use super::{PreviewAnswer, PreviewQuery};
use crate::{Error, blocking};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tinderbox_spec::{Spec, preview_content, preview_sources};

/// So many values of all answers together are kept; they take some 50 bytes each.
const VALUES: usize = 1 << 20;
/// Sources of more files are not compared, and so their answers not kept.
const FILES: usize = 10_000;

/// The last answers, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Kept(VecDeque<(Key, PreviewAnswer)>);

/// Everything that the rows of a node depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    content: String,
    folder: PathBuf,
    node: String,
    rows: u32,
    sample_rows: Option<u32>,
    files: Vec<(PathBuf, u64, SystemTime)>,
}

impl Kept {
    pub(super) fn get(&self, key: &Key) -> Option<&PreviewAnswer> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, answer)| answer)
    }

    pub(super) fn put(&mut self, key: Key, answer: PreviewAnswer) {
        self.0.push_back((key, answer));
        while self.0.iter().map(|(_, answer)| values(answer)).sum::<usize>() > VALUES {
            self.0.pop_front();
        }
    }
}

fn values(answer: &PreviewAnswer) -> usize {
    (answer.rows.len() + 1) * (answer.columns.len() + 1)
}

/// `None` when not all that the rows depend on is known.
pub(super) async fn key(
    spec: &Spec,
    query: &PreviewQuery,
    folder: &Path,
    sample_rows: Option<u32>,
) -> Result<Option<Key>, Error> {
    let Some(content) = preview_content(spec, &query.node) else { return Ok(None) };
    let sources = preview_sources(spec, &query.node).into_iter();
    let sources: Vec<PathBuf> = sources.map(|path| folder.join(path)).collect();
    let Some(files) = blocking(move || Ok(states(sources))).await? else { return Ok(None) };
    Ok(Some(Key {
        content,
        folder: folder.to_owned(),
        node: query.node.to_string(),
        rows: query.rows,
        sample_rows,
        files,
    }))
}

/// Sizes and times of files and of all that folders hold, in the order of their paths; `None` when they are too many or cannot
/// be read.
fn states(mut paths: Vec<PathBuf>) -> Option<Vec<(PathBuf, u64, SystemTime)>> {
    let mut states = Vec::new();
    while let Some(path) = paths.pop() {
        let found = std::fs::metadata(&path).ok()?;
        if found.is_dir() {
            for entry in std::fs::read_dir(&path).ok()? {
                paths.push(entry.ok()?.path());
            }
        }
        states.push((path, found.len(), found.modified().ok()?));
        if states.len() + paths.len() > FILES {
            return None;
        }
    }
    states.sort();
    Some(states)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_model::NodeId;
    use tinderbox_spec::Choice;

    const JOB: &str = "name: job
pipeline:
  sources:
    - {id: orders, type: csv, path: in, schema: 'id INT'}
    - {id: more, type: csv, path: more.csv, schema: 'id INT'}
  transformations:
    - {id: paid, type: filter, condition: id > 1, input: orders}
  sinks:
    - {id: out, type: file, format: csv, path: out, input: paid}
";

    fn answer(rows: usize) -> PreviewAnswer {
        PreviewAnswer {
            columns: vec![("id".to_owned(), "int".to_owned())],
            rows: vec![vec![1.into()]; rows],
            has_more: false,
            sample_rows: None,
            lenient: Vec::new(),
            engine: "Sail".to_owned(),
        }
    }

    async fn key_of(text: &str, folder: &Path) -> Option<Key> {
        let spec = tinderbox_spec::load("job.yaml", text, &Choice::default()).unwrap().spec;
        let node = NodeId::new("paid");
        let query = PreviewQuery { folder: folder.to_owned(), node, rows: 9, is_exact: false };
        key(&spec, &query, folder, None).await.unwrap()
    }

    #[tokio::test]
    async fn an_answer_counts_until_its_part_of_the_document_or_its_files_change() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::create_dir(folder.join("in")).unwrap();
        std::fs::write(folder.join("in/a.csv"), "1\n2\n").unwrap();
        let first = key_of(JOB, folder).await.unwrap();
        let elsewhere = JOB.replace("path: more.csv", "path: most.csv").replace("job\n", "other\n");
        assert_eq!(key_of(&format!("# Orders\n{elsewhere}"), folder).await.unwrap(), first);
        for (old, new) in
            [("id > 1", "id > 2"), ("id INT", "id LONG"), ("path: in,", "path: in/a.csv,")]
        {
            assert_ne!(key_of(&JOB.replace(old, new), folder).await.unwrap(), first, "{new}");
        }
        std::fs::write(folder.join("in/b.csv"), "3\n").unwrap();
        assert_ne!(key_of(JOB, folder).await.unwrap(), first);
        assert_eq!(key_of(&JOB.replace("path: in,", "path: nowhere,"), folder).await, None);
        let table =
            JOB.replace("type: csv, path: in, schema: 'id INT'", "type: table, table: orders");
        assert_eq!(key_of(&table, folder).await, None);
    }

    #[tokio::test]
    async fn the_oldest_answers_go_when_they_are_too_many() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        let mut kept = Kept::default();
        let mut keys = Vec::new();
        for condition in ["id > 1", "id > 2", "id > 3"] {
            let key = key_of(&JOB.replace("id > 1", condition), folder.path()).await.unwrap();
            kept.put(key.clone(), answer(VALUES / 5));
            keys.push(key);
        }
        let found: Vec<bool> = keys.iter().map(|key| kept.get(key).is_some()).collect();
        assert_eq!(found, [false, true, true]);
    }
}
