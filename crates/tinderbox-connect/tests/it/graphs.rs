//! Graphs whose rows are compared: the cases of transformations, graphs written by hand, and drawn ones.

mod drawn;
mod expressions;
mod tables;
mod written;

pub use tables::{FILES, TABLES};

use crate::transformation_cases::{INPUTS, SAME_ROWS, cases};
use std::fmt::Write as _;

/// A graph with one end.
#[derive(Debug, Clone)]
pub struct Graph {
    /// What it is called in reports.
    pub name: String,
    /// Ids of the tables that it reads.
    tables: Vec<String>,
    /// Its nodes as flow mappings of YAML, each after its inputs.
    nodes: Vec<String>,
    /// The id of the node whose rows are compared.
    pub end: String,
    /// Whether the end orders all its rows.
    pub is_sorted: bool,
}

impl Graph {
    /// As a document whose tables lie in `folder`.
    pub fn document(&self, folder: &str) -> String {
        let mut text = format!(
            "name: {}\nconfiguration: {{checkpointLocation: {folder}/checkpoints}}\npipeline:\n",
            self.name.replace([' ', ':'], "-")
        );
        if !self.tables.is_empty() {
            text.push_str("  sources:\n");
        }
        for table in &self.tables {
            let file = FILES.iter().find(|(name, _)| name == table);
            let source = file.map_or("type: parquet", |(_, file)| file.source);
            writeln!(text, "    - {{id: {table}, {source}, path: {folder}/{table}}}").unwrap();
        }
        text.push_str("  transformations:\n");
        for node in &self.nodes {
            writeln!(text, "    - {node}").unwrap();
        }
        writeln!(
            text,
            "  sinks:\n    - {{id: end, type: parquet, input: {}, path: {folder}/end}}",
            self.end
        )
        .unwrap();
        text
    }
}

/// All of them, always the same and in the same order.
pub fn all() -> Vec<Graph> {
    let mut graphs = transformations();
    graphs.extend(written::graphs());
    graphs.extend((1..=110).map(drawn::graph));
    graphs
}

/// Drawn by numbers that nobody has tried.
pub fn fresh(seed: u64, count: u64) -> Vec<Graph> {
    (0..count).map(|at| drawn::graph(seed.wrapping_add(at))).collect()
}

/// The cases of every transformation.
fn transformations() -> Vec<Graph> {
    let all = cases().into_iter().map(|(node, _)| node.to_owned());
    let all = all.chain(SAME_ROWS.iter().map(|node| format!("{node}, input: orders")));
    all.enumerate()
        .map(|(at, node)| {
            // Those that others read come first; the rest of them is left out where nothing reads it.
            let mut nodes: Vec<String> = Vec::new();
            let reads = |text: &str, id: &str| {
                text.split(|c: char| !c.is_alphanumeric()).any(|word| word == id)
            };
            let is_ordered = reads(&node, "ordered");
            for (id, input) in INPUTS {
                if reads(&node, id) || is_ordered && *id == "orders" {
                    nodes.push(format!("{{id: {id}, {input}}}"));
                }
            }
            nodes.push(format!("{{id: case, {node}}}"));
            Graph {
                name: format!("case {at}: {node}"),
                tables: Vec::new(),
                nodes,
                end: "case".to_owned(),
                is_sorted: false,
            }
        })
        .collect()
}
