//! The emitter of Spark Declarative Pipelines: a project whose datasets are the nodes.
//!
//! Source: Spark's programming guide of declarative pipelines, and `pyspark.pipelines` of Spark 4.1 and later. What a
//! pipeline cannot express is refused by name.

use super::layout::{self, Chain, comment};
use super::literal::text;
use super::nodes::{Names, list};
use super::{launch, sources};
use crate::component::NodeKind;
use crate::diagnostic::{Diagnostic, Severity};
use crate::operation::{Data, Operation, Write};
use crate::packages;
use crate::parameters::has_secret;
use crate::spec::{JobType, Node, Place, Spec};
use crate::stream::{Flow, OutputMode, Target, Trigger, target};
use std::collections::BTreeMap;
use tinderbox_model::NodeId;

/// A project for `spark-pipelines run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Path below the project's folder and text of each file, the project's own one first.
    pub files: Vec<(&'static str, String)>,
    /// Properties that only work when Spark starts; they belong to `spark-pipelines --conf`.
    pub launch_conf: BTreeMap<String, String>,
    /// What the user should know, ordered by position in the document.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles a job to a project for Spark 4.1 and later. `storage` is the absolute URI of the folder in which the pipeline
/// keeps its progress, where the document's `checkpointLocation` is none. The same spec gives the same bytes.
///
/// # Errors
/// A diagnostic for every part of the job that a declarative pipeline cannot express.
pub fn compile_pipelines(spec: &Spec, storage: &str) -> Result<Project, Vec<Diagnostic>> {
    let errors = refusals(spec);
    if !errors.is_empty() {
        return Err(errors);
    }
    let properties = launch::split(spec);
    Ok(Project {
        files: vec![
            ("spark-pipeline.yml", project_file(spec, storage, &properties.in_program)),
            ("transformations/pipeline.py", program(spec)),
        ],
        launch_conf: properties.at_launch,
        warnings: packages::notes(spec),
    })
}

fn project_file(spec: &Spec, storage: &str, settings: &BTreeMap<String, String>) -> String {
    let storage = spec.checkpoint_location().filter(|own| own.contains(":/")).unwrap_or(storage);
    let mut file = head(spec);
    file.push_str(&format!("name: {}\nstorage: {}\n", quoted(spec.name()), quoted(storage)));
    if !settings.is_empty() {
        file.push_str("configuration:\n");
        for (key, value) in settings {
            file.push_str(&format!("  {}: {}\n", quoted(key), quoted(value)));
        }
    }
    file.push_str("libraries:\n  - glob:\n      include: transformations/**\n");
    file
}

/// In YAML; what is written so is read as a text by every reader.
fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.contains(['.', '-', '_'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if is_plain { text.to_owned() } else { crate::patch::double_quoted(text) }
}

fn head(spec: &Spec) -> String {
    let mut head = format!("# {}\n", comment(spec.name()));
    if let Some(description) = spec.description() {
        head.push_str(&format!("# {}\n", comment(description)));
    }
    head.push_str(
        "#\n# Compiled by Tinderbox from the job's document: change that one, not this file.\n\n",
    );
    head
}

fn program(spec: &Spec) -> String {
    let names = Names::of(spec);
    let flow = Flow::of(spec);
    let datasets: Vec<String> =
        spec.nodes().iter().map(|node| dataset(node, &names, &flow)).collect();
    let body = datasets.join("\n\n");
    let code = layout::without_texts(&body);
    let mut program = head(spec);
    if code.contains("os.environ[") {
        program.push_str("import os\n\n");
    }
    program.push_str("from pyspark import pipelines as dp\n");
    let window = if layout::has_window(&code) { ", Window" } else { "" };
    program.push_str(&format!("from pyspark.sql import DataFrame, SparkSession{window}\n"));
    if code.contains("F.") {
        program.push_str("from pyspark.sql import functions as F\n");
    }
    let avro: Vec<&str> = ["from_avro", "to_avro"]
        .into_iter()
        .filter(|name| code.contains(&format!("{name}(")))
        .collect();
    if !avro.is_empty() {
        program.push_str(&format!("from pyspark.sql.avro.functions import {}\n", avro.join(", ")));
    }
    format!("{program}\nspark = SparkSession.active()\n\n\n{body}")
}

/// A node as a function with its decorator, and before it the sink that it flows into.
fn dataset(node: &Node, names: &Names, flow: &Flow<'_>) -> String {
    let name = names.variable(&node.id);
    let (before, decorator) = match &node.operation {
        Operation::Write(write) => output(node, write, name, flow),
        _ => (String::new(), "@dp.temporary_view\n".to_owned()),
    };
    let note = node.description.as_deref().map(|text| format!("    # {}\n", comment(text)));
    let read = |input: &NodeId, assignment: String| {
        let reader = if flow.is_stream(input) { "spark.readStream" } else { "spark.read" };
        let chain = Chain::new(assignment, reader).indented();
        chain.call("table", [text(names.variable(input))]).to_lines()
    };
    let is_written_as_it_is =
        matches!(&node.operation, Operation::Write(write) if write.encode.is_none());
    // A query names the datasets themselves.
    let is_query = matches!(node.operation, Operation::Sql { .. });
    let mut lines = String::new();
    for (at, input) in node.inputs.iter().enumerate() {
        let is_first = !node.inputs[..at].contains(input);
        if is_first && !is_query && !is_written_as_it_is {
            lines.push_str(&read(input, format!("{} = ", names.variable(input))));
        }
    }
    let body = match &node.operation {
        Operation::Write(write) => {
            let input = node.inputs.first().map(|input| names.variable(input)).unwrap_or_default();
            match &write.encode {
                Some(encode) => {
                    let (statement, rows) = sources::encoded(encode, input);
                    format!("{statement}    return {rows}\n")
                }
                None => {
                    node.inputs.first().map(|id| read(id, "return ".to_owned())).unwrap_or_default()
                }
            }
        }
        Operation::Sql { query } => names.query(node, query),
        _ => names.body(node, flow),
    };
    format!(
        "{before}{decorator}def {name}() -> DataFrame:\n{}{lines}{body}",
        note.unwrap_or_default()
    )
}

/// What stands before a sink's function: the sink that it flows into, and its decorator.
fn output(node: &Node, write: &Write, name: &str, flow: &Flow<'_>) -> (String, String) {
    let is_stream = flow.is_stream(&node.id);
    let Data::Table(table) = &write.data else {
        let (format, path) = match &write.data {
            Data::Files { format, path } => (*format, Some(("path", path.as_str()))),
            Data::Connector { format } => (*format, None),
            Data::Table(_) => ("", None),
        };
        let own = write.options.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let options: Vec<String> = path
            .into_iter()
            .chain(own)
            .map(|(key, value)| format!("{}: {}", text(key), text(value)))
            .collect();
        let options = format!("options={{{}}}", options.join(", "));
        let arguments = [text(name), format!("format={}", text(format)), options];
        let sink = Chain::new("", "dp").call("create_sink", arguments).to_lines();
        let flow = Chain::new("@", "dp").call("append_flow", [format!("target={}", text(name))]);
        return (format!("{sink}\n\n"), flow.to_lines());
    };
    let format = write.table_format.map(|format| format!("format={}", text(format)));
    let partitions = (!write.partition_by.is_empty())
        .then(|| format!("partition_cols={}", list(&write.partition_by)));
    let arguments = [format!("name={}", text(table))].into_iter().chain(format).chain(partitions);
    let kind = if is_stream { "table" } else { "materialized_view" };
    (String::new(), Chain::new("@", "dp").call(kind, arguments).to_lines())
}

/// Everything that a pipeline cannot express, in the order of the document.
fn refusals(spec: &Spec) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut refuse = |place: &Place, message: String, hint: &str| {
        let mut diagnostic =
            place.diagnostic(Severity::Error, "pipelines::not-expressible", spec.file(), message);
        diagnostic.hint = Some(hint.to_owned());
        found.push(diagnostic);
    };
    let section = |key: &str| spec.sections.get(key).cloned().unwrap_or_default();
    if !spec.functions().is_empty() {
        let message = "functions in Python cannot be registered in a pipeline".to_owned();
        refuse(&section("udfs"), message, "compile with `--to pyspark`");
    }
    for (key, _) in spec.conf().iter().filter(|(_, value)| has_secret(value)) {
        let message = format!("`{key}` refers to a secret, and a project file cannot look it up");
        refuse(&section("configuration"), message, "set it where Spark is started");
    }
    if let Some(application) = spec.application() {
        let message = "an application is no pipeline".to_owned();
        refuse(&application.place, message, "submit its file itself");
    } else if !spec.nodes().iter().any(|node| node.kind() == NodeKind::Sink) {
        let message = "a pipeline without a sink has nothing to make".to_owned();
        refuse(&section("pipeline"), message, "add a sink of type `table`");
    }
    let flow = Flow::of(spec);
    let names = super::table_names(spec);
    for node in spec.nodes() {
        let problem = problem(spec, node, &flow).or_else(|| {
            let table = match &node.operation {
                Operation::Read(read) => &read.data,
                Operation::Write(write) => &write.data,
                _ => return None,
            };
            let Data::Table(table) = table else { return None };
            let is_taken = names.values().any(|name| name.eq_ignore_ascii_case(table));
            is_taken.then(|| {
                (
                    format!("names the table `{table}`, which is also the name of a node"),
                    "give that node another `id`",
                )
            })
        });
        if let Some((what, hint)) = problem {
            refuse(&node.place, format!("`{}` {what}", node.id), hint);
        }
    }
    found.sort_by_key(|found| found.span.start);
    found
}

fn problem(spec: &Spec, node: &Node, flow: &Flow<'_>) -> Option<(String, &'static str)> {
    const PYSPARK: &str = "compile with `--to pyspark`";
    let because = |what: &str| Some((what.to_owned(), PYSPARK));
    if !node.expectations.is_empty() {
        return because("has expectations, which only the PySpark program checks and records");
    }
    match &node.operation {
        Operation::Write(write) => sink_problem(spec, node, write, flow),
        Operation::ReadHttp(_) => because("asks over HTTP, which is no query that Spark can plan"),
        Operation::Udf(_) => because("imports a Python file, which pipelines do not ship"),
        Operation::Features { .. }
        | Operation::Train(_)
        | Operation::Evaluate(_)
        | Operation::Predict { .. } => {
            because("uses machine learning, which runs while a pipeline is only defined")
        }
        Operation::Cache { .. } | Operation::Checkpoint { .. } => {
            because("keeps rows while the pipeline is only defined")
        }
        // Spark Connect of 4.3 analyzes these at once, when the pipeline's datasets are not known yet.
        Operation::Rename { .. } | Operation::Drop { .. } => Some((
            "renames or drops columns, which Spark plans before it knows the pipeline".to_owned(),
            "write it as `select` of the columns that stay",
        )),
        Operation::Flatten(_) => {
            because("looks at the columns of the data while the pipeline is only defined")
        }
        Operation::Clean(clean) if clean.columns.is_empty() => Some((
            "looks at the columns of the data while the pipeline is only defined".to_owned(),
            "name them: `columns: [a, b]`",
        )),
        Operation::Aggregate(aggregate)
            if aggregate.pivot.as_ref().is_some_and(|pivot| pivot.values.is_empty()) =>
        {
            Some((
                "pivots by values that are looked up in the data".to_owned(),
                "name them: `values: [a, b]`",
            ))
        }
        _ => None,
    }
}

fn sink_problem(
    spec: &Spec,
    node: &Node,
    write: &Write,
    flow: &Flow<'_>,
) -> Option<(String, &'static str)> {
    let is_table = matches!(write.data, Data::Table(_));
    let has_own_layout = matches!(write.table_format, Some("delta" | "iceberg"));
    if is_table && !write.partition_by.is_empty() && !has_own_layout {
        return Some((
            "partitions a table of the catalog, whose columns a pipeline cannot put in order"
                .to_owned(),
            "leave `partition_by` out, or use `format: delta` or `iceberg`",
        ));
    }
    if write.buckets.is_some() {
        return Some(("writes buckets".to_owned(), "leave `bucket_by` out"));
    }
    if !flow.is_stream(&node.id) {
        return if spec.job_type() == JobType::Streaming {
            Some(("writes once in a streaming job".to_owned(), "write it in a job of its own"))
        } else if !is_table {
            Some((
                "writes no table: a pipeline's batch results are tables of the catalog".to_owned(),
                "`type: table` with `mode: overwrite`, or compile with `--to pyspark`",
            ))
        } else if write.mode != Some("overwrite") {
            Some((
                "would be computed anew on each run".to_owned(),
                "say so: `mode: overwrite`; or compile with `--to pyspark`",
            ))
        } else {
            None
        };
    }
    match node.stream.trigger {
        Some(Trigger::ProcessingTime(_) | Trigger::Continuous(_)) => {
            return Some((
                "has a trigger: a pipeline takes what is there and ends".to_owned(),
                "leave `trigger` out, or write `trigger: {available_now: true}`",
            ));
        }
        Some(Trigger::AvailableNow | Trigger::Once) | None => {}
    }
    if !matches!(node.stream.output_mode, None | Some(OutputMode::Append)) {
        return Some((
            "has an output mode other than append".to_owned(),
            "compile with `--to pyspark`",
        ));
    }
    if node.stream.checkpoint.is_some() {
        return Some((
            "has a checkpoint of its own: a pipeline keeps its progress in one place".to_owned(),
            "leave `checkpoint` out",
        ));
    }
    if !is_table && (target(write) == Target::EachBatch || !write.partition_by.is_empty()) {
        return Some((
            "writes in a way that a pipeline's sink cannot".to_owned(),
            "write to a table, or compile with `--to pyspark`",
        ));
    }
    None
}
