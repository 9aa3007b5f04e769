//! A spec's nodes as relations of Spark Connect: the second emitter beside PySpark, with the same calls.
//!
//! Pure: what a node needs to know of its input (names and types of columns) is an argument.

mod aggregate;
mod cleansing;
mod expression;
mod join;
mod operands;
mod quality;
mod read;
mod refusal;
mod rows;
mod shown;
mod statement;
mod texts;
mod verified;
mod write;

pub(crate) use quality::wrong_rows;
pub(crate) use read::with_moments;
pub use refusal::{Reason, Refusal};
pub(crate) use rows::Rows;
pub(crate) use shown::shown;
pub(crate) use write::{files_command, for_sail, parquet_rows, quarantined, write_command};

use crate::schema::Schema;
use aggregate::extreme;
use expression::{
    alias, aliases, call, cast, column, literal, ordered, over, sort_order, sql, whole,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tinderbox_model::NodeId;
use tinderbox_spec::{Explode, Node, NullRule, Operation, Spec, Unpivot};

/// Who computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Sail: local files only, and some functions differ.
    Sail,
    /// A Spark Connect server.
    Spark,
}

/// What all nodes of a spec have in common.
#[derive(Debug)]
pub(crate) struct Emitter<'s> {
    pub(crate) engine: Engine,
    is_ansi: bool,
    /// Where relative paths start: the document's folder, absolute.
    folder: &'s Path,
    /// The names of nodes as tables in SQL.
    tables: BTreeMap<NodeId, String>,
    /// Rows of each source that are read at most.
    pub(crate) source_rows: Option<u32>,
}

/// An input of a node.
#[derive(Debug, Clone)]
pub(crate) struct Input<'a> {
    pub(crate) rows: Rows,
    /// Known for nodes that [`Emitter::needs_schema`].
    pub(crate) schema: Option<&'a Schema>,
}

/// What of a node and of those before it Sail computes although Spark fails at some values in the ANSI mode that the
/// document's has, by name: integers that overflow, divisions by zero, texts that are no numbers. The values are those of
/// Spark without ANSI.
pub fn lenient_on_sail(spec: &Spec, node: &NodeId) -> Vec<String> {
    if !is_ansi(spec) {
        return Vec::new();
    }
    let names = tinderbox_spec::ancestors(spec, node).into_iter().flat_map(verified::lenient);
    let names: BTreeSet<String> = names.collect();
    names.into_iter().collect()
}

/// Whether the document's Spark computes in ANSI mode, as 4.0 does by default and 3.5 does not.
fn is_ansi(spec: &Spec) -> bool {
    match spec.conf().get("spark.sql.ansi.enabled") {
        Some(value) => value.eq_ignore_ascii_case("true"),
        None => spec.cluster().version.as_ref().is_none_or(|version| version.major >= 4),
    }
}

impl<'s> Emitter<'s> {
    pub(crate) fn new(spec: &'s Spec, folder: &'s Path, engine: Engine) -> Self {
        let tables = tinderbox_spec::table_names(spec);
        Self { engine, is_ansi: is_ansi(spec), folder, tables, source_rows: None }
    }

    /// Whether the relation of a node, or whether it is refused, depends on the columns of its inputs.
    pub(crate) fn needs_schema(&self, node: &Node) -> bool {
        match &node.operation {
            Operation::Flatten(_) => true,
            Operation::Clean(clean) => clean.columns.is_empty(),
            Operation::Aggregate(aggregate)
                if self.engine == Engine::Sail
                    && aggregate
                        .outputs
                        .iter()
                        .any(|output| extreme(aggregate, output).is_some()) =>
            {
                true
            }
            _ => self.engine == Engine::Sail && verified::needs_schema(node),
        }
    }

    /// The rows of a node, without those that its expectations leave out; of a sink, what it is going to write.
    pub(crate) fn rows(&self, node: &Node, inputs: Vec<Input<'_>>) -> Result<Rows, Refusal> {
        Ok(quality::without_wrong_rows(node, self.all_rows(node, inputs)?))
    }

    /// The same with the rows that expectations leave out.
    pub(crate) fn all_rows(&self, node: &Node, inputs: Vec<Input<'_>>) -> Result<Rows, Refusal> {
        let refused = |reason| Refusal { node: node.id.clone(), reason };
        if self.engine == Engine::Sail {
            let schemas: Vec<&Schema> = inputs.iter().filter_map(|input| input.schema).collect();
            verified::check(node, &schemas, self.is_ansi).map_err(refused)?;
        }
        self.operation(node, inputs).map_err(refused)
    }

    fn operation(&self, node: &Node, inputs: Vec<Input<'_>>) -> Result<Rows, Reason> {
        let schema = inputs.first().and_then(|input| input.schema);
        let mut inputs = inputs.into_iter().map(|input| input.rows);
        match &node.operation {
            Operation::Read(read) => return self.read(read),
            Operation::ReadHttp(_) => return Err(Reason::Http),
            Operation::Sql { query } => return self.statement(node, query, inputs.collect()),
            _ => {}
        }
        let Some(input) = inputs.next() else { return Err(Reason::NoInput) };
        Ok(match &node.operation {
            Operation::Filter { condition } => input.filter(sql(condition)),
            Operation::Select { columns } => {
                let selected = columns.iter().map(|selected| match &selected.name {
                    Some(name) => alias(sql(&selected.expression), name),
                    None => column(&selected.expression),
                });
                input.project(selected.collect())
            }
            Operation::Map { columns } => input.with_columns(
                columns.iter().map(|(name, value)| (name.clone(), sql(value))).collect(),
            ),
            Operation::Join(join) => self.join(node, join, input, inputs.next()),
            Operation::Aggregate(aggregate) => {
                aggregate::aggregated(aggregate, input, self.engine, schema)
            }
            Operation::Deduplicate { columns, .. } => input.deduplicate(columns),
            // Rows that are all there already are never late.
            Operation::Watermark { .. } => input,
            Operation::TimeWindow(window) => {
                let value = aggregate::time_window(window);
                input.with_columns(vec![(window.name.clone(), value)])
            }
            Operation::CountWindow(window) => {
                input.with_columns(vec![(window.name.clone(), sql(&window.sql()))])
            }
            Operation::Window(window) => {
                let columns = window.functions.iter().map(|(name, function)| {
                    let value = over(sql(function), &window.partition_by, &window.order_by);
                    (name.clone(), value)
                });
                input.with_columns(columns.collect())
            }
            Operation::Rename { columns } => input.renamed(columns),
            Operation::Cast { columns, is_tolerant } => {
                let columns = columns.iter().map(|(name, to)| {
                    let value = if *is_tolerant {
                        sql(&format!("try_cast(`{}` AS {to})", name.replace('`', "``")))
                    } else {
                        cast(whole(name), to)
                    };
                    (name.clone(), value)
                });
                input.with_columns(columns.collect())
            }
            Operation::Drop { columns } => input.drop(columns),
            Operation::Set(operation) => {
                inputs.fold(input, |rows, other| rows.set(other, *operation))
            }
            Operation::Sort { by, is_within_partitions } => {
                let order = by.iter().map(|key| sort_order(key)).collect();
                input.sort(order, !is_within_partitions)
            }
            Operation::Limit { rows, offset: 0 } => input.limit(*rows),
            Operation::Limit { rows, offset } => input.offset(*offset).limit(*rows),
            Operation::Sample { share, with_replacement, seed } => {
                let share = share.parse().unwrap_or(1.0);
                input.sample(share, *with_replacement, seed.unwrap_or(0))
            }
            Operation::Explode(explode)
                if self.engine == Engine::Sail && explode.names.len() == 2 =>
            {
                entries(explode, input)
            }
            Operation::Explode(explode) => exploded(explode, input),
            Operation::FillNulls { values } => {
                let names = values.iter().map(|(name, _)| name.clone()).collect();
                let values = values.iter().map(|(_, value)| filling(value)).collect();
                input.fill_nulls(names, values)
            }
            Operation::DropNulls { columns, rule } => {
                let at_least = match rule {
                    NullRule::Any => None,
                    NullRule::All => Some(1),
                    NullRule::Fewer(least) => Some(*least),
                };
                input.drop_nulls(columns, at_least)
            }
            Operation::Repartition { partitions: Some(count), by, .. } if by.is_empty() => {
                input.repartition(*count, true)
            }
            Operation::Repartition { partitions, by, is_by_range } => {
                let key = |key: &String| if *is_by_range { ordered(key) } else { column(key) };
                input.repartition_by(by.iter().map(key).collect(), *partitions)
            }
            Operation::Coalesce { partitions } => input.repartition(*partitions, false),
            // They change how often rows are computed, not the rows.
            Operation::Cache { .. } | Operation::Checkpoint { .. } => input,
            Operation::Unpivot(unpivot) => unpivoted(unpivot, input),
            Operation::Clean(clean) => cleansing::clean(clean, schema, input),
            Operation::Flatten(flatten) => cleansing::flatten(flatten, schema, input)?,
            Operation::ParseJson(parse) => cleansing::parse_json(parse, input),
            Operation::Udf(_) => return Err(Reason::Python),
            Operation::Features { .. }
            | Operation::Train(_)
            | Operation::Evaluate(_)
            | Operation::Predict { .. } => return Err(Reason::MachineLearning),
            Operation::Write(write) => read::encoded(write, input),
            Operation::Read(_) | Operation::ReadHttp(_) | Operation::Sql { .. } => input,
        })
    }

    /// Where relative paths start.
    pub(crate) fn folder(&self) -> &Path {
        self.folder
    }

    pub(crate) fn table_of<'a>(&'a self, node: &'a NodeId) -> &'a str {
        self.tables.get(node).map_or(node.as_str(), String::as_str)
    }
}

/// The entries of a map, which Sail 0.7.2 explodes only as structs: at the map itself it ends the connection.
fn entries(explode: &Explode, input: Rows) -> Rows {
    const ENTRY: &str = "tinderbox_entry";
    let position = if explode.position.is_some() { "pos" } else { "" };
    let outer = if explode.is_outer { "_outer" } else { "" };
    let entries = call("map_entries", vec![column(&explode.column)]);
    let value = call(&format!("{position}explode{outer}"), vec![entries]);
    let names = explode.position.iter().cloned().chain([ENTRY.to_owned()]).collect();
    let rows = input.project(vec![column("*"), aliases(value, names)]);
    let parts = ["key", "value"].iter().zip(&explode.names);
    let parts = parts
        .map(|(part, name)| alias(expression::field(expression::attribute(ENTRY), part), name));
    rows.project(std::iter::once(column("*")).chain(parts).collect()).drop(&[ENTRY.to_owned()])
}

fn exploded(explode: &Explode, input: Rows) -> Rows {
    let position = if explode.position.is_some() { "pos" } else { "" };
    let outer = if explode.is_outer { "_outer" } else { "" };
    let value = call(&format!("{position}explode{outer}"), vec![column(&explode.column)]);
    if explode.names.is_empty() {
        return input.with_columns(vec![(explode.column.clone(), value)]);
    }
    let names = explode.position.iter().chain(&explode.names).cloned().collect();
    input.project(vec![column("*"), aliases(value, names)])
}

/// Spark takes no integers here but long ones (`SparkConnectPlanner.transformNAFill`).
fn filling(value: &tinderbox_spec::Literal) -> spark_connect_proto::expression::Literal {
    use spark_connect_proto::expression::literal::LiteralType;
    let mut value = literal(value);
    if let Some(LiteralType::Integer(int)) = value.literal_type {
        value.literal_type = Some(LiteralType::Long(int.into()));
    }
    value
}

fn unpivoted(unpivot: &Unpivot, input: Rows) -> Rows {
    let columns = |names: &[String]| names.iter().map(|name| expression::attribute(name)).collect();
    let values = (!unpivot.values.is_empty()).then(|| columns(&unpivot.values));
    input.unpivot(columns(&unpivot.ids), values, (&unpivot.name_column, &unpivot.value_column))
}
