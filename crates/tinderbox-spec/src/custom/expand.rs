//! From a node of a custom component to the nodes that it stands for.

use super::Custom;
use crate::diagnostic::{Report, Span};
use crate::graph::MOST_NODES;
use crate::parameters::{Piece, pieces};
use crate::tree::{Content, Entry, Map, Scalar, ScalarForm, Tree};
use std::collections::BTreeMap;

/// How deep components may use components.
const DEPTH_LIMIT: usize = 8;

/// The nodes that take the place of a transformation, by its place in the list: the path of each and the node.
pub(crate) type Expansions = BTreeMap<usize, Vec<(String, Tree)>>;

/// Expands every transformation that is of a custom component.
pub(crate) fn expanded(pipeline: &Tree, known: &[Custom], report: &mut Report<'_>) -> Expansions {
    let items = pipeline.at(&["transformations"]).and_then(Tree::as_list).unwrap_or_default();
    let mut taken: Vec<String> = items.iter().filter_map(|item| text_of(item, "id")).collect();
    let mut found = Expansions::new();
    for (at, item) in items.iter().enumerate() {
        let Some(custom) = component_of(item, known) else { continue };
        let path = format!("pipeline.transformations[{at}]");
        let numbered =
            || (1..).map(|n| format!("{}_{n}", custom.name)).find(|id| !taken.contains(id));
        let written = text_of(item, "id").or_else(|| text_of(item, "output"));
        let id = written.or_else(numbered).unwrap_or_default();
        taken.push(id.clone());
        let mut expansion = Expansion { known, nodes: Vec::new(), report, num_uses: 0 };
        expansion.add(item, custom, (&id, &path), 1);
        found.insert(at, expansion.nodes);
    }
    found
}

struct Expansion<'k, 'r, 'f> {
    known: &'k [Custom],
    nodes: Vec<(String, Tree)>,
    report: &'r mut Report<'f>,
    num_uses: usize,
}

impl Expansion<'_, '_, '_> {
    fn add(&mut self, node: &Tree, custom: &Custom, (id, path): (&str, &str), depth: usize) {
        let span = place_of(node);
        // Components of components multiply. That there are too many nodes is said where they are counted.
        self.num_uses += 1;
        if self.num_uses == MOST_NODES {
            let message = format!("`{}` makes more than {MOST_NODES} nodes", custom.name);
            self.report.error("spec::too-large", span, path, message).hint =
                Some("use fewer components in components".to_owned());
        }
        if self.num_uses >= MOST_NODES || self.nodes.len() > MOST_NODES {
            return;
        }
        if depth > DEPTH_LIMIT {
            let message =
                format!("components use components, deeper than {DEPTH_LIMIT}: `{}`", custom.name);
            self.report.error("spec::component", span, path, message).hint =
                Some("does one of them use itself?".to_owned());
            return;
        }
        let values = custom.values(node, path, span, self.report);
        let inputs = custom.read(node, path, span, self.report);
        let (Some(values), Some(inputs)) = (values, inputs) else { return };
        let id_of = |inner: &str| {
            if inner == custom.output { id.to_owned() } else { format!("{id}_{inner}") }
        };
        let mut names: BTreeMap<String, String> =
            custom.nodes.iter().map(|(inner, _)| (inner.clone(), id_of(inner))).collect();
        names.extend(inputs.iter().flatten().map(|(name, id)| (name.clone(), id.clone())));
        let scope = Scope { values: &values, names: &names, span };
        let mut before: Option<&str> = None;
        let mut made = Vec::new();
        for (inner, tree) in &custom.nodes {
            let mut tree = scope.put_in(tree, "");
            if let Content::Map(map) = &mut tree.content {
                set(map, "id", scalar(&id_of(inner), span));
                let says = map.get("input").is_some();
                match (before, &inputs) {
                    // The node before, whatever that is.
                    (None, None) => map.entries.retain(|entry| entry.key != "input"),
                    (None, Some(_)) if !says => {
                        let ids = custom.inputs.iter().filter_map(|name| names.get(name));
                        let list = ids.map(|id| scalar(id, span)).collect();
                        set(map, "input", Tree { content: Content::List(list), span });
                    }
                    (Some(before), _) if !says => set(map, "input", scalar(&id_of(before), span)),
                    _ => {}
                }
            }
            before = Some(inner);
            made.push((inner, tree));
        }
        // The node that gives the rows comes last: the next one reads it when it says nothing.
        made.sort_by_key(|(inner, _)| **inner == custom.output);
        for (inner, tree) in made {
            let path = format!("{path}.{inner}");
            match component_of(&tree, self.known) {
                Some(custom) => self.add(&tree, custom, (&id_of(inner), &path), depth + 1),
                None => self.nodes.push((path, tree)),
            }
        }
    }
}

/// What names mean inside of a component.
struct Scope<'s> {
    values: &'s BTreeMap<String, Tree>,
    /// Its nodes and inputs, with the ids that they have outside.
    names: &'s BTreeMap<String, String>,
    /// Where the node stands that uses it.
    span: Span,
}

impl Scope<'_> {
    fn put_in(&self, tree: &Tree, key: &str) -> Tree {
        let content = match &tree.content {
            Content::List(items) => {
                Content::List(items.iter().map(|item| self.put_in(item, key)).collect())
            }
            Content::Map(map) => {
                let entries = map.entries.iter().map(|entry| Entry {
                    key: entry.key.clone(),
                    key_span: self.span,
                    value: self.put_in(&entry.value, &entry.key),
                });
                Content::Map(Map { flow: map.flow, entries: entries.collect() })
            }
            Content::Scalar(scalar) => self.scalar(scalar, key),
        };
        Tree { content, span: self.span }
    }

    fn scalar(&self, scalar: &Scalar, key: &str) -> Content {
        if key == "input" {
            let text = self.names.get(&scalar.text).unwrap_or(&scalar.text).clone();
            return Content::Scalar(Scalar { text, style: scalar.style });
        }
        let parts = pieces(&scalar.text);
        if let [Piece::Parameter(name)] = parts.as_slice()
            && let Some(value) = self.values.get(*name)
        {
            return value.content.clone();
        }
        let mut text = String::new();
        let mut style = scalar.style;
        for piece in parts {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Secret(name) => text.push_str(&format!("${{secret:{name}}}")),
                Piece::Parameter(name) => {
                    style = ScalarForm::Substituted;
                    let value = self.values.get(name).and_then(Tree::as_scalar);
                    text.push_str(value.map_or("", |value| value.text.as_str()));
                }
            }
        }
        for (name, id) in self.names {
            // In a query the compiler knows this form; elsewhere SQL has the name of the view.
            let shown = if key == "query" { format!("{{{id}}}") } else { id.replace('-', "_") };
            text = text.replace(&format!("{{{name}}}"), &shown);
        }
        Content::Scalar(Scalar { text, style })
    }
}

fn component_of<'k>(node: &Tree, known: &'k [Custom]) -> Option<&'k Custom> {
    let word = text_of(node, "type").or_else(|| text_of(node, "operation"))?;
    known.iter().find(|custom| custom.name == word)
}

fn text_of(tree: &Tree, key: &str) -> Option<String> {
    let scalar = tree.as_map()?.get(key)?.value.as_scalar()?;
    (!scalar.is_null() && !scalar.text.is_empty()).then(|| scalar.text.clone())
}

/// Where its id stands, else its type.
fn place_of(node: &Tree) -> Span {
    let map = node.as_map();
    let entry = map.and_then(|map| map.get("id").or_else(|| map.get("type")));
    entry.map_or(node.span, |entry| entry.value.span)
}

fn set(map: &mut Map, key: &str, value: Tree) {
    map.entries.retain(|entry| entry.key != key);
    map.entries.push(Entry { key: key.to_owned(), key_span: value.span, value });
}

fn scalar(text: &str, span: Span) -> Tree {
    let scalar = Scalar { text: text.to_owned(), style: ScalarForm::DoubleQuoted };
    Tree { content: Content::Scalar(scalar), span }
}
