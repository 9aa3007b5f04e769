//! Names that no input has, as far as its columns are known without a server.

use crate::diagnostic::{Diagnostic, Severity};
use crate::finding::Finding;
use crate::lineage::{ColumnOf, NodeLineage, lineage_with};
use crate::nearest::nearest;
use crate::spec::Spec;
use std::collections::BTreeMap;
use tinderbox_model::NodeId;

/// Warns of columns that a node names and no input of it has. Known are those of `known`, by source, those that schemas declare,
/// and what nodes make of them. `text` is the document's.
///
/// Names are found in SQL by their shape, so only those are told that are near to a column there is: a name that SQL itself knows
/// is none of the user's mistakes.
pub fn unknown_columns(
    spec: &Spec,
    text: &str,
    known: &BTreeMap<NodeId, Vec<String>>,
) -> Vec<Diagnostic> {
    let lineage = lineage_with(spec, known);
    let mut found = Vec::new();
    for (node, made) in spec.nodes().iter().zip(&lineage.nodes) {
        let mut told: Vec<&str> = Vec::new();
        for ColumnOf { node: input, column } in named(made) {
            let Some(input) = lineage.node(input).filter(|input| is_known(input)) else { continue };
            if column == "*" || input.has(column) || told.contains(&column.as_str()) {
                continue;
            }
            let valid: Vec<&str> =
                input.columns.iter().map(|column| column.name.as_str()).collect();
            if nearest(column, valid.iter().copied()).is_none() || input.node == node.id {
                continue;
            }
            told.push(column);
            let finding = Finding {
                code: "columns::unknown",
                severity: Severity::Warning,
                message: format!("`{}` has no column `{column}`, as far as is known", input.node),
                word: Some(column),
                valid: &valid,
                hint: None,
            };
            found.push(spec.diagnostic(text, node, finding));
        }
    }
    found
}

fn named(node: &NodeLineage) -> impl Iterator<Item = &ColumnOf> {
    let from = node.columns.iter().flat_map(|column| &column.from);
    from.chain(node.rows.iter().map(|(column, _)| column))
}

/// Whether it has no columns but those that are named.
fn is_known(node: &NodeLineage) -> bool {
    !node.has_others && node.mixes.is_empty()
}
