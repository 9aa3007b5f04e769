//! The committed list of what Sail computes as Spark does: how it is made.

mod constructs;
mod judge;
mod list;
mod probes;

pub use judge::{Status, Verdict};
pub use list::{read, write};

use crate::spark::Spark;
use crate::table::Compare;
use judge::Sides;
use std::sync::Mutex;

/// Sessions that judge at the same time.
const JUDGES: usize = 3;

/// A function or construct, and queries that use it.
struct Subject {
    name: String,
    is_construct: bool,
    examples: Vec<String>,
}

/// What real servers say about functions and constructs, all or those of these names, by name; `None` without Sail.
pub async fn judge(spark: &mut Spark, names: Option<&[String]>) -> Option<Vec<Verdict>> {
    let mut subjects = subjects(spark, names);
    subjects.retain(|subject| names.is_none_or(|names| names.contains(&subject.name)));
    let url = spark.url.clone().unwrap();
    let mut sides = Vec::new();
    for _ in 0..JUDGES.min(subjects.len()) {
        sides.push(Sides::at(&url).await?);
    }
    let subjects = Mutex::new(subjects);
    let judged = sides.into_iter().map(async |mut sides| {
        let mut verdicts = Vec::new();
        loop {
            let Some(subject) = subjects.lock().unwrap().pop() else { return verdicts };
            let edges = match subject.is_construct {
                true => Vec::new(),
                false => probes::all_edges(&subject.name, &subject.examples),
            };
            let compare = compare_of(&subject.name);
            let mut verdict = sides.judge(&subject.name, &subject.examples, &edges, compare).await;
            if subject.is_construct {
                verdict.notes.push("construct");
            }
            println!("{}\t{}\t{}", verdict.name, verdict.status, verdict.reason);
            verdicts.push(verdict);
        }
    });
    let mut verdicts = futures(judged.collect()).await;
    verdicts.sort_by(|left, right| left.name.cmp(&right.name));
    Some(verdicts)
}

/// Runs all at once, in one task.
async fn futures<F: Future<Output = Vec<Verdict>>>(all: Vec<F>) -> Vec<Verdict> {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(move |ctx| {
        all.retain_mut(|one| match one.as_mut().poll(ctx) {
            std::task::Poll::Ready(verdicts) => {
                done.extend(verdicts);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() {
            std::task::Poll::Ready(std::mem::take(&mut done))
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}

/// All functions with examples, functions without to which queries were written, and constructs.
fn subjects(spark: &mut Spark, names: Option<&[String]>) -> Vec<Subject> {
    let described = spark.describe(names).into_iter();
    let functions = described.map(|(name, text)| (name, probes::examples(&text)));
    let functions: Vec<_> = functions.collect();
    let names: Vec<String> = functions.iter().map(|(name, _)| name.clone()).collect();
    let own = functions.into_iter().filter(|(_, examples)| !examples.is_empty());
    let own = own.map(|(name, mut examples)| {
        let more = constructs::MORE.iter().filter(|(known, _)| *known == name);
        examples.extend(more.flat_map(|(_, queries)| *queries).map(|query| (*query).to_owned()));
        Subject { name, is_construct: false, examples }
    });
    let written = constructs::CONSTRUCTS.iter().map(|(name, queries)| Subject {
        name: (*name).to_owned(),
        is_construct: !names.iter().any(|function| function == name),
        examples: queries.iter().map(|query| (*query).to_owned()).collect(),
    });
    own.chain(written).collect()
}

/// What is random, of the moment, or of the server: only types are compared.
pub const BY_TYPE: &[&str] = &[
    "aes_encrypt",
    "current_catalog",
    "current_database",
    "current_date",
    "current_path",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_timezone",
    "current_user",
    "curdate",
    "input_file_block_length",
    "input_file_block_start",
    "input_file_name",
    "localtimestamp",
    "monotonically_increasing_id",
    "now",
    "rand",
    "randn",
    "random",
    "randstr",
    "session_user",
    "shuffle",
    "spark_partition_id",
    "uniform",
    "user",
    "uuid",
    "version",
];
/// What gives elements in no order.
pub const ANY_ORDER: &[&str] =
    &["array_agg", "collect_list", "collect_set", "map_entries", "map_keys", "map_values"];

fn compare_of(name: &str) -> Compare {
    if BY_TYPE.contains(&name) {
        Compare::Types
    } else if ANY_ORDER.contains(&name) {
        Compare::AnyOrder
    } else {
        Compare::Rows
    }
}
