//! `${param:name}` and `${secret:NAME}` in values.

use crate::diagnostic::{Report, Span};
use crate::fields::{self, Fields};
use crate::nearest::{nearest, suggestion};
use crate::tree::{Content, Scalar, ScalarForm, Tree};
use std::collections::BTreeMap;

/// A part of a text with references.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Text(&'t str),
    /// `${param:name}`.
    Parameter(&'t str),
    /// `${secret:NAME}`.
    Secret(&'t str),
}

/// Splits a text at its references. Any other `${…}` is text: Spark and shells have their own.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest[from..].find("${").map(|at| at + from) {
        let reference = rest[at + 2..].split_once('}').and_then(|(inner, after)| {
            let (word, name) = inner.split_once(':')?;
            match word {
                "param" => Some((Piece::Parameter(name), after)),
                "secret" => Some((Piece::Secret(name), after)),
                _ => None,
            }
        });
        match reference {
            Some((piece, after)) => {
                if at > 0 {
                    pieces.push(Piece::Text(&rest[..at]));
                }
                pieces.push(piece);
                rest = after;
                from = 0;
            }
            None => from = at + 2,
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Whether a text refers to a secret.
pub fn has_secret(text: &str) -> bool {
    pieces(text).iter().any(|piece| matches!(piece, Piece::Secret(_)))
}

/// The names of the secrets that a text refers to, in their order.
pub fn secret_names(text: &str) -> Vec<&str> {
    let names = pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Secret(name) => Some(name),
        _ => None,
    });
    names.collect()
}

/// The environment variable that holds a secret.
pub fn secret_variable(name: &str) -> String {
    format!("TINDERBOX_SECRET_{name}")
}

/// The text with what `value_of` gives for the names of its secrets in their places.
///
/// # Errors
/// The name of the first secret that has no value.
pub fn with_secrets(
    text: &str,
    value_of: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut whole = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(part) => whole.push_str(part),
            Piece::Secret(name) => {
                whole.push_str(&value_of(name).ok_or_else(|| name.to_owned())?);
            }
            // Put in when the document was read; what is left is text.
            Piece::Parameter(name) => whole.push_str(&format!("${{param:{name}}}")),
        }
    }
    Ok(whole)
}

/// Letters, digits and `_`, not beginning with a digit: safe in `--set name=value` and in environment names.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The effective parameters (defaults, then overrides), put into every value of `root` outside `parameters:`.
pub(crate) fn substitute(
    root: &mut Tree,
    overrides: &BTreeMap<String, String>,
    report: &mut Report<'_>,
) -> BTreeMap<String, String> {
    let declared = declared(root, report);
    let names: Vec<&str> = declared.keys().map(String::as_str).collect();
    for name in overrides.keys().filter(|name| !declared.contains_key(*name)) {
        let message =
            format!("a value was given for `{name}`, but the job declares no such parameter");
        let span = root.as_map().and_then(|map| map.get("parameters")).map(|e| e.key_span);
        report
            .error("spec::unknown-parameter", span.unwrap_or_default(), "parameters", message)
            .hint = Some(if names.is_empty() {
            format!("declare it: `parameters: {{{name}: …}}`")
        } else {
            suggestion(name, &names)
        });
    }
    let mut values: BTreeMap<String, Option<String>> = declared.clone();
    for (name, value) in overrides {
        if let Some(known) = values.get_mut(name) {
            *known = Some(value.clone());
        }
    }
    if let Content::Map(map) = &mut root.content {
        for entry in map.entries.iter_mut().filter(|entry| {
            !["include", "parameters", "environments", "components"].contains(&entry.key.as_str())
        }) {
            substitute_in(&mut entry.value, &entry.key, &values, report);
        }
    }
    values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn declared(root: &Tree, report: &mut Report<'_>) -> BTreeMap<String, Option<String>> {
    let Some(entry) = root.as_map().and_then(|map| map.get("parameters")) else {
        return BTreeMap::new();
    };
    if entry.value.is_null() {
        return BTreeMap::new();
    }
    let Some(block) = Fields::of(&entry.value, "parameters", report) else {
        return BTreeMap::new();
    };
    let mut declared = BTreeMap::new();
    for entry in block.entries() {
        let path = block.path_of(&entry.key);
        if !is_name(&entry.key) {
            let message = format!("`{}` cannot be a parameter's name", entry.key);
            report.error("spec::parameter-name", entry.key_span, &path, message).hint =
                Some("letters, digits and `_`, not beginning with a digit".to_owned());
        }
        let default = if entry.value.is_null() {
            None
        } else {
            fields::text(&entry.value, &path, report).map(|text| text.text)
        };
        declared.insert(entry.key.clone(), default);
    }
    declared
}

fn substitute_in(
    tree: &mut Tree,
    path: &str,
    values: &BTreeMap<String, Option<String>>,
    report: &mut Report<'_>,
) {
    let span = tree.span;
    match &mut tree.content {
        Content::List(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                substitute_in(item, &format!("{path}[{at}]"), values, report);
            }
        }
        Content::Map(map) => {
            for entry in &mut map.entries {
                substitute_in(&mut entry.value, &format!("{path}.{}", entry.key), values, report);
            }
        }
        Content::Scalar(scalar) => substitute_scalar(scalar, (span, path), values, report),
    }
}

fn substitute_scalar(
    scalar: &mut Scalar,
    (span, path): (Span, &str),
    values: &BTreeMap<String, Option<String>>,
    report: &mut Report<'_>,
) {
    report_misspelled(&scalar.text, span, path, report);
    let mut text = String::new();
    let mut substituted = false;
    for piece in pieces(&scalar.text) {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Secret(name) => {
                if !is_name(name) {
                    let message = format!("`{name}` cannot be a secret's name");
                    report.error("spec::secret-name", span, path, message).hint =
                        Some("letters, digits and `_`, as in `${secret:DB_PASSWORD}`".to_owned());
                }
                text.push_str(&format!("${{secret:{name}}}"));
            }
            Piece::Parameter(name) => {
                substituted = true;
                match values.get(name) {
                    Some(Some(value)) => text.push_str(value),
                    Some(None) => {
                        let message = format!("the parameter `{name}` has no value");
                        report.error("spec::parameter-value", span, path, message).hint = Some(
                            format!(
                                "give it a default under `parameters:`, or run with `--set {name}=…`"
                            ),
                        );
                    }
                    None => {
                        let names: Vec<&str> = values.keys().map(String::as_str).collect();
                        let message = format!("there is no parameter `{name}`");
                        report.error("spec::unknown-parameter", span, path, message).hint =
                            Some(match nearest(name, names) {
                                Some(near) => format!("did you mean `${{param:{near}}}`?"),
                                None => format!("declare it: `parameters: {{{name}: …}}`"),
                            });
                    }
                }
            }
        }
    }
    if substituted {
        *scalar = Scalar { text, style: ScalarForm::Substituted };
    }
}

/// `${params:x}` and the like would silently stay text.
fn report_misspelled(text: &str, span: Span, path: &str, report: &mut Report<'_>) {
    for (at, _) in text.match_indices("${") {
        let inner = text[at + 2..].split('}').next().unwrap_or_default();
        let Some((word, name)) = inner.split_once(':') else { continue };
        if matches!(word, "param" | "secret") {
            continue;
        }
        if let Some(meant) = nearest(word, ["param", "parameter", "parameters", "secret"]) {
            let meant = if meant == "secret" { "secret" } else { "param" };
            let message = format!("`${{{word}:{name}}}` is not a reference");
            report.error("spec::reference", span, path, message).hint =
                Some(format!("did you mean `${{{meant}:{name}}}`?"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_and_foreign_ones_stay_text() {
        use Piece::{Parameter, Secret, Text};
        assert_eq!(
            pieces("a/${param:day}/${env:HOME}/${secret:KEY}"),
            [Text("a/"), Parameter("day"), Text("/${env:HOME}/"), Secret("KEY")]
        );
        assert_eq!(pieces("${param:unclosed"), [Text("${param:unclosed")]);
        assert_eq!(pieces("${${param:x}"), [Text("${"), Parameter("x")]);
        assert_eq!(pieces(""), []);
    }
}
