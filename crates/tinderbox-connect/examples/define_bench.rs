//! Measures checks, columns and previews of specs, in one process with one Sail: prints one line of JSON.
//!
//!     define_bench checks
//!     define_bench columns DATA
//!     define_bench preview DATA ORDERS [MOST_ROWS]
//!
//! DATA is a folder with `orders.parquet` and `customers.parquet`, ORDERS the name of another such file of orders, MOST_ROWS
//! how many rows of each source a sample reads. `TINDERBOX_SAIL` names the environment with Sail. `bench/define/run.py` starts it.

#![allow(clippy::print_stdout, reason = "a program for measurements")]

use serde_json::json;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};
use tinderbox_connect::{
    Analyzer, Engine, Limits, NodeColumns, Preview, Sail, SailEnvironment, SailLimits, Session,
};
use tinderbox_model::{Bytes, NodeId};
use tinderbox_spec::{Choice, Spec, compile_pyspark, lint, load, unknown_columns};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How often each figure is measured.
const ROUNDS: usize = 30;
const LIMITS: Limits = Limits { rows: 50, bytes: Bytes(64 << 20), time: Duration::from_secs(300) };

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["checks"] => checks()?,
        ["columns", data] => columns(Path::new(data)).await?,
        ["preview", data, orders] => preview(Path::new(data), orders, None).await?,
        ["preview", data, orders, most] => {
            preview(Path::new(data), orders, Some(most.parse()?)).await?
        }
        _ => return Err("see the head of the program".into()),
    };
    println!("{result}");
    Ok(())
}

/// Reading, checks and code of a document with 200 nodes.
fn checks() -> Outcome<serde_json::Value> {
    let text = document("amount > 10", "amount");
    let mut check = Vec::new();
    let mut code = Vec::new();
    let (mut bytes, mut remarks) = (0, 0);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let spec = read(&text)?;
        let found = lint(&spec).len() + unknown_columns(&spec, &text, &BTreeMap::new()).len();
        check.push(started.elapsed());
        remarks = found;
        let started = Instant::now();
        bytes = compile_pyspark(&spec).source.len();
        code.push(started.elapsed());
    }
    let nodes = read(&text)?.nodes().len();
    Ok(
        json!({ "nodes": nodes, "bytes": bytes, "remarks": remarks, "check": figures(check), "code": figures(code) }),
    )
}

/// Columns of all nodes: all asked for, after an edit in the middle, after one at a source.
async fn columns(data: &Path) -> Outcome<serde_json::Value> {
    let (sail, _folder) = start().await?;
    let spec = read(&document("amount > 10", "amount"))?;
    let (mut cold, mut edited, mut at_source, mut asked) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS / 3 {
        let session = Session::connect(sail.url()).await?;
        let mut analyzer = Analyzer::new(session.clone(), Engine::Sail);
        let started = Instant::now();
        known(&mut analyzer, &spec, data).await?;
        cold.push(started.elapsed());
        // Another type of a column in one branch.
        let text =
            document("amount > 10", &format!("CAST(amount AS DECIMAL(20,{}))", round % 7 + 1));
        let before = analyzer.asked();
        let started = Instant::now();
        known(&mut analyzer, &read(&text)?, data).await?;
        edited.push(started.elapsed());
        asked = analyzer.asked() - before;
        // All nodes behind the source have one more column.
        let text = document("amount > 10", "amount")
            .replacen("{id: orders,", &format!("{{id: orders, description: round {round},"), 1)
            .replacen("columns: {paid: 'true'}", "columns: {paid: 'true', round: '1'}", 1);
        let started = Instant::now();
        known(&mut analyzer, &read(&text)?, data).await?;
        at_source.push(started.elapsed());
        session.close().await;
    }
    Ok(json!({
        "nodes": spec.nodes().len(),
        "cold": figures(cold),
        "edited": figures(edited),
        "edited_nodes": asked,
        "at_source": figures(at_source),
    }))
}

async fn known(analyzer: &mut Analyzer, spec: &Spec, data: &Path) -> Outcome<()> {
    for (node, columns) in analyzer.analyze(spec, data).await? {
        if !matches!(columns, NodeColumns::Known(_)) {
            return Err(format!("{node}: {columns:?}").into());
        }
    }
    Ok(())
}

/// The first rows of a filter, join and aggregate.
async fn preview(
    data: &Path,
    orders: &str,
    source_rows: Option<u32>,
) -> Outcome<serde_json::Value> {
    let (sail, _folder) = start().await?;
    let spec = read(&totals(orders))?;
    let session = Session::connect(sail.url()).await?;
    let node = NodeId::new("totals");
    let preview =
        Preview { spec: &spec, folder: data, node: &node, engine: Engine::Sail, source_rows };
    let started = Instant::now();
    session.preview(preview, LIMITS).await?;
    let first = started.elapsed();
    let mut times = Vec::new();
    let mut rows = Vec::new();
    for _ in 0..ROUNDS / 3 {
        let started = Instant::now();
        rows = session.preview(preview, LIMITS).await?.rows()?;
        times.push(started.elapsed());
    }
    rows.sort_by_key(|row| row.first().map(ToString::to_string));
    session.close().await;
    Ok(json!({ "first_ms": ms(first), "warm": figures(times), "rows": rows }))
}

async fn start() -> Outcome<(Sail, tempfile::TempDir)> {
    let environment = std::env::var_os("TINDERBOX_SAIL").ok_or("TINDERBOX_SAIL is not set")?;
    let folder = tempfile::tempdir()?;
    let limits = SailLimits { memory: Bytes(4 << 30), temporary: Bytes(8 << 30) };
    let sail = Sail::start(&SailEnvironment::at(environment), folder.path(), limits).await?;
    Ok((sail, folder))
}

fn read(text: &str) -> Outcome<Spec> {
    let loaded = load("job.yaml", text, &Choice::default());
    Ok(loaded.map_err(|errors| format!("{errors:?}"))?.spec)
}

/// 200 nodes: two sources, eighteen branches of ten nodes and a sink. `condition` and `value` are those of the first branch.
fn document(condition: &str, value: &str) -> String {
    let mut text = "name: large
pipeline:
  sources:
    - {id: orders, type: parquet, path: orders.parquet}
    - {id: customers, type: parquet, path: customers.parquet}
  transformations:
    - {id: marked, type: map, input: orders, columns: {paid: 'true'}}
"
    .to_owned();
    for at in 0..18 {
        let (condition, value) =
            if at == 0 { (condition, value) } else { ("amount > 20", "amount") };
        let _ = write!(
            text,
            "    - {{id: b{at}_filter, type: filter, input: marked, condition: {condition:?}}}
    - {{id: b{at}_value, type: map, columns: {{value: {value:?}}}}}
    - {{id: b{at}_join, type: join, input: [b{at}_value, customers], on: customer_id, how: left}}
    - {{id: b{at}_window, type: window, partition_by: [customer_id], order_by: [ordered_at], functions: {{place: row_number()}}}}
    - {{id: b{at}_keep, type: filter, condition: place < 100}}
    - {{id: b{at}_day, type: map, columns: {{day: to_date(ordered_at), big: value > 100}}}}
    - {{id: b{at}_named, type: rename, columns: {{name: customer}}}}
    - {{id: b{at}_select, type: select, columns: [customer, day, value, big]}}
    - {{id: b{at}_sum, type: aggregate, group_by: [customer, day], aggregations: {{value: [sum, max], big: count}}}}
    - {{id: b{at}_sort, type: sort, by: [sum_value desc]}}
"
        );
    }
    // 2 + 1 + 18 · 11 nodes are 201.
    let _ = text.split_off(text.rfind("    - {id: b17_sort").unwrap_or(text.len()));
    text.push_str("  sinks:\n");
    for at in 0..18 {
        let last = if at == 17 { "sum" } else { "sort" };
        let _ = writeln!(
            text,
            "    - {{id: b{at}_out, type: parquet, input: b{at}_{last}, path: out/{at}, mode: overwrite}}"
        );
    }
    text
}

fn totals(orders: &str) -> String {
    format!(
        "name: totals
pipeline:
  sources:
    - {{id: orders, type: parquet, path: {orders}}}
    - {{id: customers, type: parquet, path: customers.parquet}}
  transformations:
    - {{id: paid, type: filter, input: orders, condition: status = 'paid' AND amount > 10}}
    - {{id: known, type: join, input: [paid, customers], on: customer_id}}
    - {{id: totals, type: aggregate, group_by: [region], aggregations: {{orders: count(1), most: max(amount)}}}}
  sinks:
    - {{type: parquet, path: out}}
"
    )
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn figures(mut times: Vec<Duration>) -> serde_json::Value {
    times.sort();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    let last = times.last().copied().unwrap_or_default();
    json!({ "count": times.len(), "p50_ms": ms(middle), "max_ms": ms(last) })
}
