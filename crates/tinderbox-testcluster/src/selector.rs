//! Label selectors and field selectors of lists and watches.

use crate::failure::Failure;
use serde_json::Value;

/// What a list or a watch asks for; empty means everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Selector {
    labels: Vec<(String, Test)>,
    fields: Vec<(String, Test)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
}

impl Selector {
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, Failure> {
        let parsed = |text: &str, what| -> Result<Vec<(String, Test)>, Failure> {
            terms(text)
                .into_iter()
                .map(|term| {
                    requirement(term).ok_or_else(|| {
                        Failure::bad_request(format!("unable to parse {what} requirement: {term}"))
                    })
                })
                .collect()
        };
        Ok(Self { labels: parsed(labels, "label")?, fields: parsed(fields, "field")? })
    }

    /// The `matchLabels` and `matchExpressions` of an object, or a plain map of labels.
    pub(crate) fn of_labels(labels: &Value) -> Self {
        let one = |(key, value): (&String, &Value)| {
            (key.clone(), Test::In(vec![value.as_str().unwrap_or_default().to_owned()]))
        };
        Self {
            labels: labels.as_object().into_iter().flatten().map(one).collect(),
            fields: Vec::new(),
        }
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|(key, test)| test.holds(labels[key].as_str()))
            && self.fields.iter().all(|(path, test)| {
                // A field that is not there is the empty text.
                let found = path.split('.').fold(object, |value, part| &value[part]);
                let text = match found {
                    Value::Bool(value) => value.to_string(),
                    Value::Number(value) => value.to_string(),
                    value => value.as_str().unwrap_or_default().to_owned(),
                };
                test.holds(Some(&text))
            })
    }
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        match self {
            Self::In(wanted) => value.is_some_and(|value| wanted.iter().any(|one| one == value)),
            Self::NotIn(unwanted) => {
                value.is_none_or(|value| unwanted.iter().all(|one| one != value))
            }
            Self::Exists => value.is_some(),
            Self::Missing => value.is_none(),
        }
    }
}

/// Splits at the commas that do not stand in parentheses.
fn terms(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let cut = |character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    };
    text.split(cut).map(str::trim).filter(|term| !term.is_empty()).collect()
}

fn requirement(term: &str) -> Option<(String, Test)> {
    let owned = |text: &str| text.trim().to_owned();
    if let Some((key, value)) = term.split_once("!=") {
        return Some((owned(key), Test::NotIn(vec![owned(value)])));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Some((owned(key), Test::In(vec![owned(value)])));
    }
    if let Some(inner) = term.strip_suffix(')') {
        let (head, values) = inner.split_once('(')?;
        let values = values.split(',').map(owned).collect();
        let (key, operator) = head.trim().rsplit_once(char::is_whitespace)?;
        return match operator {
            "in" => Some((owned(key), Test::In(values))),
            "notin" => Some((owned(key), Test::NotIn(values))),
            _ => None,
        };
    }
    if term.contains(char::is_whitespace) {
        return None;
    }
    match term.strip_prefix('!') {
        Some(key) => Some((owned(key), Test::Missing)),
        None => Some((owned(term), Test::Exists)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_of_every_form_are_understood() {
        let pod = json!({
            "metadata": {"name": "one", "labels": {"role": "driver", "team": "data"}},
            "status": {"phase": "Running"},
        });
        for (labels, fields, matches) in [
            ("", "", true),
            ("role=driver,team==data", "", true),
            ("role!=driver", "", false),
            ("zone!=a", "", true),
            ("role in (driver, executor),team", "", true),
            ("role notin (driver)", "", false),
            ("!zone", "", true),
            ("zone", "", false),
            ("", "metadata.name=one", true),
            ("", "status.phase!=Running", false),
            ("", "spec.nodeName=", true),
        ] {
            let selector = Selector::parse(labels, fields).expect("understood");
            assert_eq!(selector.matches(&pod), matches, "{labels} {fields}");
        }
        assert_eq!(Selector::parse("a of (b)", "").expect_err("no such word").code, 400);
        assert_eq!(Selector::parse("a b", "").expect_err("two words").code, 400);
    }
}
