//! Which columns a node has and of which types, as far as the document tells.

use crate::lineage::names;
use crate::operation::build::is_expression;
use crate::operation::{
    Aggregate, Column, Data, Decode, Explode, Join, JoinKeys, JoinRight, Literal, MessageValue,
    Messages, Operation, Read, SetOperation,
};

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) name: String,
    /// As in SQL, in small letters; `None` where the document does not tell.
    pub(super) kind: Option<String>,
}

/// All columns in their order; `None` where the document does not tell.
pub(super) type Known = Option<Vec<Typed>>;

/// The place of a column by its name, as Spark compares names.
pub(super) fn place(columns: &[Typed], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
}

/// What an operation makes of the columns of its inputs.
pub(super) fn made(operation: &Operation, inputs: &[&Known]) -> Known {
    let first = || inputs.first().and_then(|known| (*known).clone());
    match operation {
        Operation::Read(read) => source(read),
        Operation::Select { columns } => selected(columns, &first()),
        Operation::Map { columns } => with(first()?, columns.iter().map(|(name, _)| (name, None))),
        Operation::Window(window) => {
            with(first()?, window.functions.iter().map(|(name, _)| (name, None)))
        }
        Operation::CountWindow(window) => with(first()?, [(&window.name, None)]),
        Operation::TimeWindow(window) => with(first()?, [(&window.name, None)]),
        Operation::ParseJson(parse) => with(first()?, [(&parse.name, None)]),
        Operation::Cast { columns, .. } => {
            with(first()?, columns.iter().map(|(name, kind)| (name, Some(kind.to_lowercase()))))
        }
        Operation::Rename { columns } => {
            let mut known = first()?;
            for (old, new) in columns {
                if let Some(at) = place(&known, old) {
                    known[at].name.clone_from(new);
                }
            }
            Some(known)
        }
        Operation::Drop { columns } => {
            let mut known = first()?;
            known.retain(|column| {
                !columns.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
            });
            Some(known)
        }
        Operation::Join(join) => joined(join, inputs),
        Operation::Aggregate(aggregate) => aggregated(aggregate, first().as_deref()),
        Operation::Explode(explode) => exploded(explode, first()?),
        Operation::Unpivot(unpivot) => {
            let known = first().unwrap_or_default();
            let kind = |name: &String| place(&known, name).and_then(|at| known[at].kind.clone());
            let ids = unpivot.ids.iter().map(|id| Typed { name: id.clone(), kind: kind(id) });
            let name = Typed { name: unpivot.name_column.clone(), kind: Some("string".to_owned()) };
            let value = Typed { name: unpivot.value_column.clone(), kind: None };
            Some(ids.chain([name, value]).collect())
        }
        Operation::Set(SetOperation::UnionByName { .. }) => together_by_name(inputs),
        Operation::Set(_) => {
            let mut known = first()?;
            for (at, column) in known.iter_mut().enumerate() {
                let is_same = |other: &&Known| {
                    other.as_ref().and_then(|other| other.get(at)).map(|other| &other.kind)
                        == Some(&column.kind)
                };
                if !inputs.iter().skip(1).all(is_same) {
                    column.kind = None;
                }
            }
            Some(known)
        }
        Operation::Filter { .. }
        | Operation::Deduplicate { .. }
        | Operation::Watermark { .. }
        | Operation::Sort { .. }
        | Operation::Limit { .. }
        | Operation::Sample { .. }
        | Operation::FillNulls { .. }
        | Operation::DropNulls { .. }
        | Operation::Repartition { .. }
        | Operation::Coalesce { .. }
        | Operation::Cache { .. }
        | Operation::Checkpoint { .. }
        | Operation::Clean(_)
        | Operation::Write(_) => first(),
        Operation::ReadHttp(_)
        | Operation::Sql { .. }
        | Operation::Flatten(_)
        | Operation::Udf(_)
        | Operation::Features { .. }
        | Operation::Train(_)
        | Operation::Evaluate(_)
        | Operation::Predict { .. } => None,
    }
}

/// The columns with others in the places of those of the same names, or behind.
fn with<'n>(
    mut known: Vec<Typed>,
    columns: impl IntoIterator<Item = (&'n String, Option<String>)>,
) -> Known {
    for (name, kind) in columns {
        match place(&known, name) {
            Some(at) => known[at].kind = kind,
            None => known.push(Typed { name: name.clone(), kind }),
        }
    }
    Some(known)
}

fn source(read: &Read) -> Known {
    let texts = |names: &[&str]| {
        names
            .iter()
            .map(|name| Typed { name: (*name).to_owned(), kind: Some("string".to_owned()) })
            .collect()
    };
    match &read.decode {
        None => match (&read.schema, &read.data) {
            (Some(schema), _) => Some(of_schema(schema)),
            (None, Data::Files { format: "text", .. }) => Some(texts(&["value"])),
            (None, _) => None,
        },
        Some(Decode::Lines(lines)) => {
            let unparsed = lines.keeps_unparsed.then_some("_unparsed");
            let groups = lines.groups.iter().map(|(_, name)| name.as_str());
            Some(texts(&groups.chain(unparsed).collect::<Vec<_>>()))
        }
        Some(Decode::MediaType { without_content }) => {
            // Source: `org.apache.spark.sql.execution.datasources.binaryfile.BinaryFileFormat`.
            let content = (!without_content).then_some(("content", "binary"));
            let columns =
                [("path", "string"), ("modificationTime", "timestamp"), ("length", "bigint")];
            let columns = columns.into_iter().chain(content).chain([("media_type", "string")]);
            Some(columns.map(|(name, kind)| typed(name, kind)).collect())
        }
        Some(Decode::Messages(messages)) => of_messages(messages),
    }
}

fn of_messages(messages: &Messages) -> Known {
    let mut columns = match &messages.value {
        MessageValue::Json { schema } => of_schema(schema),
        MessageValue::Text => vec![typed("value", "string")],
        MessageValue::Avro { .. } => return None,
    };
    if messages.with_metadata {
        // Source: Spark's integration guide for Kafka.
        columns.extend(
            [
                ("_key", "string"),
                ("_topic", "string"),
                ("_partition", "int"),
                ("_offset", "bigint"),
                ("_timestamp", "timestamp"),
            ]
            .map(|(name, kind)| typed(name, kind)),
        );
    }
    Some(columns)
}

fn typed(name: &str, kind: &str) -> Typed {
    Typed { name: name.to_owned(), kind: Some(kind.to_owned()) }
}

fn selected(columns: &[Column], input: &Known) -> Known {
    let mut known = Vec::new();
    for column in columns {
        let expression = column.expression.trim();
        if expression == "*" && column.name.is_none() {
            known.extend(input.clone()?);
            continue;
        }
        let is_plain = !is_expression(expression);
        let kind = input.as_ref().and_then(|input| {
            place(input, expression).filter(|_| is_plain).and_then(|at| input[at].kind.clone())
        });
        let name = match &column.name {
            Some(name) => name.clone(),
            None => name_of(expression)?,
        };
        known.push(Typed { name, kind });
    }
    Some(known)
}

/// The name that Spark gives an expression, where it is plain.
fn name_of(expression: &str) -> Option<String> {
    if expression.ends_with('*') {
        return None;
    }
    match names::alias(expression) {
        Some(alias) => Some(alias),
        None if is_expression(expression) => None,
        None => expression.rsplit('.').next().map(str::to_owned),
    }
}

fn joined(join: &Join, inputs: &[&Known]) -> Known {
    let mut left = (*inputs.first()?).clone()?;
    let keeps_left = ["semi", "anti"].iter().any(|word| join.how.contains(word));
    let mut right = match &join.right {
        _ if keeps_left => Vec::new(),
        JoinRight::CatalogTable(_) => return None,
        JoinRight::Input => (*inputs.get(1)?).clone()?,
    };
    let mut known = Vec::new();
    if let JoinKeys::Columns(keys) = &join.on {
        for key in keys {
            let kind = place(&left, key).and_then(|at| left[at].kind.clone());
            known.push(Typed { name: key.clone(), kind });
            left.retain(|column| !column.name.eq_ignore_ascii_case(key));
            right.retain(|column| !column.name.eq_ignore_ascii_case(key));
        }
    }
    known.extend(left);
    known.extend(right);
    Some(known)
}

fn aggregated(aggregate: &Aggregate, input: Option<&[Typed]>) -> Known {
    let mut known = Vec::new();
    for key in &aggregate.group_by {
        let kind = input.and_then(|input| place(input, key).and_then(|at| input[at].kind.clone()));
        known.push(Typed { name: name_of(key)?, kind });
    }
    let outputs = aggregate.outputs.iter().map(|output| output.name.clone());
    match &aggregate.pivot {
        None => known.extend(outputs.map(|name| Typed { name, kind: None })),
        Some(pivot) => {
            for value in &pivot.values {
                let value = plain(value);
                // Source of the names: `org.apache.spark.sql.catalyst.analysis.ResolvePivot`.
                known.extend(outputs.clone().map(|name| Typed {
                    name: if aggregate.outputs.len() == 1 {
                        value.to_owned()
                    } else {
                        format!("{value}_{name}")
                    },
                    kind: None,
                }));
            }
        }
    }
    Some(known)
}

/// A value as its text.
pub(super) fn plain(value: &Literal) -> &str {
    match value {
        Literal::Text(text) | Literal::Number(text) => text,
        Literal::Boolean(true) => "true",
        Literal::Boolean(false) => "false",
    }
}

fn exploded(explode: &Explode, mut known: Vec<Typed>) -> Known {
    if explode.names.is_empty() {
        return with(known, [(&explode.column, None)]);
    }
    if let Some(position) = &explode.position {
        known.push(typed(position, "int"));
    }
    known.extend(explode.names.iter().map(|name| Typed { name: name.clone(), kind: None }));
    Some(known)
}

fn together_by_name(inputs: &[&Known]) -> Known {
    let mut known = (*inputs.first()?).clone()?;
    for other in &inputs[1..] {
        for column in other.as_ref()? {
            match place(&known, &column.name) {
                Some(at) if known[at].kind != column.kind => known[at].kind = None,
                Some(_) => {}
                None => known.push(column.clone()),
            }
        }
    }
    Some(known)
}

/// The columns of a schema in DDL form. A type ends where `NOT NULL`, `COMMENT` or `DEFAULT` begins.
fn of_schema(schema: &str) -> Vec<Typed> {
    names::parts_of_schema(schema)
        .into_iter()
        .map(|(name, rest)| {
            let lower = rest.trim().trim_start_matches(':').trim().to_lowercase();
            let end = [" not null", " comment ", " default "]
                .iter()
                .filter_map(|word| lower.find(word))
                .min()
                .unwrap_or(lower.len());
            let kind = lower[..end].trim().to_owned();
            Typed { name, kind: Some(kind).filter(|kind| !kind.is_empty()) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_give_names_and_types() {
        let found = of_schema(
            "id BIGINT NOT NULL, `a, b` MAP<STRING, INT>, d DECIMAL(10,2) COMMENT 'x, y', e: INT",
        );
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|column| (column.name.as_str(), column.kind.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(
            found,
            [("id", "bigint"), ("a, b", "map<string, int>"), ("d", "decimal(10,2)"), ("e", "int")]
        );
    }
}
