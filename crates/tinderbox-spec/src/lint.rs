//! Best practices: what works, and would work better or more safely another way. Each rule has a code and says why.
//!
//! Only what a document alone can show. What needs figures of runs is the business of findings.

mod cluster;
mod pipeline;

use crate::diagnostic::{Diagnostic, Severity};
use crate::spec::{Node, Place, Spec};
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::NodeId;

/// What could be better, ordered by position in the document. All are warnings.
pub fn lint(spec: &Spec) -> Vec<Diagnostic> {
    let mut lints =
        Lints { spec, readers: readers(spec), costly: pipeline::costly(spec), found: Vec::new() };
    pipeline::check(&mut lints);
    cluster::check(&mut lints);
    lints.found.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.code));
    lints.found
}

struct Lints<'s> {
    spec: &'s Spec,
    /// The nodes that read a node.
    readers: BTreeMap<&'s NodeId, Vec<&'s Node>>,
    /// Nodes that are dear to compute again.
    costly: BTreeSet<&'s NodeId>,
    found: Vec<Diagnostic>,
}

fn readers(spec: &Spec) -> BTreeMap<&NodeId, Vec<&Node>> {
    let mut readers: BTreeMap<&NodeId, Vec<&Node>> = BTreeMap::new();
    for node in spec.nodes() {
        for input in &node.inputs {
            readers.entry(input).or_default().push(node);
        }
    }
    readers
}

impl<'s> Lints<'s> {
    fn readers(&self, node: &Node) -> &[&'s Node] {
        self.readers.get(&node.id).map_or(&[], Vec::as_slice)
    }

    fn input(&self, node: &Node) -> Option<&'s Node> {
        let input = node.inputs.first()?;
        self.spec.nodes().iter().find(|other| other.id == *input)
    }

    fn at_node(&mut self, node: &Node, code: &'static str, message: String, hint: &str) {
        self.at(&node.place, code, message, hint);
    }

    /// At a top-level section of the document, or at its beginning where it has none.
    fn at_section(&mut self, section: &str, code: &'static str, message: String, hint: &str) {
        let place = self.spec.sections.get(section).cloned().unwrap_or_default();
        self.at(&place, code, message, hint);
    }

    fn at(&mut self, place: &Place, code: &'static str, message: String, hint: &str) {
        let mut found = place.diagnostic(Severity::Warning, code, self.spec.file(), message);
        found.hint = Some(hint.to_owned());
        self.found.push(found);
    }
}
