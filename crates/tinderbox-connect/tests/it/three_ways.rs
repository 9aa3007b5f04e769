//! The rows of graphs three ways: compiled programs on Spark 3.5 and 4, relations on Spark 4, relations on Sail.

use crate::equivalence::load;
use crate::graphs::{self, Graph};
use crate::spark::Spark;
use crate::table::{Compare, Outcome, Table};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tinderbox_connect::{Engine, Error, Limits, Preview, Session};
use tinderbox_model::{Bytes, NodeId};
use tinderbox_spec::Spec;

const LIMITS: Limits = Limits { rows: 2000, bytes: Bytes(1 << 24), time: Duration::from_secs(120) };

/// What came out of all graphs.
#[derive(Debug, Default)]
pub struct Counts {
    pub equal: usize,
    /// Of the equal ones: Spark 4 fails in its ANSI mode, and Sail gives the rows of Spark 3.5.
    pub lenient: Vec<String>,
    /// Programs that have other rows on Spark 3.5 than on Spark 4.
    pub changed: Vec<String>,
    pub refused: Vec<String>,
    pub different: Vec<String>,
}

/// Runs graphs everywhere. The Sparks come back for others.
pub async fn compare(graphs: &[Graph], three: &mut Spark, four: &mut Spark, sail: &str) -> Counts {
    let folder = tempfile::tempdir().unwrap();
    for (name, sql) in graphs::TABLES {
        four.write(sql, "parquet", &json!({}), &folder.path().join(name));
    }
    for (name, file) in graphs::FILES {
        four.write(file.sql, file.format, &file.written_with(), &folder.path().join(name));
    }
    let folder_text = folder.path().to_str().unwrap();
    let specs: Vec<Spec> = graphs.iter().map(|graph| load(&graph.document(folder_text))).collect();
    let programs: Vec<String> = specs.iter().map(compiled).collect();
    let connect = Session::connect(four.url.as_deref().unwrap()).await.unwrap();
    let on_sail = Session::connect(sail).await.unwrap();
    let run = |spark: &mut Spark| -> Vec<Outcome> {
        programs.iter().map(|program| spark.run(program)).collect()
    };
    let (threes, fours) = std::thread::scope(|scope| {
        let threes = scope.spawn(|| run(three));
        let fours = run(four);
        (threes.join().unwrap(), fours)
    });
    let mut counts = Counts::default();
    for (at, (graph, spec)) in graphs.iter().zip(&specs).enumerate() {
        let how = if graph.is_sorted { Compare::Sorted } else { Compare::Rows };
        let end = NodeId::new(&graph.end);
        let relation = preview(&connect, spec, &end, Engine::Spark).await.unwrap();
        let (three, four) = (&threes[at], &fours[at]);
        let different = &mut counts.different;
        let mut say = |what: &str, why: &str| {
            different.push(format!("{}: {what}: {why}\n{}", graph.name, graph.document("…")));
        };
        if let Some(why) = difference(four, &relation, how) {
            say("program and relation on Spark 4", &why);
            continue;
        }
        // Where Spark 4 fails in its ANSI mode, Spark 3.5 has rows of its own; some functions changed.
        let is_strict = matches!((three, four), (Outcome::Rows(_), Outcome::Failed(_)));
        if let Some(why) = difference(three, four, how) {
            match three {
                Outcome::Rows(_) => counts.changed.push(format!("{}: {why}", graph.name)),
                _ => {
                    say("programs on Spark 3.5 and 4", &why);
                    continue;
                }
            }
        }
        let wanted = if is_strict { three } else { four };
        match preview(&on_sail, spec, &end, Engine::Sail).await {
            Err(refusal) => counts.refused.push(format!("{}: {refusal}", graph.name)),
            // Both say that it cannot be computed.
            Ok(Outcome::Failed(_)) if matches!(four, Outcome::Failed(_)) => counts.equal += 1,
            Ok(found) => match difference(wanted, &found, how) {
                Some(why) => say("Spark and Sail", &why),
                None => {
                    counts.equal += 1;
                    if is_strict {
                        counts.lenient.push(graph.name.clone());
                    }
                }
            },
        }
    }
    connect.close().await;
    on_sail.close().await;
    counts
}

fn compiled(spec: &Spec) -> String {
    tinderbox_spec::compile_pyspark(spec).source
}

/// Names of columns count too.
fn difference(left: &Outcome, right: &Outcome, how: Compare) -> Option<String> {
    if let (Outcome::Rows(left), Outcome::Rows(right)) = (left, right) {
        let names = |table: &Table| -> Vec<String> {
            table.columns.iter().map(|(name, _)| name.clone()).collect()
        };
        if names(left) != names(right) {
            return Some(format!("columns {:?} and {:?}", names(left), names(right)));
        }
    }
    left.difference(right, how)
}

/// `Err` is a refusal by name.
async fn preview(
    session: &Session,
    spec: &Spec,
    node: &NodeId,
    engine: Engine,
) -> Result<Outcome, String> {
    let preview = Preview { spec, folder: Path::new("/"), node, engine, source_rows: None };
    match session.preview(preview, LIMITS).await {
        Ok(answer) => {
            let columns = answer.columns().into_iter().map(|one| (one.name, one.kind));
            let columns = columns.collect();
            Ok(Outcome::Rows(match answer.batches().first() {
                Some(first) => Table::of(answer.batches(), first.schema().fields()),
                None => Table { columns, rows: Vec::new() },
            }))
        }
        Err(Error::Node(refusal)) => Err(refusal.to_string()),
        Err(error) => {
            Ok(Outcome::Failed(error.to_string().lines().next().unwrap_or_default().to_owned()))
        }
    }
}

#[test]
fn graphs_are_sound() {
    let mut wrong = Vec::new();
    for graph in graphs::all().into_iter().chain(graphs::fresh(1000, 2000)) {
        let text = graph.document("/data");
        match tinderbox_spec::load("job.yaml", &text, &tinderbox_spec::Choice::default()) {
            Ok(_) => {}
            Err(errors) => wrong.push(format!(
                "{text}\n{:?}",
                errors.iter().map(|error| &error.message).collect::<Vec<_>>()
            )),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of them: {}",
        wrong.len(),
        wrong[..wrong.len().min(12)].join("\n")
    );
}
