//! `tinderbox spec components`: the registry of node types.

use crate::args::Format;
use crate::failure::Failure;
use crate::output;
use serde_json::{Value, json};
use std::process::ExitCode;
use tinderbox_spec::{Component, Parameter, ParameterType, components};

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
                let note = if component.can_compile() { "" } else { " (cannot be compiled yet)" };
                format!(
                    "{:<15} {:<13} {}{note}\n",
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
    if !component.can_compile() {
        page.push_str("  This version cannot compile it.\n");
    }
    for parameter in component.all_parameters() {
        let need = match (parameter.required, parameter.default) {
            (true, _) => "; required".to_owned(),
            (false, Some(default)) => format!("; default: {default}"),
            (false, None) => String::new(),
        };
        page.push_str(&format!(
            "  {:<17} {} [{}{need}]\n",
            parameter.name,
            parameter.purpose,
            kind_of(parameter)
        ));
    }
    page.push_str(&format!("  example: {}\n", component.example));
    page
}

fn kind_of(parameter: &Parameter) -> String {
    match parameter.kind {
        ParameterType::Text => "text".to_owned(),
        ParameterType::OneOf(words) => words.join(" | "),
        ParameterType::Texts => "text or list of texts".to_owned(),
        ParameterType::TextByName => "names, each with a text".to_owned(),
        ParameterType::TextsByName => "names, each with a text or a list".to_owned(),
        ParameterType::TextsOrTextByName => "list of texts, or names with a text each".to_owned(),
        ParameterType::Count(least) => format!("whole number from {least}"),
        ParameterType::Share => "number above 0 and at most 1".to_owned(),
        ParameterType::Integer => "whole number".to_owned(),
        ParameterType::Boolean => "true | false".to_owned(),
        ParameterType::LiteralByName => "names, each with a value".to_owned(),
        ParameterType::Steps => "list of steps, each `name: {parameters}`".to_owned(),
        ParameterType::Literals => "value or list of values".to_owned(),
    }
}

fn to_json(component: &Component) -> Value {
    json!({
        "name": component.name,
        "kind": component.kind.as_str(),
        "purpose": component.purpose,
        "compiles": component.can_compile(),
        "inputs": {"min": component.inputs.min, "max": component.inputs.max},
        "example": component.example,
        "parameters": component.all_parameters().map(|parameter| json!({
            "name": parameter.name,
            "type": kind_of(parameter),
            "required": parameter.required,
            "default": parameter.default,
            "purpose": parameter.purpose,
        })).collect::<Vec<_>>(),
    })
}
