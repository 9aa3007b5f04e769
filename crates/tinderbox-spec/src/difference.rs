//! What differs between two documents, by what they say and not by how they are written.

use crate::component::NodeKind;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Choice, load};
use crate::graph::drafts;
use crate::include::read_document;
use crate::tree::{Content, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// A difference between two documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A field outside the pipeline.
    Field(FieldDifference),
    /// A node that only the new document has.
    NodeAdded {
        /// Its id.
        node: String,
        /// Source, transformation or sink.
        kind: NodeKind,
        /// Its type.
        type_word: String,
    },
    /// A node that only the old document has.
    NodeRemoved {
        /// Its id.
        node: String,
        /// Source, transformation or sink.
        kind: NodeKind,
        /// Its type.
        type_word: String,
    },
    /// A node that both have, with other fields.
    NodeChanged {
        /// Its id.
        node: String,
        /// At least one.
        fields: Vec<FieldDifference>,
    },
}

/// A field with other values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDifference {
    /// Its path: `cluster.executor.memory`, or of a node `aggregations.revenue`.
    pub path: String,
    /// In the old document, where it has the field.
    pub old: Option<String>,
    /// In the new one.
    pub new: Option<String>,
}

/// Compares two documents, each its name, its text and what is chosen of it (its files; values count as they are written): first the fields outside the pipeline, then the nodes in the order of
/// the new document, then those that are gone. Nodes are the same when their ids are. Comments, order of keys, quotes, and
/// whether parameters stand in a block of their own do not count; inputs that are left out count as those that they are.
///
/// # Errors
/// What is wrong with either document; a document with errors cannot be compared.
pub fn differences(
    old: (&str, &str, &Choice),
    new: (&str, &str, &Choice),
) -> Result<Vec<Difference>, Vec<Diagnostic>> {
    let (old, new) = (Flat::of(old)?, Flat::of(new)?);
    let mut found: Vec<Difference> =
        compared(&old.fields, &new.fields).into_iter().map(Difference::Field).collect();
    for node in &new.nodes {
        match old.nodes.iter().find(|other| other.id == node.id && other.kind == node.kind) {
            None => found.push(Difference::NodeAdded {
                node: node.id.clone(),
                kind: node.kind,
                type_word: node.type_word.clone(),
            }),
            Some(other) => {
                let fields = compared(&other.fields, &node.fields);
                if !fields.is_empty() {
                    found.push(Difference::NodeChanged { node: node.id.clone(), fields });
                }
            }
        }
    }
    for node in &old.nodes {
        if !new.nodes.iter().any(|other| other.id == node.id && other.kind == node.kind) {
            found.push(Difference::NodeRemoved {
                node: node.id.clone(),
                kind: node.kind,
                type_word: node.type_word.clone(),
            });
        }
    }
    Ok(found)
}

/// A document as paths with their texts.
struct Flat {
    fields: BTreeMap<String, String>,
    nodes: Vec<FlatNode>,
}

struct FlatNode {
    id: String,
    kind: NodeKind,
    type_word: String,
    fields: BTreeMap<String, String>,
}

impl Flat {
    fn of((file, text, choice): (&str, &str, &Choice)) -> Result<Self, Vec<Diagnostic>> {
        let loaded = load(file, text, choice)?;
        let mut report = Report::new(file, text);
        let Some(root) = read_document(text, &choice.files, &mut report) else {
            return Err(report.into_sorted());
        };
        let mut flat = Self { fields: BTreeMap::new(), nodes: Vec::new() };
        for entry in root.as_map().map_or(&[][..], |map| &map.entries) {
            if !["include", "pipeline"].contains(&entry.key.as_str()) {
                flatten(&entry.value, &entry.key, &mut flat.fields);
            }
        }
        for draft in root.at(&["pipeline"]).map(drafts).unwrap_or_default() {
            let mut fields = BTreeMap::new();
            for entry in draft.tree.as_map().map_or(&[][..], |map| &map.entries) {
                match entry.key.as_str() {
                    "id" | "input" | "operation" | "type" => {}
                    "parameters" => {
                        for entry in entry.value.as_map().map_or(&[][..], |map| &map.entries) {
                            flatten(&entry.value, &entry.key, &mut fields);
                        }
                    }
                    key => flatten(&entry.value, key, &mut fields),
                }
            }
            let type_word =
                draft.type_word.as_ref().map(|word| word.text.clone()).unwrap_or_default();
            fields.insert("type".to_owned(), type_word.clone());
            if let Some(node) = loaded.spec.nodes().iter().find(|node| node.id.as_str() == draft.id)
            {
                let inputs: Vec<&str> = node.inputs.iter().map(|input| input.as_str()).collect();
                if !inputs.is_empty() {
                    fields.insert("input".to_owned(), inputs.join(", "));
                }
            }
            flat.nodes.push(FlatNode { id: draft.id, kind: draft.kind, type_word, fields });
        }
        Ok(flat)
    }
}

/// Lists of one element are the element, as the fields that hold lists of texts read them.
fn flatten(tree: &Tree, path: &str, into: &mut BTreeMap<String, String>) {
    match &tree.content {
        Content::Scalar(scalar) if scalar.is_null() => {}
        Content::Scalar(scalar) => {
            into.insert(path.to_owned(), scalar.text.clone());
        }
        Content::List(items) if items.iter().all(|item| item.as_scalar().is_some()) => {
            let texts: Vec<&str> =
                items.iter().filter_map(|item| Some(item.as_scalar()?.text.as_str())).collect();
            let text = match texts.as_slice() {
                [only] => (*only).to_owned(),
                texts => format!("[{}]", texts.join(", ")),
            };
            into.insert(path.to_owned(), text);
        }
        Content::List(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}[{at}]"), into);
            }
        }
        Content::Map(map) => {
            for entry in &map.entries {
                flatten(&entry.value, &format!("{path}.{}", entry.key), into);
            }
        }
    }
}

fn compared(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Vec<FieldDifference> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        .map(|path| FieldDifference {
            path: path.clone(),
            old: old.get(path).cloned(),
            new: new.get(path).cloned(),
        })
        .collect()
}
