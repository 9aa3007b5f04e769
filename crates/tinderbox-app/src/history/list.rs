use super::{LogDirectory, directory_of};
use std::cmp::Reverse;
use std::collections::HashMap;
use tinderbox_model::{RunId, TimestampMs};
use tinderbox_spark::rest::Attempt;
use tinderbox_store::HistoryAttempt;

/// Applications in Spark's order: the end of their newest attempt descending, running ones last, equal ones by their
/// ids descending.
#[derive(Debug, Clone, Default)]
pub struct HistoryList {
    entries: Vec<HistoryEntry>,
    places: HashMap<String, usize>,
    directories: Vec<LogDirectory>,
    /// Whether something was put in since it was sorted.
    is_unsorted: bool,
}

/// An application with its attempts, the one that started last first.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    id: String,
    attempts: Vec<Attempt>,
    /// The run and log of each attempt.
    sources: Vec<(RunId, String)>,
}

impl HistoryList {
    pub(super) fn new(rows: Vec<HistoryAttempt>, directories: Vec<LogDirectory>) -> Self {
        let mut list = Self { directories, ..Self::default() };
        for row in rows {
            list.add(row);
        }
        list.sort();
        list
    }

    /// All applications.
    pub fn entries(&self) -> &[HistoryEntry] {
        &self.entries
    }

    /// The application with this id.
    pub fn find(&self, application: &str) -> Option<&HistoryEntry> {
        self.places.get(application).map(|place| &self.entries[*place])
    }

    /// Puts an attempt in its application; [`Self::sort`] puts that in its place. Thousands come one by one when a log
    /// directory is read for the first time.
    pub(super) fn put(&mut self, row: HistoryAttempt) {
        self.add(row);
        self.is_unsorted = true;
    }

    pub(super) fn is_unsorted(&self) -> bool {
        self.is_unsorted
    }

    fn add(&mut self, row: HistoryAttempt) {
        let id = row.application.as_str().to_owned();
        let place = *self.places.entry(id.clone()).or_insert_with(|| {
            self.entries.push(HistoryEntry { id, attempts: Vec::new(), sources: Vec::new() });
            self.entries.len() - 1
        });
        let log_directory = directory_of(&row.event_log, &self.directories);
        self.entries[place].add(row, log_directory);
    }

    pub(super) fn sort(&mut self) {
        self.is_unsorted = false;
        self.entries.sort_by(|a, b| (b.end(), &b.id).cmp(&(a.end(), &a.id)));
        for (place, entry) in self.entries.iter().enumerate() {
            if let Some(known) = self.places.get_mut(&entry.id) {
                *known = place;
            }
        }
    }
}

impl HistoryEntry {
    /// Spark's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The attempts, the one that started last first.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The attempt with this id, or the one without any, and the run it was stored as.
    pub fn attempt(&self, id: Option<&str>) -> Option<(&Attempt, &RunId)> {
        let at = self.attempts.iter().position(|attempt| attempt.id.as_deref() == id)?;
        Some((&self.attempts[at], &self.sources[at].0))
    }

    pub(super) fn logs(&self, attempt: Option<&str>) -> impl Iterator<Item = &str> {
        let fits = move |of: &Attempt| attempt.is_none_or(|id| of.id.as_deref() == Some(id));
        let both = self.attempts.iter().zip(&self.sources);
        both.filter(move |(of, _)| fits(of)).map(|(_, (_, log))| log.as_str())
    }

    fn end(&self) -> TimestampMs {
        self.attempts.first().and_then(|attempt| attempt.end).unwrap_or(TimestampMs(-1))
    }

    /// Two logs of the same attempt (a copy, or one that was moved) are one: the log that changed last.
    fn add(&mut self, row: HistoryAttempt, log_directory: String) {
        let attempt = Attempt {
            id: row.attempt,
            name: row.name,
            start: row.started,
            end: row.ended,
            last_updated: row.updated,
            user: row.user,
            spark_version: row.spark_version,
            exit_code: row.exit_code,
            log_directory,
        };
        let source = (row.run, row.event_log);
        let same = self.attempts.iter().position(|known| known.id == attempt.id);
        if let Some(at) = same {
            let (run, log) = &self.sources[at];
            // Which of two that changed at the same time must not depend on their order.
            let known = (self.attempts[at].last_updated, log);
            if *run != source.0 && known > (attempt.last_updated, &source.1) {
                return;
            }
            self.attempts.remove(at);
            self.sources.remove(at);
        }
        let key = |of: &Attempt| Reverse(of.start);
        let at = self.attempts.partition_point(|known| key(known) <= key(&attempt));
        self.attempts.insert(at, attempt);
        self.sources.insert(at, source);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use tinderbox_model::ApplicationId;

    pub(in super::super) fn row(
        run: &str,
        app: &str,
        attempt: Option<&str>,
        start: i64,
        end: Option<i64>,
    ) -> HistoryAttempt {
        HistoryAttempt {
            run: RunId::from(run),
            application: ApplicationId::from(app),
            attempt: attempt.map(str::to_owned),
            name: run.to_owned(),
            user: String::new(),
            spark_version: String::new(),
            started: TimestampMs(start),
            ended: end.map(TimestampMs),
            updated: TimestampMs(start),
            exit_code: None,
            event_log: format!("/logs/{run}"),
        }
    }

    #[test]
    fn attempts_are_merged_and_the_latest_end_comes_first() {
        let rows = vec![
            row("a", "app-1", Some("1"), 10, Some(20)),
            row("b", "app-2", None, 1, Some(90)),
            row("c", "app-3", None, 5, None),
            row("d", "app-1", Some("2"), 30, Some(40)),
        ];
        let mut list = HistoryList::new(rows, Vec::new());
        let ids = |list: &HistoryList| {
            list.entries().iter().map(|entry| entry.id().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&list), ["app-2", "app-1", "app-3"]);
        let first = list.find("app-1").unwrap();
        assert_eq!(first.attempts()[0].id.as_deref(), Some("2"));
        assert!(first.attempt(None).is_none());
        assert_eq!(first.logs(None).collect::<Vec<_>>(), ["/logs/d", "/logs/a"]);
        assert_eq!(first.logs(Some("1")).collect::<Vec<_>>(), ["/logs/a"]);
        list.put(row("c", "app-3", None, 5, Some(100)));
        list.sort();
        assert_eq!(ids(&list), ["app-3", "app-2", "app-1"]);
        assert_eq!(list.find("app-3").unwrap().attempts().len(), 1);
    }

    #[test]
    fn directory_of_a_log_is_shown_as_it_was_named() {
        let watched = LogDirectory { name: "../logs".to_owned(), address: "/srv/logs".to_owned() };
        let mut other = row("b", "app-2", None, 1, None);
        other.event_log = "/elsewhere/b".to_owned();
        let mut first = row("a", "app-1", None, 1, None);
        first.event_log = "/srv/logs/a".to_owned();
        let list = HistoryList::new(vec![first, other], vec![watched]);
        let directory = |id| list.find(id).unwrap().attempts()[0].log_directory.as_str();
        assert_eq!(directory("app-1"), "../logs");
        assert_eq!(directory("app-2"), "file:///elsewhere");
    }
}
