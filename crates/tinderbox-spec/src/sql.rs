//! The emitter of Spark SQL: a script with a temporary view for each node and a statement for each sink.
//!
//! What SQL cannot say in the same way is refused by name; nothing is left out and nothing is approximated.

mod columns;
mod grouping;
mod layout;
mod missing;
mod relation;
mod sink;
mod source;
mod text;

use crate::diagnostic::{Diagnostic, Severity};
use crate::operation::Operation;
use crate::parameters::has_secret;
use crate::pyspark::{Compiled, NodeLines, table_names};
use crate::spec::{JobType, Node, Place, Spec};
use columns::Known;
use layout::comment;
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::NodeId;

/// Compiles a batch job to a script for `spark-sql -f`, for Spark 3.5 and later. The same spec gives the same bytes.
///
/// # Errors
/// A diagnostic for every part of the job that Spark SQL cannot say.
pub fn compile_sql(spec: &Spec) -> Result<Compiled, Vec<Diagnostic>> {
    let mut errors = refused_as_a_whole(spec);
    let (settings, launch_conf) = properties(spec);
    let mut body = String::new();
    let mut node_lines = Vec::new();
    let mut script = Script::of(spec);
    for node in spec.nodes() {
        match script.statement(node) {
            Ok(statement) => {
                let first_line = body.lines().count() + 1;
                body.push_str(&statement);
                let last_line = body.lines().count();
                node_lines.push(NodeLines { node: node.id.clone(), first_line, last_line });
                body.push('\n');
            }
            Err(refusal) => errors.push(refusal.diagnostic(spec, &node.place)),
        }
    }
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.span.start);
        return Err(errors);
    }
    let head = head(spec, &settings);
    let offset = head.lines().count();
    for lines in &mut node_lines {
        lines.first_line += offset;
        lines.last_line += offset;
    }
    let body = body.trim_end();
    Ok(Compiled {
        source: format!("{head}{body}\n"),
        node_lines,
        launch_conf,
        secrets: BTreeSet::new(),
        warnings: crate::packages::notes(spec),
    })
}

/// Why a node has no statement.
#[derive(Debug)]
struct Refusal {
    code: &'static str,
    message: String,
    hint: String,
}

type Statement = Result<String, Refusal>;

/// The nodes with their names and what is known of their columns, as far as they are written.
struct Script<'s> {
    spec: &'s Spec,
    names: BTreeMap<NodeId, String>,
    columns: BTreeMap<NodeId, Known>,
}

impl<'s> Script<'s> {
    fn of(spec: &'s Spec) -> Self {
        Self { spec, names: table_names(spec), columns: BTreeMap::new() }
    }

    /// The node's statements with its description, each with a line feed at the end.
    fn statement(&mut self, node: &Node) -> Statement {
        let inputs: Vec<&Known> =
            node.inputs.iter().filter_map(|input| self.columns.get(input)).collect();
        let known = columns::made(&node.operation, &inputs);
        let result = self.written(node);
        self.columns.insert(node.id.clone(), known);
        let statement = result?;
        let note = node.description.as_deref().map(comment).unwrap_or_default();
        if !node.expectations.is_empty() {
            return Err(Refusal::node(
                "expectations are checked and recorded by the PySpark program",
                "leave `expectations` out, or compile with `--to pyspark`",
            ));
        }
        if statement.contains("{secret:") {
            return Err(Refusal {
                code: "sql::secret",
                message: format!("`{}` refers to a secret, which SQL cannot look up", node.id),
                hint: "compile with `--to pyspark`, which reads it from the environment".to_owned(),
            });
        }
        Ok(format!("{note}{statement}"))
    }

    fn written(&self, node: &Node) -> Statement {
        let name = self.name(&node.id);
        match &node.operation {
            Operation::Read(read) => source::view(read, name, |wanted| self.free(wanted)),
            Operation::Write(write) => sink::statements(write, self.input(node), name),
            operation => relation::view_of(self, node, operation),
        }
    }

    /// A node's name as a table.
    fn name(&self, node: &NodeId) -> &str {
        self.names.get(node).map_or("", String::as_str)
    }

    fn input(&self, node: &Node) -> &str {
        node.inputs.first().map(|input| self.name(input)).unwrap_or_default()
    }

    /// What is known of the columns of a node's inputs.
    fn inputs(&self, node: &Node) -> Vec<(&NodeId, &Known)> {
        node.inputs.iter().filter_map(|input| self.columns.get_key_value(input)).collect()
    }

    /// A name that no node has.
    fn free(&self, wanted: String) -> String {
        let is_taken =
            |name: &String| self.names.values().any(|known| known.eq_ignore_ascii_case(name));
        let numbered = (2..).map(|n| format!("{wanted}_{n}"));
        std::iter::once(wanted.clone())
            .chain(numbered)
            .find(|name| !is_taken(name))
            .unwrap_or(wanted)
    }

    /// How many nodes read this one.
    fn readers(&self, node: &NodeId) -> usize {
        self.spec.nodes().iter().filter(|other| other.inputs.contains(node)).count()
    }
}

impl Refusal {
    /// Of a node that SQL has no words for.
    fn node(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: "sql::not-expressible", message: message.into(), hint: hint.into() }
    }

    /// Of a node that must name columns which the document does not tell.
    fn columns(node: &Node, input: &NodeId, what: &str) -> Self {
        Self {
            code: "sql::columns",
            message: format!(
                "`{}` {what}: SQL must name all columns of `{input}`, and the document does not tell them",
                node.id
            ),
            hint: format!(
                "give the sources behind `{input}` a `schema`, or put a `select` of the columns before"
            ),
        }
    }

    fn diagnostic(self, spec: &Spec, place: &Place) -> Diagnostic {
        let mut diagnostic =
            place.diagnostic(Severity::Error, self.code, spec.file(), self.message);
        diagnostic.hint = Some(self.hint);
        diagnostic
    }
}

fn refused_as_a_whole(spec: &Spec) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    if let Some(application) = spec.application() {
        let refusal = Refusal::node("an application is no SQL", "submit its file itself");
        return vec![refusal.diagnostic(spec, &application.place)];
    }
    if spec.job_type() == JobType::Streaming {
        let refusal = Refusal {
            code: "sql::streaming",
            message: "a script of Spark SQL cannot run streams".to_owned(),
            hint: "compile with `--to pyspark` or `--to pipelines`".to_owned(),
        };
        errors.push(refusal.diagnostic(spec, &spec.type_place));
    }
    if !spec.functions().is_empty() {
        let refusal = Refusal::node(
            "functions in Python cannot be registered by SQL",
            "compile with `--to pyspark`, or write them as SQL expressions",
        );
        let place = spec.sections.get("udfs").cloned().unwrap_or_default();
        errors.push(refusal.diagnostic(spec, &place));
    }
    let section = spec.sections.get("configuration").cloned().unwrap_or_default();
    for (key, _) in spec.conf().iter().filter(|(_, value)| has_secret(value)) {
        let refusal = Refusal {
            code: "sql::secret",
            message: format!("`{key}` refers to a secret, which SQL cannot look up"),
            hint: "compile with `--to pyspark`, or set it where Spark is started".to_owned(),
        };
        errors.push(refusal.diagnostic(spec, &section));
    }
    errors
}

/// Properties of SQL that only a new session takes.
/// Source: `org.apache.spark.sql.internal.StaticSQLConf`.
const STATIC: &[&str] = &[
    "spark.sql.broadcastExchange.maxThreadThreshold",
    "spark.sql.cache.serializer",
    "spark.sql.catalogImplementation",
    "spark.sql.codegen.cache.maxEntries",
    "spark.sql.codegen.comments",
    "spark.sql.debug",
    "spark.sql.defaultUrlStreamHandlerFactory.enabled",
    "spark.sql.event.truncate.length",
    "spark.sql.extensions",
    "spark.sql.filesourceTableRelationCacheSize",
    "spark.sql.globalTempDatabase",
    "spark.sql.hive.",
    "spark.sql.legacy.sessionInitWithConfigDefaults",
    "spark.sql.metadataCacheTTLSeconds",
    "spark.sql.queryExecutionListeners",
    "spark.sql.sources.schemaStringLengthThreshold",
    "spark.sql.streaming.streamingQueryListeners",
    "spark.sql.streaming.ui.",
    "spark.sql.subquery.maxThreadThreshold",
    "spark.sql.ui.retainedExecutions",
    "spark.sql.warehouse.dir",
];

/// Those that the script sets, and those that belong to `spark-sql --conf`: `SET` takes no properties but SQL's own
/// (`spark.sql.legacy.setCommandRejectsSparkCoreConfs`).
fn properties(spec: &Spec) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (in_program, mut at_launch) = crate::pyspark::properties(spec);
    let is_set = |key: &str| {
        key.starts_with("spark.sql.") && !STATIC.iter().any(|known| key.starts_with(known))
    };
    let (settings, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
        in_program.into_iter().partition(|(key, _)| is_set(key));
    at_launch.extend(others);
    (settings, at_launch)
}

/// Everything before the first node.
fn head(spec: &Spec, settings: &BTreeMap<String, String>) -> String {
    let mut head = comment(spec.name());
    head.push_str(&spec.description().map(comment).unwrap_or_default());
    head.push_str(
        "--\n-- Compiled by Tinderbox from the job's document: change that one, not this file.\n\n",
    );
    for (key, value) in settings {
        head.push_str(&format!("SET {key}={};\n", text::setting(value)));
    }
    if !settings.is_empty() {
        head.push('\n');
    }
    head
}
