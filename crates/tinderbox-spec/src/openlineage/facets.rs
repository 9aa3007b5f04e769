//! Facets: what an event says beside names. Each names its schema, as the specification asks.

use super::datasets::{Dataset, Datasets};
use crate::lineage::{ColumnOf, Lineage, lineage};
use crate::operation::{Operation, Write};
use crate::preview::ancestors;
use crate::spec::{JobType, Node, Spec};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::NodeId;

/// Who says it, with its version.
pub(super) const PRODUCER: &str = concat!("urn:tinderbox:", env!("CARGO_PKG_VERSION"));

pub(super) fn run_tags(run: &str) -> Value {
    facet(
        "1-0-0/TagsRunFacet",
        json!({"tags": [{"key": "run", "value": run, "source": "TINDERBOX"}]}),
    )
}

pub(super) fn engine(spec: &Spec) -> Value {
    let version = spec.spark_version().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    facet(
        "1-1-1/ProcessingEngineRunFacet",
        json!({
            "name": "spark",
            "version": version,
            "openlineageAdapterVersion": env!("CARGO_PKG_VERSION"),
        }),
    )
}

pub(super) fn error(message: &str) -> Value {
    facet(
        "1-0-1/ErrorMessageRunFacet",
        json!({"message": message, "programmingLanguage": "PYTHON"}),
    )
}

pub(super) fn job_type(spec: &Spec) -> Value {
    let processing = match spec.job_type() {
        JobType::Batch => "BATCH",
        JobType::Streaming => "STREAMING",
    };
    facet(
        "2-0-4/JobTypeJobFacet",
        json!({"processingType": processing, "integration": "SPARK", "jobType": "JOB"}),
    )
}

pub(super) fn documentation(description: &str) -> Value {
    facet("1-1-0/DocumentationJobFacet", json!({"description": description}))
}

/// What is read, each once.
pub(super) fn inputs(spec: &Spec, datasets: &Datasets) -> Vec<Value> {
    let mut found: BTreeMap<&Dataset, Map<String, Value>> = BTreeMap::new();
    for node in spec.nodes() {
        for dataset in datasets.read.get(&node.id).into_iter().flatten() {
            let facets = found.entry(dataset).or_default();
            if let Some(schema) = declared(node) {
                facets.entry("schema").or_insert(schema);
            }
        }
    }
    for table in &datasets.joined {
        found.entry(table).or_default();
    }
    found.into_iter().map(described).collect()
}

/// What is written, each once.
pub(super) fn outputs(spec: &Spec, datasets: &Datasets) -> Vec<Value> {
    let lineage = lineage(spec);
    let mut found: BTreeMap<&Dataset, Map<String, Value>> = BTreeMap::new();
    for node in spec.nodes() {
        let Operation::Write(write) = &node.operation else { continue };
        for dataset in datasets.written.get(&node.id).into_iter().flatten() {
            let facets = found.entry(dataset).or_default();
            if let Some(schema) = written_columns(&lineage, &node.id) {
                facets.entry("schema").or_insert(schema);
            }
            if let Some(columns) = column_lineage(spec, &lineage, node, datasets) {
                facets.entry("columnLineage").or_insert(columns);
            }
            if let Some(change) = change(write) {
                facets.entry("lifecycleStateChange").or_insert(change);
            }
        }
    }
    for place in &datasets.quarantined {
        found.entry(place).or_default();
    }
    found.into_iter().map(described).collect()
}

fn described((dataset, facets): (&Dataset, Map<String, Value>)) -> Value {
    json!({"namespace": dataset.namespace, "name": dataset.name, "facets": facets})
}

/// Columns of a source that says what it has.
fn declared(node: &Node) -> Option<Value> {
    let schema = match &node.operation {
        Operation::Read(read) if read.decode.is_none() => read.schema.as_deref()?,
        Operation::ReadHttp(read) => read.schema.as_deref()?,
        _ => return None,
    };
    let fields: Vec<Value> = fields_of(schema)
        .into_iter()
        .map(|(name, data_type)| json!({"name": name, "type": data_type}))
        .collect();
    Some(facet("1-2-0/SchemaDatasetFacet", json!({"fields": fields})))
}

/// The columns of a sink, where all are known. Their types only the run knows.
fn written_columns(lineage: &Lineage, node: &NodeId) -> Option<Value> {
    let node = lineage.node(node).filter(|node| !node.has_others && !node.columns.is_empty())?;
    let fields: Vec<Value> =
        node.columns.iter().map(|column| json!({"name": column.name})).collect();
    Some(facet("1-2-0/SchemaDatasetFacet", json!({"fields": fields})))
}

/// A mode that appends changes nothing but the number of rows.
fn change(write: &Write) -> Option<Value> {
    let word = match write.mode {
        Some("overwrite") => "OVERWRITE",
        None | Some("error" | "errorifexists" | "ignore") => "CREATE",
        Some(_) => return None,
    };
    Some(facet("1-0-1/LifecycleStateChangeDatasetFacet", json!({"lifecycleStateChange": word})))
}

/// Which columns of inputs the columns of a sink are made from, and which decide about its rows. A column that is only
/// known to be one of all (`*`) has no name to say.
fn column_lineage(
    spec: &Spec,
    lineage: &Lineage,
    sink: &Node,
    datasets: &Datasets,
) -> Option<Value> {
    let mut fields = Map::new();
    for column in &lineage.node(&sink.id)?.columns {
        let of = ColumnOf { node: sink.id.clone(), column: column.name.clone() };
        let mut inputs: BTreeMap<ColumnOf, Vec<Value>> = BTreeMap::new();
        for (origin, how) in lineage.origins_with_making(&of) {
            let transformation = json!({"type": "DIRECT", "subtype": how.as_str()});
            inputs.entry(origin).or_default().push(transformation);
        }
        let inputs = input_fields(inputs, datasets);
        if !inputs.is_empty() {
            fields.insert(column.name.clone(), json!({"inputFields": inputs}));
        }
    }
    let mut deciding: BTreeMap<ColumnOf, BTreeSet<&'static str>> = BTreeMap::new();
    for node in ancestors(spec, &sink.id) {
        for (column, influence) in lineage.node(&node.id).map_or(&[][..], |node| &node.rows) {
            // What an expectation drops is a column of the node itself.
            for origin in lineage.origins(column) {
                deciding.entry(origin).or_default().insert(influence.as_str());
            }
        }
    }
    let deciding = deciding
        .into_iter()
        .map(|(column, words)| {
            let all = words.into_iter().map(|word| json!({"type": "INDIRECT", "subtype": word}));
            (column, all.collect())
        })
        .collect();
    let deciding = input_fields(deciding, datasets);
    if fields.is_empty() && deciding.is_empty() {
        return None;
    }
    let content = json!({"fields": fields, "dataset": deciding});
    Some(facet("1-2-0/ColumnLineageDatasetFacet", content))
}

fn input_fields(columns: BTreeMap<ColumnOf, Vec<Value>>, datasets: &Datasets) -> Vec<Value> {
    let mut fields = Vec::new();
    for (column, transformations) in columns {
        // A query over several tables does not say whose column it is.
        let Some([dataset]) = datasets.read.get(&column.node).map(Vec::as_slice) else { continue };
        if column.column != "*" {
            fields.push(json!({
                "namespace": dataset.namespace,
                "name": dataset.name,
                "field": column.column,
                "transformations": transformations,
            }));
        }
    }
    fields
}

fn facet(schema: &str, content: Value) -> Value {
    let name = schema.rsplit('/').next().unwrap_or(schema);
    let url = format!("https://openlineage.io/spec/facets/{schema}.json#/$defs/{name}");
    let mut facet = json!({"_producer": PRODUCER, "_schemaURL": url});
    if let (Value::Object(facet), Value::Object(content)) = (&mut facet, content) {
        facet.extend(content);
    }
    facet
}

/// Names and types of a schema in DDL form.
fn fields_of(schema: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let (mut depth, mut quote, mut field) = (0_i32, None, String::new());
    for c in schema.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '<' | '(') => depth += 1,
            (None, '>' | ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                fields.push(std::mem::take(&mut field));
                continue;
            }
            _ => {}
        }
        field.push(c);
    }
    fields.push(field);
    fields.iter().filter_map(|field| field_of(field.trim())).collect()
}

/// `name TYPE NOT NULL COMMENT '…'`.
fn field_of(field: &str) -> Option<(String, String)> {
    let (name, rest) = match field.strip_prefix('`') {
        Some(rest) => {
            let end = rest.char_indices().find(|(at, c)| {
                *c == '`' && !rest[at + 1..].starts_with('`') && !rest[..*at].ends_with('`')
            })?;
            (rest[..end.0].replace("``", "`"), &rest[end.0 + 1..])
        }
        None => {
            let end = field.find([' ', ':', '\t', '\n'])?;
            (field[..end].to_owned(), &field[end..])
        }
    };
    let rest = rest.trim_start_matches([' ', ':', '\t', '\n']);
    let upper = rest.to_ascii_uppercase();
    let end = [" NOT NULL", " COMMENT ", " DEFAULT "]
        .iter()
        .filter_map(|word| upper.find(word))
        .min()
        .unwrap_or(rest.len());
    Some((name, rest[..end].trim().to_owned())).filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::fields_of;

    #[test]
    fn fields_of_schemas() {
        let schema = "id BIGINT NOT NULL, `a, ``b` MAP<STRING, INT>, d decimal(10, 2) COMMENT 'x, y', s STRUCT<x: INT, y: INT>, e: DATE";
        let fields: Vec<String> =
            fields_of(schema).into_iter().map(|(name, of)| format!("{name}|{of}")).collect();
        assert_eq!(
            fields,
            [
                "id|BIGINT",
                "a, `b|MAP<STRING, INT>",
                "d|decimal(10, 2)",
                "s|STRUCT<x: INT, y: INT>",
                "e|DATE"
            ]
        );
        assert!(fields_of("").is_empty());
    }
}
