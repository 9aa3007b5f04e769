//! A job as nodes to draw: of a document, or of what a plan of Spark shows.

use crate::component::NodeKind;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Choice, load};
use crate::graph::drafts;
use crate::include::read_document;
use crate::tree::{Content, Entry, Tree};
use serde_json::{Map, Value};

/// A job as nodes, each after its inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct JobGraph {
    /// The job's name; of a plan, the description of its execution.
    pub name: String,
    /// Whether it only shows what ran, and is no job that could be compiled.
    pub is_read_only: bool,
    /// The nodes.
    pub nodes: Vec<GraphNode>,
}

/// A node to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphNode {
    /// Unique in the graph.
    pub id: String,
    /// Source, transformation or sink.
    pub kind: NodeKind,
    /// The component, as under `type` of a document; `other` for what no component says.
    pub component: String,
    /// A line for people.
    pub label: String,
    /// Parameters of the component as far as they are known.
    pub parameters: Map<String, Value>,
    /// The nodes that it reads.
    pub inputs: Vec<String>,
    /// The operators of the plan that it stands for, by their numbers there; none of a document.
    pub operators: Vec<i64>,
    /// The rows that it gave, as the plan's metrics say; none of a document.
    pub rows: Option<u64>,
}

impl JobGraph {
    /// The graph of a document, with parameters as they are written.
    ///
    /// # Errors
    /// As of [`load`].
    pub fn of_document(file: &str, text: &str, choice: &Choice) -> Result<Self, Vec<Diagnostic>> {
        let spec = load(file, text, choice)?.spec;
        let mut report = Report::new(file, text);
        let root =
            read_document(text, &choice.files, &mut report).ok_or_else(|| report.into_sorted())?;
        let drafts = root.at(&["pipeline"]).map(drafts).unwrap_or_default();
        let nodes = spec.nodes().iter().map(|node| {
            // Nodes of custom components stand in another file.
            let written = drafts.iter().find(|draft| draft.id == node.id.as_str());
            GraphNode {
                id: node.id.to_string(),
                kind: node.kind(),
                component: node.component.name.to_owned(),
                label: node.description.clone().unwrap_or_else(|| node.id.to_string()),
                parameters: written.map(|draft| parameters(draft.tree)).unwrap_or_default(),
                inputs: node.inputs.iter().map(ToString::to_string).collect(),
                operators: Vec::new(),
                rows: None,
            }
        });
        Ok(Self { name: spec.name().to_owned(), is_read_only: false, nodes: nodes.collect() })
    }

    /// The JSON form: `name`, `read_only`, and `nodes` with `id`, `kind`, `type`, `label`, `parameters`, `inputs`, `operators`
    /// and `rows`.
    pub fn to_json(&self) -> Value {
        let nodes = self.nodes.iter().map(|node| {
            serde_json::json!({
                "id": node.id,
                "kind": node.kind.as_str(),
                "type": node.component,
                "label": node.label,
                "parameters": node.parameters,
                "inputs": node.inputs,
                "operators": node.operators,
                "rows": node.rows,
            })
        });
        serde_json::json!({
            "name": self.name,
            "read_only": self.is_read_only,
            "nodes": nodes.collect::<Vec<_>>(),
        })
    }
}

/// Keys that say what a node is and reads, not how.
const KEYS: &[&str] = &["id", "type", "operation", "description", "input", "output", "parameters"];

fn parameters(node: &Tree) -> Map<String, Value> {
    let beside = entries(Some(node)).iter().filter(|entry| !KEYS.contains(&entry.key.as_str()));
    let below = entries(node.at(&["parameters"]));
    let pairs = beside.chain(below).filter(|entry| !entry.value.is_null());
    pairs.map(|entry| (entry.key.clone(), value(&entry.value))).collect()
}

fn entries(tree: Option<&Tree>) -> &[Entry] {
    tree.and_then(Tree::as_map).map_or(&[], |map| &map.entries)
}

fn value(tree: &Tree) -> Value {
    match &tree.content {
        Content::Scalar(scalar) if scalar.is_null() => Value::Null,
        Content::Scalar(scalar) => match scalar.as_bool() {
            Some(value) => Value::Bool(value),
            None if scalar.is_typed_by_text() => {
                serde_json::from_str::<serde_json::Number>(&scalar.text)
                    .map_or_else(|_| Value::String(scalar.text.clone()), Value::Number)
            }
            None => Value::String(scalar.text.clone()),
        },
        Content::List(items) => Value::Array(items.iter().map(value).collect()),
        Content::Map(map) => {
            let entries = map.entries.iter().map(|entry| (entry.key.clone(), value(&entry.value)));
            Value::Object(entries.collect())
        }
    }
}
