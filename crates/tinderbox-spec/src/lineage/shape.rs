//! What each operation makes of the columns of its inputs.

use super::names;
use super::{ColumnLineage, ColumnOf, Influence, Making};
use crate::operation::build::is_expression;
use crate::operation::{
    Aggregate, Aggregation, Column, Decode, Explode, Join, JoinKeys, JoinRight, Literal,
    MessageValue, Operation, Read, SetOperation, Unpivot, WindowColumns,
};
use crate::spec::Node;
use std::collections::BTreeMap;
use tinderbox_model::NodeId;

/// The columns of a node and where they come from; the fields are those of [`super::NodeLineage`].
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub(super) columns: Vec<ColumnLineage>,
    pub(super) has_others: bool,
    pub(super) rows: Vec<(ColumnOf, Influence)>,
    pub(super) passes: Vec<NodeId>,
    pub(super) mixes: Vec<NodeId>,
}

/// A node's inputs with what they have.
struct Inputs<'s> {
    all: Vec<(&'s NodeId, &'s Shape)>,
}

impl Shape {
    pub(super) fn of(node: &Node, shapes: &BTreeMap<NodeId, Shape>) -> Self {
        let inputs = node.inputs.iter().filter_map(|id| shapes.get_key_value(id)).collect();
        let inputs = Inputs { all: inputs };
        let mut shape = made(node, &inputs);
        for expectation in &node.expectations {
            // Only what is dropped decides about rows; the others are counted.
            if !matches!(expectation.on_fail, crate::OnFail::Warn | crate::OnFail::Fail) {
                let columns = expectation.rule.columns().iter();
                let columns = columns
                    .map(|column| ColumnOf { node: node.id.clone(), column: column.clone() });
                shape.rows.extend(columns.map(|column| (column, Influence::Filter)));
            }
        }
        shape
    }

    /// These columns and no others.
    pub(super) fn with_columns(names: &[String]) -> Self {
        let column = |name: &String| ColumnLineage {
            name: name.clone(),
            from: Vec::new(),
            how: Making::Identity,
        };
        Self { columns: names.iter().map(column).collect(), ..Self::default() }
    }

    /// Adds a column, or puts another in the place of the one of this name.
    fn set(&mut self, name: &str, from: Vec<ColumnOf>, how: Making) {
        let column = ColumnLineage { name: name.to_owned(), from, how };
        match self.columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(name)) {
            Some(known) => *known = column,
            None => self.columns.push(column),
        }
    }

    fn by(mut self, columns: Vec<ColumnOf>, influence: Influence) -> Self {
        for column in columns {
            if !self.rows.contains(&(column.clone(), influence)) {
                self.rows.push((column, influence));
            }
        }
        self
    }
}

impl Inputs<'_> {
    /// All columns of the first input, as they are.
    fn passed(&self) -> Shape {
        self.all.first().map(passed).unwrap_or_default()
    }

    /// Anything of any input may be in anything that comes out.
    fn mixed(&self) -> Shape {
        let mixes = self.all.iter().map(|(id, _)| (*id).clone()).collect();
        Shape { has_others: true, mixes, ..Shape::default() }
    }

    /// The columns that an expression names.
    fn named(&self, expression: &str) -> Vec<ColumnOf> {
        let mut found = Vec::new();
        for path in names::columns(expression) {
            for column in self.resolved(&path) {
                if !found.contains(&column) {
                    found.push(column);
                }
            }
        }
        found
    }

    /// A column, or what an expression names.
    fn key(&self, key: &str) -> (Vec<ColumnOf>, Making) {
        let how = if is_expression(key) { Making::Transformation } else { Making::Identity };
        (self.named(key), how)
    }

    fn keys(&self, keys: &[String]) -> Vec<ColumnOf> {
        keys.iter().flat_map(|key| self.named(key)).collect()
    }

    /// A name as Spark resolves it: behind the name of an input, else a column of the inputs that have it, else of those
    /// that may have it.
    fn resolved(&self, path: &[String]) -> Vec<ColumnOf> {
        let at =
            |id: &NodeId, column: &str| ColumnOf { node: id.clone(), column: column.to_owned() };
        let is_input = |id: &NodeId| id.as_str().replace('-', "_").eq_ignore_ascii_case(&path[0]);
        if let ([_, column, ..], Some((id, _))) =
            (path, self.all.iter().find(|(id, _)| is_input(id)))
        {
            return vec![at(id, column)];
        }
        let having = self.all.iter().filter(|(_, shape)| {
            shape.columns.iter().any(|c| c.name.eq_ignore_ascii_case(&path[0]))
        });
        let having: Vec<ColumnOf> = having.map(|(id, _)| at(id, &path[0])).collect();
        if !having.is_empty() {
            return having;
        }
        let open = self.all.iter().filter(|(_, shape)| shape.has_others || self.all.len() == 1);
        open.map(|(id, _)| at(id, &path[0])).collect()
    }
}

fn passed((id, shape): &(&NodeId, &Shape)) -> Shape {
    let same = |name: &String| ColumnOf { node: (*id).clone(), column: name.clone() };
    let columns = shape.columns.iter().map(|column| ColumnLineage {
        name: column.name.clone(),
        from: vec![same(&column.name)],
        how: Making::Identity,
    });
    Shape {
        columns: columns.collect(),
        has_others: shape.has_others,
        passes: vec![(*id).clone()],
        ..Shape::default()
    }
}

fn made(node: &Node, inputs: &Inputs<'_>) -> Shape {
    let mut shape = inputs.passed();
    match &node.operation {
        Operation::Read(read) => return source(read),
        Operation::ReadHttp(read) => return declared(read.schema.as_deref()),
        Operation::Filter { condition } => {
            return shape.by(inputs.named(condition), Influence::Filter);
        }
        Operation::Select { columns } => return selected(columns, inputs),
        Operation::Map { columns } => columns.iter().for_each(|(name, expression)| {
            shape.set(name, inputs.named(expression), Making::Transformation);
        }),
        Operation::Join(join) => return joined(join, inputs),
        Operation::Aggregate(aggregate) => return aggregated(aggregate, inputs),
        Operation::Deduplicate { columns, .. } => {
            return shape.by(inputs.keys(columns), Influence::GroupBy);
        }
        Operation::TimeWindow(window) => {
            shape.set(&window.name, inputs.named(&window.column), Making::Transformation);
        }
        Operation::CountWindow(window) => {
            shape.set(&window.name, Vec::new(), Making::Transformation);
            let keys = inputs.keys(&[window.by.clone(), window.order_by.clone()].concat());
            return shape.by(keys, Influence::Window);
        }
        Operation::Window(window) => return windowed(window, shape, inputs),
        Operation::Rename { columns } => {
            for (old, new) in columns {
                let from = inputs.resolved(std::slice::from_ref(old));
                shape.columns.retain(|column| !column.name.eq_ignore_ascii_case(old));
                shape.set(new, from, Making::Identity);
            }
        }
        Operation::Cast { columns, .. } => columns.iter().for_each(|(name, _)| {
            shape.set(name, inputs.resolved(std::slice::from_ref(name)), Making::Transformation);
        }),
        Operation::Drop { columns } => {
            shape
                .columns
                .retain(|known| !columns.iter().any(|name| name.eq_ignore_ascii_case(&known.name)));
        }
        Operation::Set(operation) => return together(*operation, inputs),
        Operation::Sort { by, .. } => return shape.by(inputs.keys(by), Influence::Sort),
        Operation::Explode(explode) => return exploded(explode, shape, inputs),
        Operation::FillNulls { values } => values.iter().for_each(|(name, _)| {
            shape.set(name, inputs.resolved(std::slice::from_ref(name)), Making::Transformation);
        }),
        Operation::DropNulls { columns, .. } => {
            let all = ["*".to_owned()];
            let columns = if columns.is_empty() { &all[..] } else { columns };
            let keys = columns
                .iter()
                .flat_map(|name| inputs.resolved(std::slice::from_ref(name)))
                .collect();
            return shape.by(keys, Influence::Filter);
        }
        Operation::Unpivot(unpivot) => return unpivoted(unpivot, inputs),
        Operation::Clean(clean) => {
            let all: Vec<String> = shape.columns.iter().map(|column| column.name.clone()).collect();
            let names = if clean.columns.is_empty() { &all } else { &clean.columns };
            for name in names {
                shape.set(
                    name,
                    inputs.resolved(std::slice::from_ref(name)),
                    Making::Transformation,
                );
            }
        }
        Operation::ParseJson(parse) => {
            shape.set(&parse.name, inputs.named(&parse.column), Making::Transformation);
        }
        Operation::Udf(udf) => udf.columns.iter().for_each(|(name, arguments)| {
            shape.set(name, inputs.keys(arguments), Making::Transformation);
        }),
        Operation::Features { steps } => {
            for step in steps {
                let from: Vec<ColumnOf> = step
                    .columns
                    .iter()
                    .flat_map(|name| made_before(&shape, name, inputs))
                    .collect();
                for (at, output) in step.outputs.iter().enumerate() {
                    let one_each = step.outputs.len() == step.columns.len();
                    let from = match step.columns.get(at) {
                        Some(name) if one_each => made_before(&shape, name, inputs),
                        _ => from.clone(),
                    };
                    shape.set(output, from, Making::Transformation);
                }
            }
        }
        Operation::Predict { .. } => {
            let all = inputs.resolved(&["*".to_owned()]);
            shape.set("prediction", all, Making::Transformation);
        }
        Operation::Sql { .. }
        | Operation::Flatten(_)
        | Operation::Train(_)
        | Operation::Evaluate(_) => return inputs.mixed(),
        Operation::Watermark { .. }
        | Operation::Limit { .. }
        | Operation::Sample { .. }
        | Operation::Repartition { .. }
        | Operation::Coalesce { .. }
        | Operation::Cache { .. }
        | Operation::Checkpoint { .. }
        | Operation::Write(_) => {}
    }
    shape
}

/// What a column is made of when a step before may have made it.
fn made_before(shape: &Shape, name: &str, inputs: &Inputs<'_>) -> Vec<ColumnOf> {
    let known = shape.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    known.map_or_else(|| inputs.resolved(&[name.to_owned()]), |column| column.from.clone())
}

fn source(read: &Read) -> Shape {
    let of = |names: Vec<String>| Shape {
        columns: names
            .into_iter()
            .map(|name| ColumnLineage { name, from: Vec::new(), how: Making::Identity })
            .collect(),
        ..Shape::default()
    };
    match &read.decode {
        Some(Decode::Lines(lines)) => {
            let unparsed = lines.keeps_unparsed.then(|| "_unparsed".to_owned());
            of(lines.groups.iter().map(|(_, name)| name.clone()).chain(unparsed).collect())
        }
        Some(Decode::Messages(messages)) => match &messages.value {
            MessageValue::Json { schema } => {
                Shape { has_others: messages.with_metadata, ..of(names::of_schema(schema)) }
            }
            MessageValue::Avro { .. } => Shape { has_others: true, ..Shape::default() },
            MessageValue::Text => {
                Shape { has_others: messages.with_metadata, ..of(vec!["value".to_owned()]) }
            }
        },
        Some(Decode::MediaType { .. }) => {
            Shape { has_others: true, ..of(vec!["media_type".to_owned()]) }
        }
        None => declared(read.schema.as_deref()),
    }
}

/// Files in folders named `column=value` have those columns too: a name that no schema has is still the source's.
fn declared(schema: Option<&str>) -> Shape {
    let names = schema.map(names::of_schema).unwrap_or_default();
    let columns = names.into_iter().map(|name| ColumnLineage {
        name,
        from: Vec::new(),
        how: Making::Identity,
    });
    Shape { columns: columns.collect(), has_others: schema.is_none(), ..Shape::default() }
}

fn selected(columns: &[Column], inputs: &Inputs<'_>) -> Shape {
    let mut shape = Shape::default();
    for column in columns {
        let expression = column.expression.trim();
        if expression == "*" || expression.ends_with(".*") && column.name.is_none() {
            let all = inputs.passed();
            shape.has_others |= all.has_others;
            shape.passes.extend(all.passes);
            shape.columns.extend(all.columns);
            continue;
        }
        let (from, how) = inputs.key(expression);
        let last = expression.rsplit('.').next().unwrap_or(expression);
        let name = match (&column.name, names::alias(expression)) {
            (Some(name), _) => name.clone(),
            (None, Some(alias)) => alias,
            (None, None) if is_expression(expression) => expression.to_owned(),
            (None, None) => last.to_owned(),
        };
        shape.columns.push(ColumnLineage { name, from, how });
    }
    shape
}

fn joined(join: &Join, inputs: &Inputs<'_>) -> Shape {
    let sides: Vec<Shape> = inputs.all.iter().map(passed).collect();
    let keeps_left_only = ["left_semi", "left_anti"].contains(&join.how);
    let mut shape =
        Shape { has_others: matches!(join.right, JoinRight::CatalogTable(_)), ..Shape::default() };
    let taken = if keeps_left_only { 1 } else { sides.len() };
    if let JoinKeys::Columns(keys) = &join.on {
        for key in keys {
            let from = inputs
                .all
                .iter()
                .take(taken)
                .map(|(id, _)| ColumnOf { node: (*id).clone(), column: key.clone() });
            shape.columns.push(ColumnLineage {
                name: key.clone(),
                from: from.collect(),
                how: Making::Identity,
            });
        }
    }
    for side in sides.into_iter().take(taken) {
        shape.has_others |= side.has_others;
        shape.passes.extend(side.passes);
        for column in side.columns {
            let is_key = matches!(&join.on, JoinKeys::Columns(keys) if keys.iter().any(|key| key.eq_ignore_ascii_case(&column.name)));
            if !is_key {
                shape.columns.push(column);
            }
        }
    }
    let keys = match &join.on {
        JoinKeys::Columns(keys) => keys
            .iter()
            .flat_map(|key| {
                inputs
                    .all
                    .iter()
                    .map(|(id, _)| ColumnOf { node: (*id).clone(), column: key.clone() })
            })
            .collect(),
        JoinKeys::Conditions(conditions) => inputs.keys(conditions),
        JoinKeys::None => Vec::new(),
    };
    shape.by(keys, Influence::Join)
}

fn aggregated(aggregate: &Aggregate, inputs: &Inputs<'_>) -> Shape {
    let mut shape = Shape::default();
    for key in &aggregate.group_by {
        let (from, how) = inputs.key(key);
        let name =
            names::alias(key).unwrap_or_else(|| key.rsplit('.').next().unwrap_or(key).to_owned());
        let name =
            if is_expression(key) && names::alias(key).is_none() { key.clone() } else { name };
        shape.columns.push(ColumnLineage { name, from, how });
    }
    let values: Vec<Option<String>> = match &aggregate.pivot {
        None => vec![None],
        Some(pivot) => pivot.values.iter().map(|value| Some(text(value).to_owned())).collect(),
    };
    shape.has_others = values.is_empty();
    for value in &values {
        for output in &aggregate.outputs {
            let from = match &output.aggregation {
                Aggregation::Function { column, .. } if column == "*" => Vec::new(),
                Aggregation::Function { column, .. } => inputs.named(column),
                Aggregation::Expression(expression) => inputs.named(expression),
            };
            // Source of the names: `org.apache.spark.sql.catalyst.analysis.ResolvePivot`.
            let name = match value {
                None => output.name.clone(),
                Some(value) if aggregate.outputs.len() == 1 => value.clone(),
                Some(value) => format!("{value}_{}", output.name),
            };
            shape.columns.push(ColumnLineage { name, from, how: Making::Aggregation });
        }
    }
    if shape.has_others {
        shape.mixes = inputs.all.iter().map(|(id, _)| (*id).clone()).collect();
    }
    let pivot =
        aggregate.pivot.as_ref().map(|pivot| inputs.named(&pivot.column)).unwrap_or_default();
    shape.by([inputs.keys(&aggregate.group_by), pivot].concat(), Influence::GroupBy)
}

fn windowed(window: &WindowColumns, mut shape: Shape, inputs: &Inputs<'_>) -> Shape {
    for (name, function) in &window.functions {
        shape.set(name, inputs.named(function), Making::Aggregation);
    }
    let keys = [window.partition_by.clone(), window.order_by.clone()].concat();
    shape.by(inputs.keys(&keys), Influence::Window)
}

fn together(operation: SetOperation, inputs: &Inputs<'_>) -> Shape {
    let mut shape = inputs.passed();
    let others = inputs.all.iter().skip(1);
    match operation {
        SetOperation::UnionByName { .. } => {
            for other in others {
                let other = passed(other);
                shape.has_others |= other.has_others;
                shape.passes.extend(other.passes);
                for column in other.columns {
                    match shape
                        .columns
                        .iter_mut()
                        .find(|known| known.name.eq_ignore_ascii_case(&column.name))
                    {
                        Some(known) => known.from.extend(column.from),
                        None => shape.columns.push(column),
                    }
                }
            }
        }
        SetOperation::UnionByPosition => {
            for (id, other) in others {
                let is_known = !other.has_others && !shape.has_others;
                if !is_known {
                    shape.mixes.push((*id).clone());
                    continue;
                }
                for (column, theirs) in shape.columns.iter_mut().zip(&other.columns) {
                    column.from.push(ColumnOf { node: (*id).clone(), column: theirs.name.clone() });
                }
            }
        }
        SetOperation::Intersect { .. } | SetOperation::Except { .. } => {
            let all = |(id, _): &(&NodeId, &Shape)| ColumnOf {
                node: (*id).clone(),
                column: "*".to_owned(),
            };
            return shape.by(inputs.all.iter().map(all).collect(), Influence::Filter);
        }
    }
    shape
}

fn exploded(explode: &Explode, mut shape: Shape, inputs: &Inputs<'_>) -> Shape {
    let from = inputs.named(&explode.column);
    if explode.names.is_empty() {
        shape.set(&explode.column, from, Making::Transformation);
        return shape;
    }
    for name in explode.position.iter().chain(&explode.names) {
        shape.columns.push(ColumnLineage {
            name: name.clone(),
            from: from.clone(),
            how: Making::Transformation,
        });
    }
    shape
}

fn unpivoted(unpivot: &Unpivot, inputs: &Inputs<'_>) -> Shape {
    let mut shape = Shape::default();
    for id in &unpivot.ids {
        let (from, how) = inputs.key(id);
        shape.columns.push(ColumnLineage { name: id.clone(), from, how });
    }
    shape.set(&unpivot.name_column, Vec::new(), Making::Transformation);
    let values = match unpivot.values.as_slice() {
        [] => inputs.resolved(&["*".to_owned()]),
        values => inputs.keys(values),
    };
    shape.set(&unpivot.value_column, values, Making::Transformation);
    shape
}

fn text(value: &Literal) -> &str {
    match value {
        Literal::Text(text) | Literal::Number(text) => text,
        Literal::Boolean(true) => "true",
        Literal::Boolean(false) => "false",
    }
}
