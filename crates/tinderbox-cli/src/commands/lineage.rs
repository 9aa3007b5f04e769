//! `tinderbox lineage`: where columns come from, from a spec alone.

use crate::args::{Chosen, Format};
use crate::commands::spec::{open, refused};
use crate::failure::Failure;
use crate::output;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use tinderbox_spec::{ColumnOf, Lineage, NodeLineage, lineage};

/// Prints the lineage of a spec; of one column when `column` names it as `node.column`.
pub fn show(
    path: &Path,
    column: Option<&str>,
    chosen: Chosen,
    format: Format,
) -> Result<ExitCode, Failure> {
    let (text, choice) = open(path, chosen)?;
    let name = path.display().to_string();
    let loaded = tinderbox_spec::load(&name, &text, &choice)
        .map_err(|diagnostics| refused(&diagnostics, &text))?;
    let lineage = lineage(&loaded.spec);
    let wanted = column.map(|column| wanted(&lineage, column)).transpose()?;
    let nodes = lineage
        .nodes
        .iter()
        .filter(|node| wanted.as_ref().is_none_or(|wanted| wanted.node == node.node));
    let is_wanted =
        |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.column.eq_ignore_ascii_case(name));
    match format {
        Format::Json => output::json(&json!({
            "spec": name,
            "nodes": nodes.map(|node| to_json(&lineage, node, is_wanted)).collect::<Vec<_>>(),
        })),
        Format::Table => nodes.for_each(|node| output::data(&to_text(&lineage, node, is_wanted))),
    }
    Ok(ExitCode::SUCCESS)
}

fn wanted(lineage: &Lineage, column: &str) -> Result<ColumnOf, Failure> {
    let node = column.split_once('.').and_then(|(node, column)| {
        let node = lineage.nodes.iter().find(|known| known.node.as_str() == node)?;
        Some((node, column))
    });
    let Some((node, column)) = node else {
        let ids: Vec<&str> = lineage.nodes.iter().map(|node| node.node.as_str()).collect();
        return Err(Failure::refused(
            format!("`{column}` names no column of a node"),
            Some(format!("write NODE.COLUMN; nodes: {}", ids.join(", "))),
        ));
    };
    let is_known = node.columns.iter().any(|known| known.name.eq_ignore_ascii_case(column));
    if !is_known && !node.has_others {
        let names: Vec<&str> = node.columns.iter().map(|known| known.name.as_str()).collect();
        return Err(Failure::refused(
            format!("`{}` has no column `{column}`", node.node),
            Some(format!("its columns: {}", names.join(", "))),
        ));
    }
    Ok(ColumnOf { node: node.node.clone(), column: column.to_owned() })
}

fn to_json(lineage: &Lineage, node: &NodeLineage, is_wanted: impl Fn(&str) -> bool) -> Value {
    let columns = node.columns.iter().filter(|column| is_wanted(&column.name)).map(|column| {
        json!({
            "name": column.name,
            "transformation": column.how.as_str(),
            "from": column.from.iter().map(reference).collect::<Vec<_>>(),
            "origins": origins(lineage, node, &column.name).iter().map(reference).collect::<Vec<_>>(),
        })
    });
    let rows = node.rows.iter().map(|(column, influence)| {
        json!({ "node": column.node.as_str(), "column": column.column, "transformation": influence.as_str() })
    });
    json!({
        "node": node.node.as_str(),
        "columns": columns.collect::<Vec<_>>(),
        "has_other_columns": node.has_others,
        "rows": rows.collect::<Vec<_>>(),
    })
}

fn to_text(lineage: &Lineage, node: &NodeLineage, is_wanted: impl Fn(&str) -> bool) -> String {
    let mut text = format!("{}\n", node.node);
    for column in node.columns.iter().filter(|column| is_wanted(&column.name)) {
        let origins: Vec<String> = origins(lineage, node, &column.name).iter().map(shown).collect();
        let from = if origins.is_empty() { "nothing".to_owned() } else { origins.join(", ") };
        text.push_str(&format!("  {:<24} from {from}\n", column.name));
    }
    if node.has_others {
        text.push_str("  and columns that only the data knows\n");
    }
    for (column, influence) in &node.rows {
        let word = influence.as_str().to_lowercase().replace('_', " ");
        text.push_str(&format!("  rows: {word} by {}\n", shown(column)));
    }
    text
}

/// Of a column that is a source's own, nothing: it is its origin.
fn origins(lineage: &Lineage, node: &NodeLineage, column: &str) -> Vec<ColumnOf> {
    let of = ColumnOf { node: node.node.clone(), column: column.to_owned() };
    lineage.origins(&of).into_iter().collect()
}

fn reference(column: &ColumnOf) -> Value {
    json!({ "node": column.node.as_str(), "column": column.column })
}

fn shown(column: &ColumnOf) -> String {
    format!("{}.{}", column.node, column.column)
}
