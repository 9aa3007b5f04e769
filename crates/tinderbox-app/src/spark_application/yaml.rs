//! Writes YAML.

use serde_json::Value;

/// A value as YAML in blocks of two spaces. Texts that something else could be read from are in double quotes, as in JSON,
/// of which YAML 1.2 is a superset.
pub(super) fn of(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, depth: usize, into: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                into.push_str(&format!("{indent}{}:", scalar(&Value::from(key.as_str()))));
                nested(inner, depth, into);
            }
        }
        Value::Array(items) => {
            for item in items {
                into.push_str(&format!("{indent}-"));
                nested(item, depth, into);
            }
        }
        other => into.push_str(&format!("{indent}{}\n", scalar(other))),
    }
}

/// What stands behind a colon or a hyphen.
fn nested(value: &Value, depth: usize, into: &mut String) {
    let is_block = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        into.push('\n');
        block(value, depth + 1, into);
    } else {
        into.push_str(&format!(" {}\n", scalar(value)));
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a text stays a text, and the same, without quotes, in YAML 1.1 and 1.2.
fn is_plain(text: &str) -> bool {
    // Sizes of memory: 8g.
    let number = text.strip_suffix(['k', 'm', 'g', 't']).unwrap_or_default();
    if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) {
        return true;
    }
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(':')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:+".contains(c))
        && !words.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_stay_what_they_are() {
        let value = json!({"a": ["1", "no", "x: y", "local:///a.py", "", "8g"], "b": {}, "c": [[1, {"d": null}]], "e f": true});
        let text = "a:\n  - \"1\"\n  - \"no\"\n  - \"x: y\"\n  - local:///a.py\n  - \"\"\n  - 8g\nb: {}\nc:\n  -\n    - 1\n    -\n      d: null\n\"e f\": true\n";
        assert_eq!(of(&value), text);
    }
}
