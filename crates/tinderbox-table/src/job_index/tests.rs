//! The index against a filter and a sort over all rows.

use super::*;
use crate::pack::Direction;
use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::sync::Arc;

/// A job as it comes: by column its value.
type Job = Vec<JobValue>;

fn arrays(jobs: &[Job]) -> Vec<Option<ArrayRef>> {
    let column = |column: JobColumn| -> ArrayRef {
        let values = jobs.iter().map(|job| &job[column.at()]);
        match column.kind() {
            JobColumnKind::Text => Arc::new(values.map(JobValue::as_text).collect::<StringArray>()),
            JobColumnKind::Int => Arc::new(values.map(JobValue::as_int).collect::<Int64Array>()),
            JobColumnKind::Float => {
                Arc::new(values.map(JobValue::as_float).collect::<Float64Array>())
            }
            JobColumnKind::Time => {
                Arc::new(values.map(JobValue::as_int).collect::<TimestampMicrosecondArray>())
            }
        }
    };
    JobColumn::ALL.map(|c| Some(column(c))).to_vec()
}

fn index_of(jobs: &[Job]) -> (tempfile::TempDir, JobIndex) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs");
    let mut writer = JobIndexWriter::new(folder.path()).expect("is made");
    for part in jobs.chunks(1_000) {
        writer.push(&arrays(part)).expect("takes jobs");
    }
    let closed = writer.close().expect("closes");
    closed
        .write(&path, DetailRanges::default(), DetailRanges::default(), b"facts")
        .expect("is written");
    let index = JobIndex::open(&path).expect("opens");
    assert_eq!(index.facts(), b"facts");
    (folder, index)
}

fn text(text: impl Into<String>) -> JobValue {
    JobValue::Text(text.into())
}

/// Numbers that look random and are the same everywhere.
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn int(&mut self, below: u64) -> i64 {
        i64::try_from(self.next(below)).expect("is small")
    }
}

/// Jobs with many ties, nulls in every column that may have them, and ids in no order.
fn jobs(seed: u64, count: usize) -> Vec<Job> {
    let mut noise = Noise(seed);
    let mut made = Vec::new();
    for n in 0..count {
        let mut job = Vec::new();
        for column in JobColumn::ALL {
            let missing = noise.next(9) == 0;
            let few = noise.int(7);
            let pick = usize::try_from(few).expect("is small");
            let value = match column {
                JobColumn::Id => text(format!("job_{:05}_{}", noise.next(100_000), n)),
                JobColumn::Name => {
                    let name = ["Nightly", "nightly", "Überblick", "load_%", "x"][pick % 5];
                    text(format!("{name}_{}", noise.next(4)))
                }
                JobColumn::Status if missing => JobValue::Missing,
                JobColumn::Status => text(
                    ["COMPLETED", "COMPLETED", "COMPLETED", "FAILED", "RUNNING", "ODD"][pick % 6],
                ),
                JobColumn::JobType if few == 0 => text(format!("rare_{}", noise.next(300))),
                JobColumn::JobType => text(["etl", "ml", "report"][pick % 3]),
                _ if missing => JobValue::Missing,
                _ => match column.kind() {
                    JobColumnKind::Text => text(format!("w{}", noise.next(5))),
                    JobColumnKind::Int if few < 3 => JobValue::Int(few - 1),
                    JobColumnKind::Int => JobValue::Int(noise.int(1 << 40) - (1 << 20)),
                    JobColumnKind::Float => JobValue::Float(noise.int(2_000) as f64 / 4.0 - 100.0),
                    JobColumnKind::Time => JobValue::Time(noise.int(300) * 60_000_000),
                },
            };
            job.push(value);
        }
        made.push(job);
    }
    made
}

fn compare_values(column: JobColumn, a: &JobValue, b: &JobValue) -> Ordering {
    let fold =
        |text: &String| if column == JobColumn::Name { text.to_lowercase() } else { text.clone() };
    match (a, b) {
        (JobValue::Missing, JobValue::Missing) => Ordering::Equal,
        (JobValue::Missing, _) => Ordering::Less,
        (_, JobValue::Missing) => Ordering::Greater,
        (JobValue::Text(a), JobValue::Text(b)) => fold(a).cmp(&fold(b)),
        (JobValue::Float(a), JobValue::Float(b)) => a.total_cmp(b),
        (a, b) => a.as_int().cmp(&b.as_int()),
    }
}

fn in_order(jobs: &mut [Job], sort: &[JobSort]) {
    let directed = |order: Ordering, direction| match direction {
        Direction::Ascending => order,
        Direction::Descending => order.reverse(),
    };
    let last = sort.last().map_or(Direction::Ascending, |sort| sort.direction);
    jobs.sort_by(|a, b| {
        let of = |column: JobColumn| compare_values(column, &a[column.at()], &b[column.at()]);
        sort.iter()
            .map(|sort| directed(of(sort.column), sort.direction))
            .chain([directed(of(JobColumn::Start), last), directed(of(JobColumn::Id), last)])
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
}

fn matches(job: &Job, query: &JobQuery) -> bool {
    let is_one_of = |column: JobColumn, wanted: &Option<Vec<String>>| match wanted {
        None => true,
        Some(wanted) => {
            job[column.at()].as_text().is_some_and(|text| wanted.iter().any(|w| w == text))
        }
    };
    let start = job[JobColumn::Start.at()].as_int();
    let has = |column: JobColumn, part: &str| {
        job[column.at()].as_text().unwrap_or_default().to_lowercase().contains(part)
    };
    is_one_of(JobColumn::Status, &query.statuses)
        && is_one_of(JobColumn::JobType, &query.types)
        && query.since_us.is_none_or(|since| start.is_some_and(|start| start >= since))
        && query.until_us.is_none_or(|until| start.is_some_and(|start| start < until))
        && query.search.as_ref().is_none_or(|part| {
            let part = part.to_lowercase();
            has(JobColumn::Name, &part) || has(JobColumn::Id, &part)
        })
}

fn expected(jobs: &[Job], query: &JobQuery) -> Vec<String> {
    let mut found: Vec<Job> = jobs.iter().filter(|job| matches(job, query)).cloned().collect();
    in_order(&mut found, &query.sort);
    found.iter().map(|job| job[0].as_text().expect("has an id").to_owned()).collect()
}

fn ids(page: &JobPage) -> Vec<String> {
    page.jobs.iter().map(|job| job.text(JobColumn::Id).to_owned()).collect()
}

/// Reads all pages by cursor, and two by offset.
fn check(index: &JobIndex, jobs: &[Job], query: &JobQuery) {
    let expected = expected(jobs, query);
    let mut query = query.clone();
    let mut found = Vec::new();
    loop {
        let page = index.page(&query).expect("is read");
        assert_eq!(page.total, expected.len() as u64, "{query:?}");
        let Some(last) = page.jobs.last() else { break };
        query.after = Some(last.cursor(&query.sort));
        found.extend(ids(&page));
        assert!(found.len() <= expected.len(), "{query:?}");
    }
    assert_eq!(found, expected, "{query:?}");
    query.after = None;
    for offset in [expected.len() / 3, expected.len().saturating_sub(2)] {
        query.offset = offset as u64;
        let page = index.page(&query).expect("is read");
        let end = (offset + query.limit).min(expected.len());
        assert_eq!(ids(&page), expected[offset.min(end)..end], "{query:?}");
    }
}

fn sort(column: JobColumn, is_descending: bool) -> JobSort {
    let direction = if is_descending { Direction::Descending } else { Direction::Ascending };
    JobSort { column, direction }
}

#[test]
fn every_column_sorts_both_ways() {
    let jobs = jobs(7, 2_500);
    let (_folder, index) = index_of(&jobs);
    for column in JobColumn::ALL {
        for is_descending in [false, true] {
            let all = JobQuery {
                sort: vec![sort(column, is_descending)],
                limit: 700,
                ..JobQuery::default()
            };
            check(&index, &jobs, &all);
            let some = JobQuery {
                statuses: Some(vec!["COMPLETED".to_owned(), "RUNNING".to_owned()]),
                until_us: Some(250 * 60_000_000),
                ..all
            };
            check(&index, &jobs, &some);
        }
    }
}

fn any_query() -> impl Strategy<Value = JobQuery> {
    let words = |words: &'static [&'static str]| {
        let word = prop::sample::select(words).prop_map(str::to_owned);
        prop::option::of(prop::collection::vec(word, 0..3))
    };
    let time = || prop::option::of((0..300_i64).prop_map(|minute| minute * 60_000_000));
    let search = prop::option::weighted(
        0.3,
        prop::sample::select(&["NIGHTLY", "über", "_1", "job_0", "%", "none", "5_"][..]),
    );
    let column = prop::sample::select(JobColumn::ALL.to_vec());
    let keys = prop::collection::vec((column, any::<bool>()).prop_map(|(c, d)| sort(c, d)), 1..4);
    let filters = (
        words(&["COMPLETED", "FAILED", "ODD", "NO"]),
        words(&["etl", "ml", "rare_3", "no"]),
        time(),
        time(),
        search,
    );
    (filters, keys, 1..400_usize).prop_map(
        |((statuses, types, since_us, until_us, search), sort, limit)| {
            let search = search.map(str::to_owned);
            JobQuery {
                statuses,
                types,
                since_us,
                until_us,
                search,
                sort,
                limit: limit + 30,
                ..JobQuery::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_question_is_answered_as_by_looking_at_all_jobs(
        seed in any::<u64>(),
        count in prop::sample::select(&[0_usize, 1, 60, 1_500, 9_000][..]),
        queries in prop::collection::vec(any_query(), 6),
    ) {
        let jobs = jobs(seed, count);
        let (_folder, index) = index_of(&jobs);
        for query in queries {
            check(&index, &jobs, &query);
        }
    }
}

/// Jobs that match lie where an order ends, so that walking it is given up.
#[test]
fn what_is_met_too_late_is_selected() {
    let mut jobs = jobs(4, 30_000);
    for (n, job) in jobs.iter_mut().enumerate() {
        if n % 60 == 0 {
            job[JobColumn::Name.at()] = text("seldom");
            let tasks = i64::try_from(n % 7).expect("is small") + (1 << 50);
            job[JobColumn::NumTasks.at()] = JobValue::Int(tasks);
        }
    }
    let (_folder, index) = index_of(&jobs);
    let by = sort(JobColumn::NumTasks, false);
    for sort in [vec![by], vec![by, sort(JobColumn::User, true)]] {
        let search = Some("seldom".to_owned());
        check(&index, &jobs, &JobQuery { search, sort, limit: 30, ..JobQuery::default() });
    }
}

#[test]
fn a_cursor_of_a_job_that_is_not_there_goes_on_where_it_would_be() {
    let jobs = jobs(3, 2_000);
    let (_folder, index) = index_of(&jobs);
    let mut noise = Noise(5);
    for column in
        [JobColumn::Name, JobColumn::Status, JobColumn::InputMb, JobColumn::Start, JobColumn::Id]
    {
        for is_descending in [false, true] {
            let mut query = JobQuery {
                sort: vec![sort(column, is_descending)],
                limit: 5_000,
                ..JobQuery::default()
            };
            let mut other = self::jobs(noise.next(1_000) + 50, 1).remove(0);
            other[0] = text(format!("job_{:05}_none", noise.next(100_000)));
            let mut all = jobs.clone();
            all.push(other.clone());
            in_order(&mut all, &query.sort);
            let at = all.iter().position(|job| job[0] == other[0]).expect("is there");
            let values = vec![other[column.at()].clone()];
            let start_us = other[JobColumn::Start.at()].as_int();
            let id = other[0].as_text().unwrap_or_default().to_owned();
            query.after = Some(JobCursor { values, equal_are_behind: None, start_us, id });
            let expected: Vec<&str> =
                all[at + 1..].iter().filter_map(|job| job[0].as_text()).collect();
            assert_eq!(ids(&index.page(&query).expect("is read")), expected, "{column:?}");
        }
    }
}

#[test]
fn a_job_is_found_by_its_id_and_by_its_beginning() {
    let jobs = jobs(11, 1_200);
    let (_folder, index) = index_of(&jobs);
    for job in jobs.iter().step_by(100) {
        let id = job[0].as_text().expect("has an id");
        let found = index.find(id).expect("is read").expect("is there");
        assert_eq!(JobColumn::ALL.map(|c| found.value(c).clone()).to_vec(), *job);
        assert_eq!(
            index.ids_beginning(id, 5).expect("is read").first().map(String::as_str),
            Some(id)
        );
    }
    assert_eq!(index.find("job_").expect("is read"), None);
    assert_eq!(index.ids_beginning("job_", 3).expect("is read").len(), 3);
    assert_eq!(index.find("zzz").expect("is read"), None);
}

#[test]
fn the_first_of_equal_ids_stays_and_rows_of_details_are_found() {
    let mut jobs = jobs(1, 40);
    jobs[30][0] = jobs[4][0].clone();
    jobs[31][0] = jobs[4][0].clone();
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = JobIndexWriter::new(folder.path()).expect("is made");
    writer.push(&arrays(&jobs)).expect("takes jobs");
    let closed = writer.close().expect("closes");
    assert_eq!(closed.known.num_duplicates(), 2);
    let id = |at: usize| jobs[at][0].as_text();
    assert_eq!(closed.known.duplicates(9), vec![id(4).unwrap_or_default(); 2]);
    let mut operators = DetailRanges::default();
    let rows = [id(3), id(3), id(4), None, id(4), id(4), Some("strange"), id(3), id(39)];
    operators.push(&closed.known, rows[..5].iter().copied());
    operators.push(&closed.known, rows[5..].iter().copied());
    assert_eq!((operators.num_stray, operators.num_rows()), (2, 9));
    let path = folder.path().join("jobs");
    closed.write(&path, operators, DetailRanges::default(), b"").expect("is written");
    let index = JobIndex::open(&path).expect("opens");
    assert_eq!(index.num_jobs(), 38);
    let ranges = |at: usize| {
        let job = index.find(id(at).unwrap_or_default()).expect("is read").expect("is there");
        assert!(index.errors(job.number).expect("is read").is_empty());
        let ranges = index.operators(job.number).expect("is read");
        ranges.into_iter().map(|range| (range.first, range.len)).collect::<Vec<_>>()
    };
    assert_eq!(ranges(3), [(0, 2), (7, 1)]);
    assert_eq!(ranges(4), [(2, 1), (4, 2)]);
    assert_eq!(ranges(39), [(8, 1)]);
    assert_eq!(ranges(5), []);
    let four = index.find(id(4).unwrap_or_default()).expect("is read").expect("is there");
    assert_eq!(JobColumn::ALL.map(|c| four.value(c).clone()).to_vec(), jobs[4]);
}

#[test]
fn statuses_and_types_are_counted() {
    let jobs = jobs(2, 3_000);
    let (_folder, index) = index_of(&jobs);
    for column in [JobColumn::Status, JobColumn::JobType] {
        let count = |word: &str| {
            jobs.iter().filter(|job| job[column.at()].as_text() == Some(word)).count() as u64
        };
        let counts = index.counts(column);
        assert!(counts.len() > 3);
        assert!(counts.iter().all(|(word, found)| count(word) == *found), "{counts:?}");
    }
}

#[test]
fn damage_is_told() {
    let (folder, index) = index_of(&jobs(2, 100));
    drop(index);
    let path = folder.path().join("jobs");
    let whole = std::fs::read(&path).expect("is read");
    for cut in [0, 8, 40, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).expect("is written");
        let error = JobIndex::open(&path).expect_err("is damaged");
        assert!(error.to_string().contains("index of jobs"), "{error}");
    }
    let mut newer = whole.clone();
    let at = whole.len() - 12;
    newer[at] = 99;
    std::fs::write(&path, &newer).expect("is written");
    assert!(matches!(JobIndex::open(&path), Err(crate::Error::NewerVersion { found: 99, .. })));
}
