//! What ran, as nodes to draw.

use crate::component::NodeKind;
use serde_json::{Map, Value, json};

/// The plan of a SQL execution as nodes, each after those that it reads. To look at: it is no job that could be compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct JobGraph {
    /// The description of the execution.
    pub name: String,
    /// Whether this is the plan that ran to its end; false where a log ends before adaptive execution has told its last plan.
    pub is_final: bool,
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
    /// Spark's name of the operator, for example `SortMergeJoin`.
    pub operator: String,
    /// A line for people.
    pub label: String,
    /// Parameters of the component as far as the plan tells them.
    pub parameters: Map<String, Value>,
    /// The nodes whose rows it reads, in the order of the plan; one that it reads twice stands twice.
    pub inputs: Vec<String>,
    /// The nodes whose result it uses as a value or as a list of values: scalar subqueries, filters found while it runs.
    pub subqueries: Vec<String>,
    /// The operators of the plan that it stands for, by their numbers there. A shared exchange is part of each of its readers.
    pub operators: Vec<i64>,
    /// The rows that it gave or wrote, where Spark counts them.
    pub rows: Option<u64>,
}

impl JobGraph {
    /// The JSON form: `name`, `read_only` (always true), `final`, and `nodes` with `id`, `kind`, `type` and the other fields of
    /// [`GraphNode`].
    pub fn to_json(&self) -> Value {
        let nodes = self.nodes.iter().map(|node| {
            json!({
                "id": node.id,
                "kind": node.kind.as_str(),
                "type": node.component,
                "operator": node.operator,
                "label": node.label,
                "parameters": node.parameters,
                "inputs": node.inputs,
                "subqueries": node.subqueries,
                "operators": node.operators,
                "rows": node.rows,
            })
        });
        json!({
            "name": self.name,
            "read_only": true,
            "final": self.is_final,
            "nodes": nodes.collect::<Vec<_>>(),
        })
    }
}
