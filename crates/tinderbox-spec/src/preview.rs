//! What a look at one node has to read.

use crate::operation::{JoinRight, Operation, SetOperation};
use crate::spec::{Node, Spec};
use std::collections::BTreeSet;
use tinderbox_model::NodeId;

/// The node and all that it reads, directly or not, in the order of the spec.
pub fn ancestors<'s>(spec: &'s Spec, node: &NodeId) -> Vec<&'s Node> {
    ancestors_until(spec.nodes(), &[node], |_| false)
}

/// The wanted nodes and all that they read, in the order of `nodes`, without those that are given and what only those read.
pub fn ancestors_until<'s>(
    nodes: &'s [Node],
    wanted: &[&NodeId],
    is_given: impl Fn(&NodeId) -> bool,
) -> Vec<&'s Node> {
    let mut needed: BTreeSet<&NodeId> = wanted.iter().copied().collect();
    // Inputs stand before the nodes that read them.
    let found = nodes.iter().rev().filter(|node| {
        let is_needed = needed.contains(&node.id) && !is_given(&node.id);
        if is_needed {
            needed.extend(&node.inputs);
        }
        is_needed
    });
    let mut found: Vec<&Node> = found.collect();
    found.reverse();
    found
}

/// The local files, folders and beginnings of patterns that a node reads, directly or not; relative ones start at the
/// document's folder.
pub fn preview_sources(spec: &Spec, node: &NodeId) -> Vec<String> {
    let needed = ancestors(spec, node);
    let inputs = spec.local_inputs().into_iter();
    let inputs = inputs.filter(|input| needed.iter().any(|node| node.id == input.node));
    inputs.map(|input| input.path).collect()
}

/// What of the document the rows of a node depend on, as a text: equal texts and unchanged [`preview_sources`] give equal rows.
/// `None` when something else counts too: a source that is no local file, a table of the catalog, a Python function.
pub fn preview_content(spec: &Spec, node: &NodeId) -> Option<String> {
    let inputs = spec.local_inputs();
    let tables = crate::table_names(spec);
    let mut content = format!("{:?} {:?}", spec.cluster().version, spec.conf());
    for node in ancestors(spec, node) {
        let is_known = match &node.operation {
            Operation::Read(_) => inputs.iter().any(|input| input.node == node.id),
            Operation::Join(join) => !matches!(join.right, JoinRight::CatalogTable(_)),
            Operation::ReadHttp(_) | Operation::Udf(_) => false,
            _ => true,
        };
        if !is_known {
            return None;
        }
        // `Debug` shows every field of an operation, and where it stands is none of them.
        let Node { id, operation, inputs, expectations, .. } = node;
        let table = tables.get(id);
        content.push_str(&format!("\n{id} {table:?} {operation:?} {inputs:?} {expectations:?}"));
    }
    Some(content)
}

/// Whether the first row of a node can depend on the last one of a source.
pub fn reads_all_rows(spec: &Spec, node: &NodeId) -> bool {
    ancestors(spec, node).iter().any(|node| match &node.operation {
        Operation::Join(_)
        | Operation::Aggregate(_)
        | Operation::Sql { .. }
        | Operation::Deduplicate { .. }
        | Operation::CountWindow(_)
        | Operation::Window(_)
        | Operation::Sort { .. } => true,
        Operation::Set(set) => {
            matches!(set, SetOperation::Intersect { .. } | SetOperation::Except { .. })
        }
        _ => false,
    })
}
