//! The rows of every transformation as relations on Sail, compared with those of compiled programs on Spark.

use crate::transformation_cases::{INPUTS, SAME_ROWS, canonical, cases, orders};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use tinderbox_connect::{Engine, Error, Limits, Preview, Session};
use tinderbox_model::{Bytes, NodeId};
use tinderbox_spec::{Choice, Spec};

const LIMITS: Limits = Limits { rows: 1000, bytes: Bytes(1 << 24), time: Duration::from_secs(60) };

/// What Sail does not compute as Spark does, so that a preview there is refused: beginnings of cases.
const REFUSED: &[&str] = &["type: intersect, input: [more, more], all: true"];

#[tokio::test(flavor = "multi_thread")]
async fn transformations_give_the_rows_of_spark_or_are_refused_by_name() {
    let Some((sail, _folder)) = crate::start().await else { return };
    let mut all: Vec<(String, Vec<Value>)> =
        cases().into_iter().map(|(node, rows)| (node.to_owned(), rows)).collect();
    all.extend(SAME_ROWS.iter().map(|node| (format!("{node}, input: orders"), orders())));
    let spec = spec(&all);
    let session = Session::connect(sail.url()).await.unwrap();
    let mut wrong = Vec::new();
    for (at, (case, expected)) in all.iter().enumerate() {
        let mut expected: Vec<String> = expected.iter().map(canonical).collect();
        expected.sort();
        let is_refused = REFUSED.iter().any(|refused| case.starts_with(refused));
        match rows_of(&session, &spec, &format!("case_{at}")).await {
            Ok(found) if found == expected && !is_refused => {}
            Err(Error::Node(_)) if is_refused => {}
            found => wrong.push(format!("{case}\n  expected {expected:#?}\n  found {found:#?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    session.close().await;
}

/// As Spark writes them as JSON: without fields that are null.
async fn rows_of(session: &Session, spec: &Spec, node: &str) -> Result<Vec<String>, Error> {
    let preview = Preview {
        spec,
        folder: Path::new("/"),
        node: &NodeId::new(node),
        engine: Engine::Sail,
        source_rows: None,
    };
    let answer = session.preview(preview, LIMITS).await?;
    let mut rows: Vec<String> = Vec::new();
    let columns = answer.columns();
    for row in answer.rows()? {
        let fields = answer.names().into_iter().zip(&columns).zip(row);
        let fields = fields.filter(|(_, value)| !value.is_null());
        let fields = fields.map(|((name, column), value)| match value {
            // Spark writes decimals as numbers.
            Value::String(text) if column.kind.starts_with("decimal") => {
                (name, serde_json::from_str(&text).unwrap())
            }
            value => (name, value),
        });
        rows.push(canonical(&Value::Object(fields.collect())));
    }
    rows.sort();
    Ok(rows)
}

fn spec(cases: &[(String, Vec<Value>)]) -> Spec {
    let mut text = "name: transformations\nconfiguration: {checkpointLocation: checkpoints}\npipeline:\n  transformations:\n".to_owned();
    for (id, node) in INPUTS {
        writeln!(text, "    - {{id: {id}, {node}}}").unwrap();
    }
    for (at, (node, _)) in cases.iter().enumerate() {
        writeln!(text, "    - {{id: case_{at}, {node}}}").unwrap();
    }
    text.push_str("  sinks:\n");
    for at in 0..cases.len() {
        writeln!(text, "    - {{type: json, input: case_{at}, path: out/{at}}}").unwrap();
    }
    load(&text)
}

pub fn load(text: &str) -> Spec {
    tinderbox_spec::load("job.yaml", text, &Choice::default()).unwrap().spec
}
