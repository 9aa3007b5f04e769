//! `docs/components.md`: the registry as a page.

use super::{Component, NodeKind, Parameter, ParameterType, components};
use std::fmt::{self, Write as _};

impl Component {
    /// Where `docs/components.md` describes it.
    pub fn page(&self) -> String {
        format!("docs/components.md#{}-{}", self.kind.as_str(), self.name)
    }
}

/// What it holds, in words.
impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneOf(words) => return f.write_str(&words.join(" | ")),
            Self::Count(least) => return write!(f, "whole number from {least}"),
            Self::Text => "text",
            Self::Texts => "text or list of texts",
            Self::TextByName => "names, each with a text",
            Self::TextsByName => "names, each with a text or a list",
            Self::TextsOrTextByName => "list of texts, or names with a text each",
            Self::Share => "number above 0 and at most 1",
            Self::Integer => "whole number",
            Self::Boolean => "true | false",
            Self::LiteralByName => "names, each with a value",
            Self::Steps => "list of steps, each `name: {parameters}`",
            Self::Literals => "value or list of values",
        })
    }
}

/// `docs/components.md`.
pub fn components_page() -> String {
    let mut page = "# Components\n\nWritten by `cargo xtask codegen` from the registry that also checks documents; `tinderbox spec components TYPE` prints the \
         same. Every node may have `id`,\n`input`, `description` and `expectations` besides.\n"
        .to_owned();
    let groups = [
        (NodeKind::Source, "Sources"),
        (NodeKind::Transformation, "Transformations"),
        (NodeKind::Sink, "Sinks"),
    ];
    for (kind, title) in groups {
        let _ = write!(page, "\n## {title}\n");
        for component in components().filter(|component| component.kind == kind) {
            page.push_str(&section(component));
        }
    }
    page
}

fn section(component: &Component) -> String {
    let Component { name, kind, purpose, example, .. } = component;
    let mut text = format!("\n### {} {name}\n\n{purpose}", kind.as_str());
    if *kind == NodeKind::Transformation {
        let _ = write!(text, " Reads {}.", inputs(component));
    }
    text.push_str("\n\n```yaml\n- ");
    let _ = writeln!(text, "{}\n```\n", example.trim());
    if component.all_parameters().next().is_some() {
        text.push_str("| parameter | type | left out | for |\n|---|---|---|---|\n");
        component.all_parameters().for_each(|parameter| text.push_str(&row(parameter)));
    }
    text
}

fn inputs(component: &Component) -> String {
    let words = |count: usize| match count {
        0 => "none".to_owned(),
        1 => "one node".to_owned(),
        2 => "two nodes".to_owned(),
        n => format!("{n} nodes"),
    };
    match (component.inputs.min, component.inputs.max) {
        (min, max) if min == max => words(min),
        (min, usize::MAX) => format!("{} or more", words(min)),
        (min, max) => format!("{} to {max}", words(min)),
    }
}

fn row(parameter: &Parameter) -> String {
    let plain = |text: &str| text.replace('|', "\\|");
    let left_out = match (parameter.required, parameter.default) {
        (true, _) => "required".to_owned(),
        (false, Some(default)) => plain(default),
        (false, None) => "–".to_owned(),
    };
    let kind = plain(&parameter.kind.to_string());
    format!("| `{}` | {kind} | {left_out} | {} |\n", parameter.name, plain(parameter.purpose))
}
