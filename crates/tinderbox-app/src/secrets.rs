//! Values of secrets: looked up in the environment of the process that launches, given to the run, told to nobody else.

use crate::{App, Error};
use std::borrow::Cow;
use std::collections::BTreeMap;
use tinderbox_spec::secret_variable;

/// What stands in the place of a secret: Spark's own text, `Utils.REDACTION_REPLACEMENT_TEXT`.
const MARK: &str = "*********(redacted)";

/// Texts that nobody may see.
#[derive(Clone, Default)]
pub(crate) struct Hidden {
    /// Longest first, as the longer one may hold the shorter one.
    values: Vec<String>,
}

impl App {
    /// The variables of these secrets.
    ///
    /// # Errors
    /// [`Error::MissingSecrets`], with all that are missing.
    pub(crate) fn secrets<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<BTreeMap<String, String>, Error> {
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        for name in names {
            match self.secret(name) {
                Some(value) => drop(found.insert(secret_variable(name), value)),
                None => missing.push(secret_variable(name)),
            }
        }
        if missing.is_empty() {
            Ok(found)
        } else {
            Err(Error::MissingSecrets { variables: missing })
        }
    }

    /// The value of a secret; an empty one counts as missing.
    pub(crate) fn secret(&self, name: &str) -> Option<String> {
        let value = self.inner.host.variables.get(&secret_variable(name))?;
        Some(value.clone()).filter(|value| !value.is_empty())
    }

    /// What a run must not tell, as far as this process knows it.
    pub(crate) fn hidden(&self, names: &[String]) -> Hidden {
        Hidden::of(names.iter().filter_map(|name| self.secret(name)))
    }
}

impl Hidden {
    fn of(secrets: impl Iterator<Item = String>) -> Self {
        let mut values = Vec::new();
        for secret in secrets {
            // As JSON has it, in events, and JSON within JSON.
            let quoted = quoted(&secret);
            values.push(self::quoted(&quoted));
            values.push(quoted);
            // What is printed in several lines may be seen line by line.
            values.extend(secret.lines().map(str::to_owned));
            values.push(secret);
        }
        values.retain(|value| !value.is_empty());
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    /// Each text that nobody may see.
    pub(crate) fn values(&self) -> &[String] {
        &self.values
    }

    /// The text with a mark in the place of each secret.
    pub(crate) fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(text);
        for value in &self.values {
            if masked.contains(value.as_str()) {
                masked = Cow::Owned(masked.replace(value.as_str(), MARK));
            }
        }
        masked
    }

    /// The same for bytes; those that are no UTF-8 stay as they are unless a secret is among them.
    pub(crate) fn mask_bytes<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        if self.values.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        match self.mask(&text) {
            Cow::Borrowed(_) => Cow::Borrowed(bytes),
            Cow::Owned(masked) => Cow::Owned(masked.into_bytes()),
        }
    }
}

/// A text as it stands between the quotes of JSON.
fn quoted(text: &str) -> String {
    let whole = serde_json::Value::from(text).to_string();
    whole[1..whole.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_in_each_form_and_nothing_else() {
        let hidden =
            Hidden::of(["pa\"ss".to_owned(), "pa".to_owned(), "two\nlines".to_owned()].into_iter());
        assert_eq!(hidden.mask("x pa\"ss y pa z"), format!("x {MARK} y {MARK} z"));
        assert_eq!(hidden.mask(r#"{"a": "pa\"ss"}"#), format!(r#"{{"a": "{MARK}"}}"#));
        assert_eq!(
            hidden.mask(r#"{"a": "{\"b\": \"pa\\\"ss\"}"}"#),
            format!(r#"{{"a": "{{\"b\": \"{MARK}\"}}"}}"#)
        );
        let end = Hidden::of(["x\"".to_owned()].into_iter());
        assert_eq!(end.mask(r#"["x\""]"#), format!(r#"["{MARK}"]"#));
        assert_eq!(hidden.mask("only lines"), format!("only {MARK}"));
        assert!(matches!(hidden.mask("nothing"), Cow::Borrowed("nothing")));
        let broken = b"\xff lines";
        assert_eq!(&*hidden.mask_bytes(b"\xff x"), b"\xff x");
        assert!(!hidden.mask_bytes(broken).ends_with(b"lines"));
        assert!(matches!(Hidden::default().mask_bytes(broken), Cow::Borrowed(_)));
    }
}
