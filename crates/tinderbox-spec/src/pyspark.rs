//! The emitter of PySpark: a program that people like to read and that is submitted as it is.

mod cleansing;
mod http;
mod launch;
mod layout;
mod literal;
mod ml;
mod nodes;
mod pipelines;
mod quality;
mod sources;
mod streaming;
mod transforms;

use crate::application::Application;
use crate::diagnostic::Diagnostic;
use crate::operation::Operation;
use crate::packages;
use crate::spec::{JobType, Spec};
use crate::stream::Flow;
use nodes::Names;
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::NodeId;

pub(crate) use launch::is_at_launch;
pub use pipelines::{Project, compile_pipelines};
pub use quality::quoted_name;
pub use sources::media_type_sql;

/// A compiled job: program and launch properties together are what the document says, and nothing is in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The program, UTF-8, with a line feed at the end.
    pub source: String,
    /// Which lines of the program come from which node, in the order of the program.
    pub node_lines: Vec<NodeLines>,
    /// Properties that only work when the driver's JVM or the context starts; they belong to `spark-submit --conf`.
    pub launch_conf: BTreeMap<String, String>,
    /// Names of the secrets that the program looks up in its environment, each once.
    pub secrets: BTreeSet<String>,
    /// What the user should know about the program, ordered by position in the document.
    pub warnings: Vec<Diagnostic>,
}

/// The lines of one node in the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLines {
    /// The node.
    pub node: NodeId,
    /// First line, from 1.
    pub first_line: usize,
    /// Last line.
    pub last_line: usize,
}

/// Compiles a job to PySpark for Spark 3.5 and later. The same spec gives the same bytes.
///
/// An application is no code of ours: ask [`Spec::application`] first and submit its file with [`application_conf`].
/// The program for one ends at once, saying so.
pub fn compile_pyspark(spec: &Spec) -> Compiled {
    if let Some(application) = spec.application() {
        return not_compiled(spec, application);
    }
    let properties = launch::split(spec);
    let names = Names::of(spec);
    let flow = Flow::of(spec);
    let mut body = String::new();
    let mut written = Vec::new();
    for node in spec.nodes() {
        let function = names.function(node, &flow);
        written.push((node.id.clone(), body.lines().count(), function.lines().count()));
        body.push_str(&function);
        body.push_str("\n\n");
    }
    if spec.job_type == JobType::Streaming {
        body.push_str(streaming::WAIT_FOR_ALL);
    }
    body.push_str(&main(spec, &properties.in_program, &names));
    let head = head(spec, &body);
    let secrets = literal::looked_up(&body);
    let offset = head.lines().count();
    let node_lines = written
        .into_iter()
        .map(|(node, before, count)| NodeLines {
            node,
            first_line: offset + before + 1,
            last_line: offset + before + count,
        })
        .collect();
    Compiled {
        source: format!("{head}{body}"),
        node_lines,
        launch_conf: properties.at_launch,
        secrets,
        warnings: packages::notes(spec),
    }
}

/// All properties of a job that runs an application: no program of ours sets any, so all belong to `spark-submit`. The
/// application's name, its jars, packages and files are among them, its program, class and arguments are not. Paths are as written.
pub fn application_conf(spec: &Spec) -> BTreeMap<String, String> {
    let launch::Properties { mut in_program, at_launch } = launch::split(spec);
    in_program.extend(at_launch);
    in_program.insert("spark.app.name".to_owned(), spec.name().to_owned());
    in_program
}

fn not_compiled(spec: &Spec, application: &Application) -> Compiled {
    let message = format!("this job is an application: submit {} itself", application.file);
    Compiled {
        source: format!(
            "# {}\nraise SystemExit({})\n",
            layout::comment(spec.name()),
            literal::text(&message)
        ),
        node_lines: Vec::new(),
        launch_conf: application_conf(spec),
        secrets: BTreeSet::new(),
        warnings: packages::notes(spec),
    }
}

/// The name that each node has as a table in SQL.
pub fn table_names(spec: &Spec) -> BTreeMap<NodeId, String> {
    Names::of(spec).into_tables()
}

/// The properties that a program sets, and those that must be known before it starts.
pub(crate) fn properties(spec: &Spec) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let properties = launch::split(spec);
    (properties.in_program, properties.at_launch)
}

/// The session, and a call of each node's function.
fn main(spec: &Spec, properties: &BTreeMap<String, String>, names: &Names) -> String {
    let mut builder = layout::Chain::new("spark = ", "SparkSession.builder")
        .call("appName", [literal::text(spec.name())]);
    for (key, value) in properties {
        builder = builder.call("config", [literal::text(key), literal::text(value)]);
    }
    let session = builder.call("getOrCreate", []).indented().to_lines_always();
    let mut main = format!("def main() -> None:\n{session}");
    let has_checkpoint =
        spec.nodes().iter().any(|node| node.operation == Operation::Checkpoint { is_local: false });
    if let (true, Some(location)) = (has_checkpoint, spec.checkpoint_location()) {
        let call = layout::Chain::new("", "spark.sparkContext").indented();
        main.push_str(&call.call("setCheckpointDir", [literal::text(location)]).to_lines());
    }
    for (name, function) in &spec.functions {
        main.push_str(&cleansing::registered(name, function));
    }
    match spec.job_type {
        JobType::Batch => spec.nodes().iter().for_each(|node| main.push_str(&names.call(node))),
        JobType::Streaming => main.push_str(&streaming::started(spec, names)),
    }
    if quality::is_used(spec) {
        main.push_str("    Expectations.finish()\n");
    }
    main.push_str("    spark.stop()\n\n\nif __name__ == \"__main__\":\n    main()\n");
    main
}

/// Everything before the first function.
fn head(spec: &Spec, body: &str) -> String {
    let mut head = format!("# {}\n", layout::comment(spec.name()));
    if let Some(description) = spec.description() {
        head.push_str(&format!("# {}\n", layout::comment(description)));
    }
    head.push_str(
        "#\n# Compiled by Tinderbox from the job's document: change that one, not this file.\n\n",
    );
    let code = layout::without_texts(body);
    let mut modules: Vec<&str> = Vec::new();
    if quality::is_used(spec) {
        modules.extend(quality::MODULES);
    } else if code.contains("os.environ[") {
        modules.push("os");
    }
    if http::is_used(spec) {
        modules.extend(http::MODULES);
    }
    modules.sort_unstable();
    modules.dedup();
    modules.iter().for_each(|module| head.push_str(&format!("import {module}\n")));
    if http::is_used(spec) {
        head.push_str("from collections.abc import Iterator\n");
    }
    if !modules.is_empty() {
        head.push('\n');
    }
    if code.contains("StorageLevel.") {
        head.push_str("from pyspark import StorageLevel\n");
    }
    if code.contains("StreamingQueryException") {
        head.push_str("from pyspark.errors import StreamingQueryException\n");
    }
    head.push_str(&ml::imports(spec));
    let window = if layout::has_window(&code) { ", Window" } else { "" };
    let observation = if quality::is_used(spec) { "Observation, " } else { "" };
    let column = if quality::program(spec).contains(": Column") { "Column, " } else { "" };
    head.push_str(&format!(
        "from pyspark.sql import {column}DataFrame, {observation}SparkSession{window}\n"
    ));
    if quality::is_used(spec) || code.contains("F.") || code.contains("flatten_structs(") {
        head.push_str("from pyspark.sql import functions as F\n");
    }
    let avro: Vec<&str> = ["from_avro", "to_avro"]
        .into_iter()
        .filter(|name| code.contains(&format!("{name}(")))
        .collect();
    if !avro.is_empty() {
        head.push_str(&format!("from pyspark.sql.avro.functions import {}\n", avro.join(", ")));
    }
    if code.contains("StreamingQuery") {
        head.push_str("from pyspark.sql.streaming import StreamingQuery\n");
    }
    if code.contains("flatten_structs(") {
        head.push_str("from pyspark.sql.types import ArrayType, DataType, StructType\n");
    }
    head.push_str("\n\n");
    if code.contains("flatten_structs(") {
        head.push_str(&format!("{}\n\n", cleansing::FLATTEN));
    }
    if http::is_used(spec) {
        head.push_str(http::PROGRAM);
        head.push_str("\n\n");
    }
    let metrics = ml::program(spec);
    if !metrics.is_empty() {
        head.push_str(&format!("{metrics}\n\n"));
    }
    if quality::is_used(spec) {
        head.push_str(&quality::program(spec));
        head.push_str("\n\n");
    }
    head
}
