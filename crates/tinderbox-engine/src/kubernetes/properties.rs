//! The driver's `spark.properties`, in the format of `java.util.Properties.store`.

use std::collections::BTreeMap;

/// The file, without the date that Java writes into it: the same properties give the same text.
pub(super) fn properties_file(conf_map: &str, properties: &BTreeMap<String, String>) -> String {
    let mut text =
        format!("#Java properties built from Kubernetes config map with name: {conf_map}\n");
    for (key, value) in properties {
        escape(key, Part::Key, &mut text);
        text.push('=');
        escape(value, Part::Value, &mut text);
        text.push('\n');
    }
    text
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Key,
    Value,
}

fn escape(part_text: &str, part: Part, text: &mut String) {
    for (index, c) in part_text.chars().enumerate() {
        match c {
            ' ' if part == Part::Key || index == 0 => text.push_str("\\ "),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\u{c}' => text.push_str("\\f"),
            '\\' | '=' | ':' | '#' | '!' => {
                text.push('\\');
                text.push(c);
            }
            _ => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_java_would_read_otherwise_is_escaped() {
        let properties =
            BTreeMap::from([("a key".to_owned(), "  two lines:\n\\end\tü!".to_owned())]);
        let file = properties_file("m", &properties);
        assert_eq!(file.lines().nth(1), Some("a\\ key=\\  two lines\\:\\n\\\\end\\tü\\!"));
        assert_eq!(file.lines().count(), 2);
    }
}
