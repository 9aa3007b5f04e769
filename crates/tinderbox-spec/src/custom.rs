//! Custom components: a part of a pipeline with parameters, in a file of its own or in the document, used like any
//! other transformation.
//!
//! A node of a custom component becomes the nodes of the component before the graph is read. The one that gives the
//! component's rows gets the id of the node, the others that id with their own behind it.

mod expand;

use crate::component::{Component, NodeKind};
use crate::diagnostic::{Report, Span};
use crate::fields::{self, Fields, wrong_type};
use crate::nearest::suggestion;
use crate::parameters::{Piece, is_name, pieces};
use crate::tree::{self, Content, Tree};
use std::collections::BTreeMap;

pub(crate) use expand::{Expansions, expanded};

/// A component as its author wrote it.
#[derive(Debug, Clone)]
pub(crate) struct Custom {
    name: String,
    /// With their defaults.
    parameters: Vec<(String, Option<Tree>)>,
    /// Names under which its nodes read what the node reads; at least one.
    inputs: Vec<String>,
    /// Its nodes with their ids, at least one.
    nodes: Vec<(String, Tree)>,
    /// The id of the one that gives its rows.
    output: String,
}

/// The paths of the files that a document's `components` and `include` name, as written. Included files may name more: ask
/// for each of them too. Nothing is said about mistakes.
pub fn component_files(text: &str) -> Vec<String> {
    let mut report = Report::new("", text);
    let Some(root) = tree::parse(text, &mut report) else { return Vec::new() };
    let items = root.at(&["components"]).and_then(Tree::as_list).unwrap_or_default();
    let components = items.iter().filter_map(|item| Some(item.as_scalar()?.text.clone()));
    components.chain(crate::include::included_files(&root)).collect()
}

/// Reads `components`. `files` are texts by path as the document writes them.
pub(crate) fn read(
    fields: &mut Fields<'_>,
    files: &BTreeMap<String, String>,
    report: &mut Report<'_>,
) -> Vec<Custom> {
    let Some(entry) = fields.entry("components") else { return Vec::new() };
    let Some(items) = entry.value.as_list() else {
        wrong_type(&entry.value, "components", "a list of files, or of components", report);
        return Vec::new();
    };
    let mut found: Vec<Custom> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("components[{at}]");
        let custom = match item.as_scalar() {
            None => definition(item, &path, report),
            Some(file) => match files.get(&file.text) {
                Some(text) => of_file(&file.text, text, report),
                None => {
                    let message = format!("the file `{}` of a component is not there", file.text);
                    report.error("spec::component-file", item.span, &path, message).hint =
                        Some("a relative path starts at the document's folder".to_owned());
                    None
                }
            },
        };
        let Some(custom) = custom else { continue };
        if found.iter().any(|known| known.name == custom.name) {
            let message = format!("there are two components `{}`", custom.name);
            report.error("spec::component", item.span, &path, message).hint =
                Some("give each a name of its own".to_owned());
            continue;
        }
        found.push(custom);
    }
    found
}

/// What is wrong in the file is reported under its own name and lines.
fn of_file(file: &str, text: &str, report: &mut Report<'_>) -> Option<Custom> {
    let mut own = Report::new(file, text);
    let root = tree::parse(text, &mut own).filter(|_| !own.has_errors());
    let custom = root.and_then(|root| definition(&root, "", &mut own));
    report.take_in(own);
    custom
}

fn definition(tree: &Tree, path: &str, report: &mut Report<'_>) -> Option<Custom> {
    let before = report.error_count();
    let mut fields = Fields::of(tree, path, report)?;
    fields.name_as("a component");
    fields.text("description", report);
    let name = fields.text("component", report);
    match &name {
        None if fields.entry("component").is_none() => {
            let start = Span { start: fields.span.start, end: fields.span.start };
            let message = "this component has no name: `component`";
            report
                .error("spec::missing-field", start, &fields.path_of("component"), message)
                .hint = Some("for example `component: clean_orders`".to_owned());
        }
        None => {}
        Some(name) => {
            let is_taken = Component::find(NodeKind::Transformation, name).is_some();
            if is_taken || !is_name(name) {
                let message = if is_taken {
                    format!("`{}` is a component of Tinderbox's own", name.text)
                } else {
                    format!("`{}` cannot be a component's name", name.text)
                };
                report
                    .error("spec::component", name.span, &fields.path_of("component"), message)
                    .hint = Some("another name, of letters, digits and `_`".to_owned());
            }
        }
    }
    let parameters: Vec<(String, Option<Tree>)> = fields
        .block("parameters", report)
        .map(|block| {
            let entries = block.entries().iter();
            entries
                .map(|e| (e.key.clone(), (!e.value.is_null()).then(|| e.value.clone())))
                .collect()
        })
        .unwrap_or_default();
    let inputs = match fields.texts("inputs", report) {
        Some(inputs) if !inputs.is_empty() => inputs.into_iter().map(|input| input.text).collect(),
        _ => vec!["input".to_owned()],
    };
    let nodes = nodes(&mut fields, &parameters, report);
    let output = fields.text("output", report);
    if let Some(output) = &output
        && !nodes.iter().any(|(id, _)| *id == output.text)
    {
        let ids: Vec<&str> = nodes.iter().map(|(id, _)| id.as_str()).collect();
        let message = format!("the component has no node `{}`", output.text);
        report.error("spec::unknown-input", output.span, &fields.path_of("output"), message).hint =
            Some(suggestion(output, &ids));
    }
    let output = match output {
        Some(output) => output.text,
        None => nodes.last().map(|(id, _)| id.clone()).unwrap_or_default(),
    };
    fields.finish(report);
    let is_sound = report.error_count() == before;
    Some(Custom { name: name?.text, parameters, inputs, nodes, output }).filter(|_| is_sound)
}

/// The nodes with their ids: as written, else type and number.
fn nodes(
    fields: &mut Fields<'_>,
    parameters: &[(String, Option<Tree>)],
    report: &mut Report<'_>,
) -> Vec<(String, Tree)> {
    let path = fields.path_of("transformations");
    let items = match fields.entry("transformations") {
        Some(entry) => match entry.value.as_list() {
            Some(items) => items,
            None => {
                wrong_type(&entry.value, &path, "a list of nodes", report);
                return Vec::new();
            }
        },
        None => &[],
    };
    if items.is_empty() {
        let start = Span { start: fields.span.start, end: fields.span.start };
        let message = "this component has no nodes: `transformations`";
        report.error("spec::missing-field", start, &path, message);
    }
    let mut found: Vec<(String, Tree)> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let Content::Map(map) = &item.content else {
            wrong_type(item, &path, "a node", report);
            continue;
        };
        report_unknown_parameters(item, &path, parameters, report);
        let text = |key: &str| Some(map.get(key)?.value.as_scalar()?.text.clone());
        let word = text("type").or_else(|| text("operation")).unwrap_or_default();
        let id = text("id").unwrap_or_else(|| {
            (1..)
                .map(|n| format!("{word}_{n}"))
                .find(|id| !found.iter().any(|(known, _)| known == id))
                .unwrap_or_default()
        });
        if found.iter().any(|(known, _)| *known == id) {
            let message = format!("the component has two nodes `{id}`");
            report.error("spec::duplicate-id", item.span, &format!("{path}.id"), message);
        }
        found.push((id, item.clone()));
    }
    found
}

fn report_unknown_parameters(
    tree: &Tree,
    path: &str,
    parameters: &[(String, Option<Tree>)],
    report: &mut Report<'_>,
) {
    match &tree.content {
        Content::List(items) => items.iter().enumerate().for_each(|(at, item)| {
            report_unknown_parameters(item, &format!("{path}[{at}]"), parameters, report);
        }),
        Content::Map(map) => map.entries.iter().for_each(|entry| {
            let path = format!("{path}.{}", entry.key);
            report_unknown_parameters(&entry.value, &path, parameters, report);
        }),
        Content::Scalar(scalar) => {
            for piece in pieces(&scalar.text) {
                let Piece::Parameter(name) = piece else { continue };
                if !parameters.iter().any(|(known, _)| known == name) {
                    let names: Vec<&str> =
                        parameters.iter().map(|(name, _)| name.as_str()).collect();
                    let message = format!("the component has no parameter `{name}`");
                    report.error("spec::unknown-parameter", tree.span, path, message).hint =
                        Some(if names.is_empty() {
                            format!("declare it: `parameters: {{{name}: …}}`")
                        } else {
                            suggestion(name, &names)
                        });
                }
            }
        }
    }
}

impl Custom {
    /// The values of a node of this component, by parameter. What is missing or unknown is reported.
    fn values(
        &self,
        node: &Tree,
        path: &str,
        span: Span,
        report: &mut Report<'_>,
    ) -> Option<BTreeMap<String, Tree>> {
        let before = report.error_count();
        let names: Vec<&str> = self.parameters.iter().map(|(name, _)| name.as_str()).collect();
        let map = node.as_map()?;
        let own = |key: &str| {
            !matches!(
                key,
                "id" | "type" | "operation" | "description" | "input" | "output" | "parameters"
            )
        };
        let beside = map.entries.iter().filter(|entry| own(&entry.key));
        let below =
            node.at(&["parameters"]).and_then(Tree::as_map).map_or(&[][..], |map| &map.entries);
        let mut values = BTreeMap::new();
        for entry in beside.chain(below) {
            if !names.contains(&entry.key.as_str()) {
                let message = format!("`{}` has no field `{}`", self.name, entry.key);
                let path = format!("{path}.{}", entry.key);
                report.error("spec::unknown-key", entry.key_span, &path, message).hint =
                    Some(if names.is_empty() {
                        "it has no parameters".to_owned()
                    } else {
                        suggestion(&entry.key, &names)
                    });
            } else if !entry.value.is_null() {
                values.insert(entry.key.clone(), entry.value.clone());
            }
        }
        for (name, default) in &self.parameters {
            match (values.contains_key(name), default) {
                (true, _) => {}
                (false, Some(default)) => {
                    values.insert(name.clone(), default.clone());
                }
                (false, None) => {
                    let message = format!("`{}` needs `{name}`", self.name);
                    report.error(
                        "spec::missing-parameter",
                        span,
                        &format!("{path}.{name}"),
                        message,
                    );
                }
            }
        }
        (report.error_count() == before).then_some(values)
    }

    /// What the node reads, by the component's name for it; `None` where it says nothing and the node before is meant.
    fn read(
        &self,
        node: &Tree,
        path: &str,
        span: Span,
        report: &mut Report<'_>,
    ) -> Option<Option<BTreeMap<String, String>>> {
        let Some(entry) = node.as_map()?.get("input").filter(|entry| !entry.value.is_null()) else {
            let used_by: Vec<usize> = self.readers();
            if self.inputs.len() == 1 && used_by.iter().all(|at| *at == 0) {
                return Some(None);
            }
            let message = format!("`{}` reads {} nodes: say which", self.name, self.inputs.len());
            report.error("spec::missing-input", span, &format!("{path}.input"), message).hint =
                Some(format!("`input: [{}]`", self.inputs.join(", ")));
            return None;
        };
        let written = fields::texts(&entry.value, &format!("{path}.input"), report);
        if written.len() != self.inputs.len() {
            let message = format!(
                "`{}` reads {} nodes, this one {}",
                self.name,
                self.inputs.len(),
                written.len()
            );
            report
                .error("spec::inputs", entry.value.span, &format!("{path}.input"), message)
                .hint = Some(format!("in this order: {}", self.inputs.join(", ")));
            return None;
        }
        Some(Some(
            self.inputs.iter().cloned().zip(written.into_iter().map(|text| text.text)).collect(),
        ))
    }

    /// Places of the nodes that read the component's only input by name; the first one does when it says nothing.
    fn readers(&self) -> Vec<usize> {
        let reads = |tree: &Tree| match tree.as_map().and_then(|map| map.get("input")) {
            None => false,
            Some(entry) => match &entry.value.content {
                Content::List(items) => items
                    .iter()
                    .any(|item| item.as_scalar().is_some_and(|s| self.inputs.contains(&s.text))),
                Content::Scalar(scalar) => self.inputs.contains(&scalar.text),
                Content::Map(_) => false,
            },
        };
        self.nodes
            .iter()
            .enumerate()
            .filter(|(_, (_, tree))| reads(tree))
            .map(|(at, _)| at)
            .collect()
    }
}
