//! One function for each node.

use super::cleansing;
use super::http;
use super::layout::{Chain, comment, fits};
use super::literal::{long_text, text};
use super::ml;
use super::quality;
use super::sources;
use super::streaming::stream_written;
use super::transforms::{pivoted, transformed};
use crate::component::NodeKind;
use crate::operation::build::is_expression;
use crate::operation::{
    Aggregate, AggregateOutput, Aggregation, Column, Data, Grouping, Join, JoinKeys, JoinRight,
    Model, Operation, Read, Side, SortKey, WindowColumns, Write,
};
use crate::spec::{Node, Spec};
use crate::stream::Flow;
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::NodeId;

/// Names that the program uses itself, and Python's keywords.
/// Source of the keywords: `keyword.kwlist` of Python 3.13.
const RESERVED: &[&str] = &[
    "Column",
    "DataFrame",
    "ExpectationFailed",
    "Expectations",
    "F",
    "HttpPages",
    "Iterator",
    "Observation",
    "SameHostOnly",
    "SparkSession",
    "StorageLevel",
    "StreamingQuery",
    "StreamingQueryException",
    "Window",
    "call",
    "checks",
    "cleaned",
    "evaluators",
    "flatten_structs",
    "from_avro",
    "function",
    "http",
    "json",
    "held_out",
    "main",
    "metric_rows",
    "model",
    "name",
    "os",
    "pipeline",
    "queries",
    "re",
    "record_expectation",
    "spark",
    "threading",
    "time",
    "to_avro",
    "urllib",
    "training",
    "value",
    "wait_for_all",
    "write_batch",
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
];

/// The names of a program: each node's function, which is also what other functions call its data frame, and its name as a
/// table in SQL.
pub(super) struct Names {
    variables: BTreeMap<NodeId, String>,
    /// Its data frame in `main`, where its own name is that of the function.
    frames: BTreeMap<NodeId, String>,
    windows: BTreeMap<NodeId, String>,
    /// The functions that check the rows of nodes with expectations.
    checks: BTreeMap<NodeId, String>,
    /// The models of nodes that train them.
    models: BTreeMap<NodeId, String>,
}

impl Names {
    pub(super) fn of(spec: &Spec) -> Self {
        let mut taken: BTreeSet<String> = RESERVED.iter().map(|&word| word.to_owned()).collect();
        let mut take = |wanted: String| {
            let free = std::iter::once(wanted.clone())
                .chain((2..).map(|n| format!("{wanted}_{n}")))
                .find(|name| !taken.contains(name))
                .unwrap_or(wanted);
            taken.insert(free.clone());
            free
        };
        let variables: BTreeMap<_, _> = spec
            .nodes()
            .iter()
            .map(|node| (node.id.clone(), take(node.id.as_str().replace('-', "_"))))
            .collect();
        let frames = variables
            .iter()
            .map(|(id, variable)| (id.clone(), take(format!("{variable}_df"))))
            .collect();
        let windows = spec
            .nodes()
            .iter()
            .filter(|node| matches!(node.operation, Operation::Window(_)))
            .map(|node| {
                (node.id.clone(), take(format!("{}_window", node.id.as_str().replace('-', "_"))))
            })
            .collect();
        let checks = spec
            .nodes()
            .iter()
            .filter(|node| !node.expectations.is_empty())
            .map(|node| {
                (node.id.clone(), take(format!("check_{}", node.id.as_str().replace('-', "_"))))
            })
            .collect();
        let models = spec
            .nodes()
            .iter()
            .filter(|node| matches!(node.operation, Operation::Train(_)))
            .map(|node| {
                (node.id.clone(), take(format!("{}_model", node.id.as_str().replace('-', "_"))))
            })
            .collect();
        Self { variables, frames, windows, checks, models }
    }

    /// The names as tables in SQL.
    pub(super) fn into_tables(self) -> BTreeMap<NodeId, String> {
        self.variables
    }

    /// The node's function, with a line feed at the end.
    pub(super) fn function(&self, node: &Node, flow: &Flow<'_>) -> String {
        let spark = needs_session(&node.operation).then(|| "spark: SparkSession".to_owned());
        let inputs = node.inputs.iter().map(|input| format!("{}: DataFrame", self.variable(input)));
        let model = self.model(&node.operation).map(|model| format!("{model}: PipelineModel"));
        let parameters: Vec<String> =
            spark.into_iter().chain(unique(inputs)).chain(model).collect();
        let result = match (&node.operation, node.kind()) {
            (Operation::Train(_), _) => "tuple[PipelineModel, DataFrame]",
            (_, NodeKind::Sink) if flow.is_stream(&node.id) => "StreamingQuery",
            (_, NodeKind::Sink) => "None",
            _ => "DataFrame",
        };
        let name = self.variable(&node.id);
        let one_line = format!("def {name}({}) -> {result}:", parameters.join(", "));
        let head = if fits(&one_line, 0) {
            one_line
        } else {
            let lines: String = parameters.iter().map(|p| format!("    {p},\n")).collect();
            format!("def {name}(\n{lines}) -> {result}:")
        };
        let note = node
            .description
            .as_deref()
            .map(|text| format!("    # {}\n", comment(text)))
            .unwrap_or_default();
        let function = format!("{head}\n{note}{}", self.body(node, flow));
        match self.checks.get(&node.id) {
            Some(check) => format!("{function}\n\n{}", self.check(node, check)),
            None => function,
        }
    }

    /// The function that checks the rows of a node; of a sink, those of its input.
    fn check(&self, node: &Node, name: &str) -> String {
        let checked = match node.kind() {
            NodeKind::Sink => node.inputs.first().unwrap_or(&node.id),
            _ => &node.id,
        };
        quality::function(name, self.variable(checked), node, |id| self.variable(id).to_owned())
    }

    /// The lines of `main` that call the function and check what it gives.
    pub(super) fn call(&self, node: &Node) -> String {
        let frame = |id: &NodeId| self.frames.get(id).cloned().unwrap_or_default();
        let check = |rows: String| {
            let name = self.checks.get(&node.id)?;
            let others = quality::others(node).into_iter().map(frame);
            Some((name, [rows].into_iter().chain(others).collect::<Vec<_>>()))
        };
        if node.kind() == NodeKind::Sink
            && let Some((name, arguments)) = node.inputs.first().and_then(|id| check(frame(id)))
        {
            let checked = Chain::new("", "").first_call(name, arguments).to_lines();
            let call = Chain::new("", "").indented();
            return call
                .first_call(self.variable(&node.id), [checked.trim_end().to_owned()])
                .to_lines();
        }
        let spark = needs_session(&node.operation).then(|| "spark".to_owned());
        let inputs = unique(node.inputs.iter().map(frame));
        let model = self.model(&node.operation).map(str::to_owned);
        let arguments = spark.into_iter().chain(inputs).chain(model);
        let assignment = match node.kind() {
            NodeKind::Sink => String::new(),
            _ => match self.models.get(&node.id) {
                Some(model) => format!("{model}, {} = ", frame(&node.id)),
                None => format!("{} = ", frame(&node.id)),
            },
        };
        let call = Chain::new(assignment, "").indented();
        let call = call.first_call(self.variable(&node.id), arguments).to_lines();
        let Some((name, arguments)) = check(frame(&node.id)) else { return call };
        let checked = Chain::new(format!("{} = ", frame(&node.id)), "").indented();
        format!("{call}{}", checked.first_call(name, arguments).to_lines())
    }

    pub(super) fn body(&self, node: &Node, flow: &Flow<'_>) -> String {
        let input = node.inputs.first().map(|input| self.variable(input)).unwrap_or_default();
        let chain = Chain::new("return ", input).indented();
        match &node.operation {
            Operation::Read(read) => sources::read(read, flow.is_stream(&node.id), chain),
            Operation::ReadHttp(read) => http::read(read),
            Operation::Filter { condition } => {
                chain.call("filter", [long_text(condition)]).to_lines()
            }
            Operation::Select { columns } => {
                chain.call("select", columns.iter().map(select_column)).to_lines()
            }
            Operation::Map { columns } => {
                let entries = columns
                    .iter()
                    .map(|(name, expression)| format!("{}: {}", text(name), expr(expression)));
                chain.call_with_dictionary("withColumns", entries).to_lines()
            }
            Operation::Join(join) => self.join(node, join),
            Operation::Aggregate(aggregate) => aggregate_chain(aggregate, chain).to_lines(),
            Operation::Sql { query } => self.sql(node, query),
            Operation::Deduplicate { columns, within_watermark } => {
                let name = if *within_watermark {
                    "dropDuplicatesWithinWatermark"
                } else {
                    "dropDuplicates"
                };
                let columns = (!columns.is_empty()).then(|| list(columns));
                chain.call(name, columns).to_lines()
            }
            Operation::Window(window) => self.window(node, window, chain),
            Operation::Clean(clean) => cleansing::clean(clean, input),
            Operation::Flatten(flatten) => cleansing::flatten(flatten, input),
            Operation::ParseJson(parse) => cleansing::parse_json(parse, chain).to_lines(),
            Operation::Udf(udf) => cleansing::udf(udf, chain),
            Operation::Features { steps } => ml::features(steps, input),
            Operation::Train(train) => ml::train(train, input),
            Operation::Evaluate(evaluate) => ml::evaluate(evaluate, input),
            Operation::Predict { model } => {
                ml::predict(model, self.model(&node.operation).unwrap_or_default(), input)
            }
            Operation::Write(write) if flow.is_stream(&node.id) => {
                stream_written(flow.spec, node, write, input)
            }
            Operation::Write(write) => written(write, input),
            other => {
                let inputs: Vec<&str> =
                    node.inputs.iter().skip(1).map(|input| self.variable(input)).collect();
                // The compiler refuses what cannot be written before it comes here.
                transformed(other, &inputs, chain)
                    .map_or_else(String::new, |chain| chain.to_lines())
            }
        }
    }

    /// The variable of the model that a node predicts with.
    fn model(&self, operation: &Operation) -> Option<&str> {
        match operation {
            Operation::Predict { model: Model::Trained(train) } => {
                self.models.get(train).map(String::as_str)
            }
            _ => None,
        }
    }

    pub(super) fn variable<'a>(&'a self, node: &'a NodeId) -> &'a str {
        self.variables.get(node).map_or(node.as_str(), String::as_str)
    }

    fn join(&self, node: &Node, join: &Join) -> String {
        let left_name = node.inputs.first().map(|input| self.variable(input)).unwrap_or_default();
        let (mut right, right_name) = match &join.right {
            JoinRight::CatalogTable(table) => {
                let name = table.rsplit('.').next().unwrap_or(table);
                (format!("spark.table({})", text(table)), name.to_owned())
            }
            JoinRight::Input => {
                let name = node.inputs.get(1).map(|input| self.variable(input)).unwrap_or_default();
                (name.to_owned(), name.to_owned())
            }
        };
        let mut left = left_name.to_owned();
        if matches!(join.on, JoinKeys::Conditions(_)) {
            left.push_str(&format!(".alias({})", text(left_name)));
            right.push_str(&format!(".alias({})", text(&right_name)));
        }
        match join.broadcast {
            Some(Side::Left) => left = format!("F.broadcast({left})"),
            Some(Side::Right) => right = format!("F.broadcast({right})"),
            None => {}
        }
        let chain = Chain::new("return ", left).indented();
        let how = format!("how={}", text(join.how));
        let on = match &join.on {
            JoinKeys::None => return chain.call("crossJoin", [right]).to_lines(),
            JoinKeys::Columns(columns) => match columns.as_slice() {
                [column] => text(column),
                columns => list(columns),
            },
            JoinKeys::Conditions(conditions) => {
                let conditions: Vec<String> =
                    conditions.iter().map(|condition| expr(condition)).collect();
                match conditions.as_slice() {
                    [condition] => condition.clone(),
                    conditions => format!("[{}]", conditions.join(", ")),
                }
            }
        };
        chain.call("join", [right, format!("on={on}"), how]).to_lines()
    }

    fn sql(&self, node: &Node, query: &str) -> String {
        let mut lines = String::new();
        for name in unique(node.inputs.iter().map(|input| self.variable(input).to_owned())) {
            lines.push_str(&format!("    {name}.createOrReplaceTempView({})\n", text(&name)));
        }
        lines.push_str(&self.query(node, query));
        lines
    }

    /// The statement that returns a query's rows.
    pub(super) fn query(&self, node: &Node, query: &str) -> String {
        let mut query = query.to_owned();
        for input in &node.inputs {
            query = query.replace(&format!("{{{input}}}"), self.variable(input));
        }
        if let Some(first) = node.inputs.first() {
            query = query.replace("{input}", self.variable(first));
        }
        let chain = Chain::new("return ", "spark").indented();
        chain.call("sql", [long_text(&query)]).to_lines()
    }

    fn window(&self, node: &Node, window: &WindowColumns, chain: Chain) -> String {
        let name = self.windows.get(&node.id).map_or("window", String::as_str);
        let mut definition = Chain::new(format!("{name} = "), "Window").indented();
        if !window.partition_by.is_empty() {
            definition =
                definition.call("partitionBy", window.partition_by.iter().map(|key| column(key)));
        }
        if !window.order_by.is_empty() {
            definition =
                definition.call("orderBy", window.order_by.iter().map(|key| sort_key(key)));
        }
        let entries = window
            .functions
            .iter()
            .map(|(column, function)| format!("{}: {}.over({name})", text(column), expr(function)));
        format!(
            "{}{}",
            definition.to_lines(),
            chain.call_with_dictionary("withColumns", entries).to_lines()
        )
    }
}

/// Whether a node starts at the session.
fn needs_session(operation: &Operation) -> bool {
    match operation {
        Operation::Read(_) | Operation::ReadHttp(_) | Operation::Sql { .. } => true,
        Operation::Join(join) => matches!(join.right, JoinRight::CatalogTable(_)),
        _ => false,
    }
}

/// Each only where it comes first: a node may read another twice.
fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}

/// `format`, options, schema and `load` of a reader, which a stream has too.
pub(super) fn read_with(read: &Read, chain: Chain) -> Chain {
    let format = match &read.data {
        Data::Table(_) => None,
        Data::Files { format, .. } | Data::Connector { format } => Some(text(format)),
    };
    let mut chain = match format {
        Some(format) => chain.call("format", [format]),
        None => chain,
    };
    for (key, value) in &read.options {
        chain = chain.call("option", [text(key), text(value)]);
    }
    if let Some(schema) = &read.schema {
        chain = chain.call("schema", [text(schema)]);
    }
    match &read.data {
        Data::Table(table) => chain.call("table", [text(table)]),
        Data::Files { path, .. } => chain.call("load", [text(path)]),
        Data::Connector { .. } => chain.call("load", []),
    }
}

/// The body of a sink's function.
fn written(write: &Write, input: &str) -> String {
    match &write.encode {
        Some(encode) => {
            let (statement, messages) = sources::encoded(encode, input);
            format!("{statement}{}", write_chain(write, messages).to_lines())
        }
        None => write_chain(write, input).to_lines(),
    }
}

pub(super) fn write_chain(write: &Write, input: &str) -> Chain {
    let mut chain = Chain::new("", format!("{input}.write")).indented();
    let format = match &write.data {
        Data::Files { format, .. } | Data::Connector { format } => Some(*format),
        Data::Table(_) => write.table_format,
    };
    if let Some(format) = format {
        chain = chain.call("format", [text(format)]);
    }
    if let Some(mode) = write.mode {
        chain = chain.call("mode", [text(mode)]);
    }
    if !write.partition_by.is_empty() {
        chain = chain.call("partitionBy", write.partition_by.iter().map(|column| text(column)));
    }
    if let Some(buckets) = &write.buckets {
        let by = buckets.by.iter().map(|column| text(column));
        chain = chain.call("bucketBy", std::iter::once(buckets.count.to_string()).chain(by));
        if !buckets.sort_by.is_empty() {
            chain = chain.call("sortBy", buckets.sort_by.iter().map(|column| text(column)));
        }
    }
    for (key, value) in &write.options {
        chain = chain.call("option", [text(key), text(value)]);
    }
    match &write.data {
        Data::Files { path, .. } => chain.call("save", [text(path)]),
        Data::Table(table) => chain.call("saveAsTable", [text(table)]),
        Data::Connector { .. } => chain.call("save", []),
    }
}

fn aggregate_chain(aggregate: &Aggregate, mut chain: Chain) -> Chain {
    if !aggregate.group_by.is_empty() {
        let name = match aggregate.grouping {
            Grouping::Groups => "groupBy",
            Grouping::Rollup => "rollup",
            Grouping::Cube => "cube",
        };
        chain = chain.call(name, aggregate.group_by.iter().map(|key| column(key)));
    }
    if let Some(pivot) = &aggregate.pivot {
        chain = pivoted(pivot, chain);
    }
    chain.call("agg", aggregate.outputs.iter().map(aggregate_column))
}

fn aggregate_column(output: &AggregateOutput) -> String {
    let value = match &output.aggregation {
        Aggregation::Function { function, column } => format!("F.{function}({})", text(column)),
        Aggregation::Expression(expression) => expr(expression),
    };
    format!("{value}.alias({})", text(&output.name))
}

fn select_column(selected: &Column) -> String {
    match &selected.name {
        Some(name) => format!("{}.alias({})", expr(&selected.expression), text(name)),
        None => column(&selected.expression),
    }
}

/// A column's name as it is, anything else as a SQL expression.
pub(super) fn column(key: &str) -> String {
    if is_expression(key) { expr(key) } else { text(key) }
}

/// A key of an order, with SQL's words for its direction.
pub(super) fn sort_key(key: &str) -> String {
    let SortKey { expression, is_descending, nulls_first } = SortKey::parse(key);
    if expression.len() == key.len() {
        return column(key);
    }
    let direction = if is_descending { "desc" } else { "asc" };
    let nulls = match nulls_first {
        Some(true) => "_nulls_first",
        Some(false) => "_nulls_last",
        None => "",
    };
    let value = if is_expression(expression) {
        expr(expression)
    } else {
        format!("F.col({})", text(expression))
    };
    format!("{value}.{direction}{nulls}()")
}

pub(super) fn expr(expression: &str) -> String {
    format!("F.expr({})", text(expression))
}

pub(super) fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| text(value)).collect();
    format!("[{}]", values.join(", "))
}
