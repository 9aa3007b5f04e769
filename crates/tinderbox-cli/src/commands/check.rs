//! `tinderbox check`: what is wrong with a spec, from the file alone or with a server that knows columns and types.

use super::history::{server_of, side};
use super::preview::folder_of;
use super::spec::{open, to_json};
use crate::args::{Chosen, Format};
use crate::failure::Failure;
use crate::output;
use crate::signals::{STOPPED, stopped};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use tinderbox_app::{Column, NodeColumns, Problem, ProblemKind, SparkPlaces, SpecColumns};
use tinderbox_model::NodeId;
use tinderbox_spec::{Delivery, Diagnostic, Finding, Node, Severity, Spec, unknown_columns};

/// Everything that is known of a spec.
#[derive(Default)]
struct Checked {
    diagnostics: Vec<Diagnostic>,
    nodes: usize,
    delivery: Vec<Delivery>,
    columns: Option<SpecColumns>,
}

/// Checks a spec: exit code 1 when it has errors.
pub async fn check(
    path: &Path,
    chosen: Chosen,
    engine: Option<&str>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let server = engine.map(|engine| server_of(engine, "--engine")).transpose()?;
    let (text, choice) = open(path, chosen)?;
    let name = path.display().to_string();
    let checked = match tinderbox_spec::load(&name, &text, &choice) {
        Err(diagnostics) => Checked { diagnostics, ..Checked::default() },
        Ok(loaded) => {
            let columns = match server {
                None => None,
                Some(server) => match columns(&loaded.spec, path, server.as_deref()).await? {
                    None => return Ok(ExitCode::from(STOPPED)),
                    columns => columns,
                },
            };
            let mut diagnostics = tinderbox_spec::lint(&loaded.spec);
            diagnostics.extend(loaded.warnings);
            match &columns {
                Some(known) => diagnostics.extend(told(&loaded.spec, &text, known)),
                None => {
                    let known = tinderbox_app::known_columns(&loaded.spec, &folder_of(path));
                    diagnostics.extend(unknown_columns(&loaded.spec, &text, &known));
                }
            }
            diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
            let delivery = tinderbox_spec::delivery(&loaded.spec);
            Checked { diagnostics, nodes: loaded.spec.nodes().len(), delivery, columns }
        }
    };
    let is_valid = !checked.diagnostics.iter().any(|found| found.severity == Severity::Error);
    match format {
        Format::Json => output::json(&object(&name, &checked, is_valid)),
        Format::Table => print(&name, &text, &checked, is_valid),
    }
    Ok(if is_valid { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn columns(
    spec: &Spec,
    path: &Path,
    server: Option<&str>,
) -> Result<Option<SpecColumns>, Failure> {
    let places = SparkPlaces::from_environment();
    let folder = folder_of(path);
    Ok(tinderbox_app::spec_columns(&places, spec, &folder, server, stopped()).await?)
}

fn print(name: &str, text: &str, checked: &Checked, is_valid: bool) {
    for diagnostic in &checked.diagnostics {
        output::note(&diagnostic.render(text));
    }
    for Delivery { sink, guarantee, reason } in &checked.delivery {
        output::note(&format!("note: `{sink}` delivers {guarantee}: {reason}"));
    }
    if let Some(known) = &checked.columns {
        output::data(&table(known));
        output::note(&format!("columns as {} says", known.engine));
    }
    if is_valid {
        let remarks = match checked.diagnostics.len() {
            0 => String::new(),
            n => format!(", {n} remark{}", if n == 1 { "" } else { "s" }),
        };
        output::data(&format!("{name}: valid, {} nodes{remarks}\n", checked.nodes));
    }
}

fn table(known: &SpecColumns) -> String {
    let row = |(node, columns): &(NodeId, NodeColumns)| {
        let columns = match columns {
            NodeColumns::Known(columns) => {
                let columns = columns.iter().map(|Column { name, kind }| format!("{name} {kind}"));
                columns.collect::<Vec<_>>().join(", ")
            }
            _ => "not known".to_owned(),
        };
        vec![node.to_string(), columns]
    };
    let rows: Vec<Vec<String>> = known.nodes.iter().map(row).collect();
    output::table(&[("NODE", side("string")), ("COLUMNS", side("string"))], &rows)
}

fn object(name: &str, checked: &Checked, is_valid: bool) -> Value {
    let mut object = json!({
        "spec": name,
        "valid": is_valid,
        "diagnostics": checked.diagnostics.iter().map(to_json).collect::<Vec<_>>(),
        "delivery": checked.delivery.iter().map(|delivery| json!({
            "sink": delivery.sink.as_str(),
            "guarantee": delivery.guarantee.as_str(),
            "reason": delivery.reason,
        })).collect::<Vec<_>>(),
    });
    if let Some(known) = &checked.columns {
        let column = |column: &Column| json!({ "name": column.name, "type": column.kind });
        let node = |(node, columns): &(NodeId, NodeColumns)| {
            let columns = match columns {
                NodeColumns::Known(columns) => Some(columns.iter().map(column).collect::<Vec<_>>()),
                _ => None,
            };
            json!({ "node": node.as_str(), "columns": columns })
        };
        object["engine"] = json!(known.engine);
        object["columns"] = known.nodes.iter().map(node).collect();
    }
    object
}

/// What a server says against nodes. Of nodes behind a wrong one nothing is said.
fn told(spec: &Spec, text: &str, known: &SpecColumns) -> Vec<Diagnostic> {
    let nodes = spec.nodes().iter().zip(&known.nodes);
    let told = nodes.filter_map(|(node, (_, columns))| {
        let valid = names(node, known);
        Some(spec.diagnostic(text, node, finding(columns, &valid, &known.engine)?))
    });
    told.collect()
}

/// The columns that the inputs of a node have.
fn names<'a>(node: &Node, known: &'a SpecColumns) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for (id, columns) in &known.nodes {
        if let (true, NodeColumns::Known(columns)) = (node.inputs.contains(id), columns) {
            names.extend(columns.iter().map(|column| column.name.as_str()));
        }
    }
    names
}

fn finding<'a>(
    columns: &'a NodeColumns,
    valid: &'a [&'a str],
    engine: &str,
) -> Option<Finding<'a>> {
    let is_about = |problem: &'a Problem| match &problem.kind {
        ProblemKind::Column(name) => ("columns::unknown", Some(name.as_str())),
        ProblemKind::Function(name) => ("columns::function", Some(name.as_str())),
        ProblemKind::Table(name) => ("columns::table", Some(name.as_str())),
        ProblemKind::Syntax => ("columns::syntax", None),
        _ => ("columns::wrong", None),
    };
    Some(match columns {
        NodeColumns::Known(_) | NodeColumns::Behind => return None,
        NodeColumns::Wrong(problem) => {
            let (code, word) = is_about(problem);
            let valid = if code == "columns::unknown" { valid } else { &[] };
            let severity = Severity::Error;
            Finding { code, severity, message: problem.to_string(), word, valid, hint: None }
        }
        NodeColumns::Unread(problem) => Finding {
            code: "columns::unread",
            severity: Severity::Warning,
            message: format!("{engine} cannot read it, so its columns are not known: {problem}"),
            word: is_about(problem).1,
            valid: &[],
            hint: Some(
                "it may be there when the job runs; what reads it was not checked".to_owned(),
            ),
        },
        NodeColumns::Refused(refusal) => Finding {
            code: "columns::not-checked",
            severity: Severity::Warning,
            message: refusal.to_string(),
            word: None,
            valid: &[],
            hint: Some(
                match refusal.hint() {
                    Some(hint) if hint.contains("--engine") => {
                        "check on Spark: --engine sc://HOST:PORT"
                    }
                    _ => "what reads it was not checked",
                }
                .to_owned(),
            ),
        },
    })
}
