//! `tinderbox spec components`: the registry of node types.

use crate::args::Format;
use crate::failure::Failure;
use crate::output;
use serde_json::{Value, json};
use std::process::ExitCode;
use tinderbox_spec::{Component, components};

/// Lists all node types, or shows those of one name.
pub fn show(name: Option<&str>, format: Format) -> Result<ExitCode, Failure> {
    let found: Vec<&Component> = components()
        .filter(|component| name.is_none_or(|name| component.name.eq_ignore_ascii_case(name)))
        .collect();
    if found.is_empty() {
        let mut names: Vec<&str> = components().map(|component| component.name).collect();
        names.dedup();
        let hint = format!("one of: {}", names.join(", "));
        let message = format!("there is no node type `{}`", name.unwrap_or_default());
        return Err(Failure::refused(message, Some(hint)));
    }
    match format {
        Format::Json => {
            output::json(&Value::Array(found.iter().map(|component| to_json(component)).collect()));
        }
        Format::Table if name.is_some() => {
            let pages: Vec<String> = found.iter().map(|component| page(component)).collect();
            output::data(&pages.join("\n"));
        }
        Format::Table => {
            let lines = found.iter().map(|component| {
                format!(
                    "{:<15} {:<13} {}\n",
                    component.kind.as_str(),
                    component.name,
                    component.purpose
                )
            });
            output::data(&lines.collect::<String>());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn page(component: &Component) -> String {
    let mut page =
        format!("{} ({})\n  {}\n", component.name, component.kind.as_str(), component.purpose);
    for parameter in component.all_parameters() {
        let need = match (parameter.required, parameter.default) {
            (true, _) => "; required".to_owned(),
            (false, Some(default)) => format!("; default: {default}"),
            (false, None) => String::new(),
        };
        page.push_str(&format!(
            "  {:<17} {} [{}{need}]\n",
            parameter.name, parameter.purpose, parameter.kind
        ));
    }
    page.push_str(&format!("  example: {}\n", component.example));
    page
}

fn to_json(component: &Component) -> Value {
    json!({
        "name": component.name,
        "kind": component.kind.as_str(),
        "purpose": component.purpose,
        "inputs": {"min": component.inputs.min, "max": component.inputs.max},
        "page": component.page(),
        "example": component.example,
        "parameters": component.all_parameters().map(|parameter| json!({
            "name": parameter.name,
            "type": parameter.kind.to_string(),
            "required": parameter.required,
            "default": parameter.default,
            "purpose": parameter.purpose,
        })).collect::<Vec<_>>(),
    })
}
