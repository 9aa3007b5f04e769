//! The documented answer and its files.

use crate::request::JobRequest;
use crate::scaling::{Scaling, rounded};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where the results of a request lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Key of `performance.csv`.
    pub performance: String,
    /// Number of nodes and key of its `{n}_nodes.json`, in the order of the request.
    pub outputs: Vec<(u32, String)>,
    /// Key below which the models of a number of nodes are saved, followed by `{n}_nodes`.
    pub models: String,
}

impl Places {
    /// Keys in the bucket.
    pub fn of(request: &JobRequest) -> Self {
        let folder = request.result_path();
        let output = |nodes: &u32| (*nodes, format!("{folder}/{nodes}_nodes.json"));
        Self {
            performance: format!("{folder}/performance.csv"),
            outputs: request.node_list.iter().map(output).collect(),
            models: format!("{}/result/{}/models", request.user, request.job_id),
        }
    }
}

/// The answer of a job that has ended well: the documented fields, and beside them in `data` what `beside` has, which never
/// replaces one of them.
pub fn answer(
    request: &JobRequest,
    bucket: &str,
    scaling: &Scaling,
    beside: Map<String, Value>,
) -> Value {
    let places = Places::of(request);
    let address = |key: &str| format!("s3://{bucket}/{key}");
    let outputs: Map<String, Value> = places
        .outputs
        .iter()
        .map(|(nodes, key)| (format!("{nodes}_nodes"), Value::from(address(key))))
        .collect();
    let mut data = beside;
    for (key, value) in [
        ("job_id", json!(request.job_id)),
        ("result_path", json!(request.result_path())),
        ("performance_metrics", Value::Array(scaling.performance_metrics())),
        ("performance_metrics_s3", json!(address(&places.performance))),
        ("outputs", Value::Object(outputs)),
    ] {
        data.insert(key.to_owned(), value);
    }
    json!({ "status": "SUCCESS", "data": data })
}

/// The files of a job that has ended well, key and content: what each number of nodes gave, and at last `performance.csv`, so that whoever
/// finds that one finds all. `outputs` are the results of [`crate::Measurement`]; a number without one has no file.
pub fn result_files(
    request: &JobRequest,
    outputs: &BTreeMap<u32, String>,
    scaling: &Scaling,
) -> Vec<(String, String)> {
    let places = Places::of(request);
    let files = places.outputs.into_iter();
    let mut files: Vec<(String, String)> = files
        .filter_map(|(nodes, key)| Some((key, format!("{}\n", outputs.get(&nodes)?.trim_end()))))
        .collect();
    files.push((places.performance, performance_csv(scaling)));
    files
}

/// What to say where executors share cores, as times then tell more about waiting than about scaling. `None` where all have one.
pub fn oversubscription(node_list: &[u32], cores: u32) -> Option<String> {
    let beyond: Vec<String> =
        node_list.iter().filter(|nodes| **nodes > cores).map(u32::to_string).collect();
    let noun = if cores == 1 { "core" } else { "cores" };
    (!beyond.is_empty()).then(|| {
        format!(
            "oversubscribed: {} executors share {cores} {noun}, so their times say little about a cluster",
            beyond.join(", ")
        )
    })
}

/// `performance.csv`: the documented metrics, a line for each number of nodes in the order of the request. What cannot be had is empty.
pub fn performance_csv(scaling: &Scaling) -> String {
    let mut csv = String::from("nodes,time_sec,speedup,efficiency\n");
    let figure = |value: Option<f64>| {
        value.and_then(rounded).map_or(String::new(), |value| format!("{value:?}"))
    };
    for point in &scaling.points {
        let time = figure(point.spread.map(|spread| spread.median));
        let (speedup, efficiency) = (figure(point.speedup), figure(point.efficiency));
        let _ = writeln!(csv, "{},{time},{speedup},{efficiency}", point.nodes);
    }
    csv
}
