//! Measures an index of jobs: `job_index JOBS FOLDER`, or `job_index FOLDER` of a data set that is there, or `job_index
//! FILE` of an index that was built so. Prints how long it takes to build, and for pages by filter and order the
//! percentiles of wall time with the slowest questions, and the mean time on the processor, which other programs change
//! little.

use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use parquet::arrow::ArrowWriter;
use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tinderbox_table::{Direction, JobColumn, JobColumnKind, JobIndex, JobQuery, JobSet, JobSort};

/// Questions that are told.
const SLOWEST: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().ok_or("JOBS FOLDER, or FOLDER")?;
    let folder = match (first.parse::<u64>(), arguments.next()) {
        (Ok(count), Some(folder)) => {
            write_jobs(&Path::new(&folder).join("spark_jobs.parquet"), count)?;
            folder
        }
        _ => first,
    };
    let mut path = Path::new(&folder).to_owned();
    let mut built = Duration::ZERO;
    if path.is_dir() {
        path.push("jobs.index");
        let begun = Instant::now();
        JobSet::find(Path::new(&folder))?.write_index(&path)?;
        built = begun.elapsed();
    }
    let begun = Instant::now();
    let index = JobIndex::open(&path)?;
    let mut out = std::io::stdout();
    #[allow(clippy::cast_precision_loss)]
    let rate = index.num_jobs() as f64 / built.as_secs_f64();
    let opened = begun.elapsed();
    writeln!(
        out,
        "{} jobs: built in {built:.2?} ({rate:.0} a second), opened in {opened:.2?}",
        index.num_jobs()
    )?;
    let bytes = std::fs::metadata(&path)?.len();
    writeln!(out, "{} bytes a job", bytes / index.num_jobs().max(1))?;
    let ends = |direction| -> Result<i64, Box<dyn Error>> {
        let sort = vec![JobSort { column: JobColumn::Start, direction }];
        let page = index.page(&JobQuery { sort, limit: 1, ..JobQuery::default() })?;
        Ok(page.jobs.first().and_then(|job| job.int(JobColumn::Start)).unwrap_or(0))
    };
    let (from, to) = (ends(Direction::Ascending)?, ends(Direction::Descending)?);
    let mut all = Vec::new();
    for (name, filter) in filters(&index, from, to) {
        let mut times = Vec::new();
        let mut total = 0;
        for sort in sorts() {
            for limit in [50, 500] {
                let sort = sort.clone();
                let mut query = JobQuery { sort, limit, ..filter.clone() };
                let first = measure(&index, &query, &mut times)?;
                total = first.total;
                // Deep: behind a job in the middle of the list.
                let middle = JobQuery { offset: first.total / 2, limit: 1, ..query.clone() };
                let found = index.page(&middle)?;
                query.after = found.jobs.first().map(|job| job.cursor(&query.sort));
                measure(&index, &query, &mut times)?;
            }
        }
        report(&mut out, &format!("{name} ({total})"), &mut times)?;
        if filter.search.is_none() {
            all.append(&mut times);
        }
    }
    report(&mut out, "all without search", &mut all)?;
    Ok(())
}

/// Every column both ways, and several columns.
fn sorts() -> Vec<Vec<JobSort>> {
    use Direction::{Ascending, Descending};
    use JobColumn as C;
    let key = |column, direction| JobSort { column, direction };
    let one = JobColumn::ALL
        .into_iter()
        .flat_map(|column| [vec![key(column, Ascending)], vec![key(column, Descending)]]);
    let several = [
        vec![key(C::JobType, Ascending), key(C::DurationMs, Descending)],
        vec![key(C::Status, Descending), key(C::Name, Ascending), key(C::InputBytes, Descending)],
        vec![key(C::User, Ascending), key(C::NumTasks, Descending), key(C::Id, Ascending)],
        vec![key(C::NumExecutors, Descending), key(C::NumStages, Ascending)],
    ];
    one.chain(several).collect()
}

fn measure(
    index: &JobIndex,
    query: &JobQuery,
    times: &mut Vec<Took>,
) -> Result<tinderbox_table::JobPage, Box<dyn Error>> {
    let (begun, on_cpu) = (Instant::now(), cpu_time()?);
    let page = index.page(query)?;
    let (wall, cpu) = (begun.elapsed(), cpu_time()?.saturating_sub(on_cpu));
    let sort: Vec<String> = query
        .sort
        .iter()
        .map(|sort| format!("{} {:?}", sort.column.as_str(), sort.direction))
        .collect();
    let is_deep = query.after.is_some();
    let what = format!("{} {} deep {is_deep}", sort.join(", "), query.limit);
    times.push(Took { cpu, wall, what });
    Ok(page)
}

/// How long a page took.
struct Took {
    cpu: Duration,
    wall: Duration,
    what: String,
}

/// Time that this thread was on a processor: the first field of Linux's `schedstat`, in nanoseconds. Where the kernel counts it
/// by ticks, only sums over many pages mean something.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split(' ').next().unwrap_or_default().parse()?))
}

fn report(out: &mut impl std::io::Write, name: &str, times: &mut [Took]) -> std::io::Result<()> {
    let at = |times: &[Took], share: usize| {
        let at = times.len().saturating_sub(1) * share / 100;
        times.get(at).map(|took| took.wall).unwrap_or_default()
    };
    times.sort_by_key(|took| took.wall);
    let wall = [50, 99, 100].map(|share| at(times, share));
    let count = u32::try_from(times.len().max(1)).unwrap_or(u32::MAX);
    let cpu = times.iter().map(|took| took.cpu).sum::<Duration>() / count;
    writeln!(
        out,
        "{name}: p50 {:.2?} p99 {:.2?} max {:.2?}, mean cpu {cpu:.2?}",
        wall[0], wall[1], wall[2]
    )?;
    for took in times.iter().rev().take(SLOWEST) {
        writeln!(out, "    {:.2?} {}", took.wall, took.what)?;
    }
    Ok(())
}

fn filters(index: &JobIndex, from: i64, to: i64) -> Vec<(&'static str, JobQuery)> {
    let most = |column| {
        let mut counts = index.counts(column);
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.iter().map(|(word, _)| (*word).to_owned()).collect::<Vec<_>>()
    };
    let (statuses, types) = (most(JobColumn::Status), most(JobColumn::JobType));
    let one = |words: &[String], at: usize| words.get(at).map(|word| vec![word.clone()]);
    let day = (to - from) / 7;
    let all = JobQuery::default();
    vec![
        ("all", all.clone()),
        ("most frequent status", JobQuery { statuses: one(&statuses, 0), ..all.clone() }),
        ("second status", JobQuery { statuses: one(&statuses, 1), ..all.clone() }),
        (
            "rarest status",
            JobQuery { statuses: one(&statuses, statuses.len().saturating_sub(1)), ..all.clone() },
        ),
        ("type", JobQuery { types: one(&types, 1), ..all.clone() }),
        (
            "two types and a status",
            JobQuery {
                types: Some(types.iter().take(2).cloned().collect()),
                statuses: one(&statuses, 1),
                ..all.clone()
            },
        ),
        (
            "a day",
            JobQuery {
                since_us: Some(from + 2 * day),
                until_us: Some(from + 3 * day),
                ..all.clone()
            },
        ),
        ("a minute", JobQuery { since_us: Some(to - 60_000_000), ..all.clone() }),
        (
            "status, type, a day",
            JobQuery {
                statuses: one(&statuses, 1),
                types: one(&types, 0),
                since_us: Some(from + 2 * day),
                until_us: Some(from + 3 * day),
                ..all.clone()
            },
        ),
        ("search 42", JobQuery { search: Some("42".to_owned()), ..all.clone() }),
        ("search job_", JobQuery { search: Some("job_".to_owned()), ..all.clone() }),
        ("search 0123", JobQuery { search: Some("0123".to_owned()), ..all.clone() }),
        (
            "search etl, failed",
            JobQuery { search: Some("ETL".to_owned()), statuses: one(&statuses, 1), ..all },
        ),
    ]
}

/// Jobs whose figures follow from their type, so that filters and orders depend on each other.
#[allow(clippy::cast_precision_loss)]
fn write_jobs(path: &Path, count: u64) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let mut writer = None;
    for first in (0..count).step_by(16_384) {
        let jobs: Vec<Vec<u64>> = (first..(first + 16_384).min(count))
            .map(|n| (0..JobColumn::ALL.len() as u64 + 2).map(|of| noise(n * 64 + of)).collect())
            .collect();
        let kind = |job: &[u64]| usize::try_from(job[34] % 5).unwrap_or(0);
        let columns = JobColumn::ALL.into_iter().enumerate().map(|(at, column)| {
            let jobs = (first..).zip(&jobs);
            let array: ArrayRef = match column.kind() {
                JobColumnKind::Text => Arc::new(
                    jobs.map(|(n, job)| {
                        Some(match column {
                            JobColumn::Id => format!("job_a1b2c3_{n:07}"),
                            JobColumn::Name => {
                                format!("{}_{:03}", TYPES[kind(job)], job[at] % 1_000)
                            }
                            JobColumn::JobType => TYPES[kind(job)].to_owned(),
                            JobColumn::Status => match job[at] % 1_000 {
                                0 => "RUNNING",
                                1..60 => "FAILED",
                                _ => "COMPLETED",
                            }
                            .to_owned(),
                            _ if job[at].is_multiple_of(16) => return None,
                            _ => format!("word {}", job[at] % 40),
                        })
                    })
                    .collect::<StringArray>(),
                ),
                JobColumnKind::Time => Arc::new(
                    jobs.map(|(_, job)| {
                        Some(1_767_225_600_000_000 + (job[33] % 604_800_000_000).cast_signed())
                    })
                    .collect::<TimestampMicrosecondArray>(),
                ),
                JobColumnKind::Int if at < 18 => Arc::new(
                    jobs.map(|(_, job)| Some((job[at] % 32 * (1 + job[34] % 5)).cast_signed()))
                        .collect::<Int64Array>(),
                ),
                JobColumnKind::Int => Arc::new(
                    jobs.map(|(_, job)| {
                        Some((job[at] % (10_000_000 * (1 + job[34] % 5 * 4))).cast_signed())
                    })
                    .collect::<Int64Array>(),
                ),
                JobColumnKind::Float => Arc::new(
                    jobs.map(|(_, job)| Some((job[at] % 1_000_000) as f64 / 100.0))
                        .collect::<Float64Array>(),
                ),
            };
            (column.as_str(), array, true)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
        if writer.is_none() {
            writer = Some(ArrowWriter::try_new(File::create(path)?, batch.schema(), None)?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch)?;
        }
    }
    writer.ok_or("no jobs")?.close()?;
    Ok(())
}

const TYPES: [&str; 5] =
    ["ETL_Pipeline", "ML_Training", "Analytics_Query", "Data_Migration", "Report_Generation"];

fn noise(n: u64) -> u64 {
    let mut x = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ x >> 31) >> 1
}
