//! Environments: what one document says differently for development, test and production.

use crate::diagnostic::{Report, Span};
use crate::fields::{Fields, wrong_type};
use crate::nearest::suggestion;
use crate::tree::{Content, Entry, Map, Tree};

/// What an environment may change. The pipeline is the same everywhere: where nodes differ, a parameter says how.
const SECTIONS: &[&str] = &["parameters", "cluster", "configuration", "schedule", "monitoring"];

/// The names of a document's environments and where each stands, in the order of the document.
pub(crate) fn declared(root: &Tree) -> Vec<(String, Span)> {
    entries(root).iter().map(|entry| (entry.key.clone(), entry.value.span)).collect()
}

/// Reports what is wrong with the form of the environments, whichever is chosen.
pub(crate) fn check(root: &Tree, report: &mut Report<'_>) {
    let Some(entry) = root.as_map().and_then(|map| map.get("environments")) else { return };
    if entry.value.is_null() {
        return;
    }
    if entry.value.as_map().is_none() {
        wrong_type(
            &entry.value,
            "environments",
            "a block of environments, each under its name",
            report,
        );
        return;
    }
    let parameters: Vec<&str> = root
        .at(&["parameters"])
        .and_then(Tree::as_map)
        .map(|map| map.entries.iter().map(|entry| entry.key.as_str()).collect())
        .unwrap_or_default();
    for entry in entries(root) {
        let path = format!("environments.{}", entry.key);
        if entry.value.is_null() {
            continue;
        }
        let Some(mut fields) = Fields::of(&entry.value, &path, report) else { continue };
        fields.allow(SECTIONS.iter().copied());
        for section in fields.entries() {
            let is_known = SECTIONS.contains(&section.key.as_str());
            if is_known && section.value.as_map().is_none() && !section.value.is_null() {
                let path = format!("{path}.{}", section.key);
                wrong_type(&section.value, &path, "a block of keys", report);
            }
        }
        fields.finish(report);
        let own = entry.value.at(&["parameters"]).and_then(Tree::as_map);
        for own in own.map_or(&[][..], |map| &map.entries) {
            if !parameters.contains(&own.key.as_str()) {
                let path = format!("{path}.parameters.{}", own.key);
                let message = format!("the job declares no parameter `{}`", own.key);
                report.error("spec::unknown-parameter", own.key_span, &path, message).hint =
                    Some(if parameters.is_empty() {
                        format!("declare it: `parameters: {{{}: …}}`", own.key)
                    } else {
                        suggestion(&own.key, &parameters)
                    });
            }
        }
    }
}

/// The document as it is in an environment: the environment's values over the document's own, block by block.
/// `None`, with an error, when there is no such environment.
pub(crate) fn applied(root: &Tree, name: &str, report: &mut Report<'_>) -> Option<Tree> {
    let Some(chosen) = entries(root).iter().find(|entry| entry.key == name) else {
        let known = declared(root);
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        let span = root.as_map().and_then(|map| map.get("environments")).map(|e| e.key_span);
        let message = format!("there is no environment `{name}`");
        report.error("spec::environment", span.unwrap_or_default(), "environments", message).hint =
            Some(if names.is_empty() {
                format!(
                    "declare it: `environments: {{{name}: {{parameters: …}}}}`, or leave `--env` out"
                )
            } else {
                suggestion(name, &names)
            });
        return None;
    };
    let mut tree = root.clone();
    let sections = chosen.value.as_map().map_or(&[][..], |map| &map.entries);
    if let Content::Map(map) = &mut tree.content {
        for section in sections.iter().filter(|section| SECTIONS.contains(&section.key.as_str())) {
            lay_over(map, section);
        }
    }
    Some(tree)
}

fn entries(root: &Tree) -> &[Entry] {
    root.at(&["environments"]).and_then(Tree::as_map).map_or(&[], |map| &map.entries)
}

/// Blocks are merged, everything else takes the other's place. A key without a value counts as left out.
fn lay_over(map: &mut Map, over: &Entry) {
    if over.value.is_null() {
        return;
    }
    let Some(under) = map.entries.iter_mut().find(|entry| entry.key == over.key) else {
        map.entries.push(over.clone());
        return;
    };
    match (&mut under.value.content, &over.value.content) {
        (Content::Map(under), Content::Map(over)) => {
            over.entries.iter().for_each(|entry| lay_over(under, entry));
        }
        _ => *under = over.clone(),
    }
}
