//! `tinderbox spec diff`.

use super::spec::{files, read, refused};
use crate::args::Format;
use crate::failure::Failure;
use crate::output;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use tinderbox_spec::{Choice, Difference, FieldDifference, differences};

/// Prints what differs.
pub fn diff(old: &Path, new: &Path, format: Format) -> Result<ExitCode, Failure> {
    let texts = (read(old)?, read(new)?);
    let of = |path: &Path, text: &str| Choice { files: files(path, text), ..Choice::default() };
    let choices = (of(old, &texts.0), of(new, &texts.1));
    let names = (old.display().to_string(), new.display().to_string());
    let found = differences((&names.0, &texts.0, &choices.0), (&names.1, &texts.1, &choices.1));
    let found = found.map_err(|wrong| {
        let of_old = wrong.first().is_some_and(|diagnostic| diagnostic.file == names.0);
        refused(&wrong, if of_old { &texts.0 } else { &texts.1 })
    })?;
    match format {
        Format::Json => output::json(&Value::Array(found.iter().map(to_json).collect())),
        Format::Table if found.is_empty() => output::data("no difference\n"),
        Format::Table => output::data(&found.iter().map(lines).collect::<String>()),
    }
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn lines(difference: &Difference) -> String {
    match difference {
        Difference::Field(field) => format!("~ {}\n", line(field)),
        Difference::NodeAdded { node, kind, type_word } => {
            format!("+ {} {node} ({type_word})\n", kind.as_str())
        }
        Difference::NodeRemoved { node, kind, type_word } => {
            format!("- {} {node} ({type_word})\n", kind.as_str())
        }
        Difference::NodeChanged { node, fields } => {
            let fields: String =
                fields.iter().map(|field| format!("    {}\n", line(field))).collect();
            format!("~ {node}\n{fields}")
        }
    }
}

fn line(field: &FieldDifference) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(left out)".to_owned());
    format!("{}: {} -> {}", field.path, text(&field.old), text(&field.new))
}

fn to_json(difference: &Difference) -> Value {
    let field =
        |field: &FieldDifference| json!({"path": field.path, "old": field.old, "new": field.new});
    match difference {
        Difference::Field(changed) => json!({"kind": "field", "fields": [field(changed)]}),
        Difference::NodeAdded { node, type_word, .. } => {
            json!({"kind": "node_added", "node": node, "type": type_word})
        }
        Difference::NodeRemoved { node, type_word, .. } => {
            json!({"kind": "node_removed", "node": node, "type": type_word})
        }
        Difference::NodeChanged { node, fields } => json!({
            "kind": "node_changed", "node": node, "fields": fields.iter().map(field).collect::<Vec<_>>(),
        }),
    }
}
