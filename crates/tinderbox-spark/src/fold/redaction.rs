/// Spark's own replacement text (`Utils.REDACTION_REPLACEMENT_TEXT`).
const REPLACEMENT: &str = "*********(redacted)";

/// The value, or Spark's replacement when key or value match the default of `spark.redaction.regex`,
/// `(?i)secret|password|token|access[.]?key`. As in Spark's `Utils.redact`, either of both is enough.
pub(super) fn redacted<'v>(key: &str, value: &'v str) -> &'v str {
    if is_sensitive(key) || is_sensitive(value) { REPLACEMENT } else { value }
}

fn is_sensitive(text: &str) -> bool {
    const WORDS: [&str; 5] = ["secret", "password", "token", "accesskey", "access.key"];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_keys_and_values_are_replaced() {
        for (key, value) in [
            ("spark.ssl.keyPassword", "x"),
            ("spark.hadoop.fs.s3a.access.key", "x"),
            ("spark.hadoop.fs.s3a.accessKey", "x"),
            ("spark.my.API_TOKEN", "x"),
            ("spark.driver.extraJavaOptions", "-Dmy.Secret=1"),
        ] {
            assert_eq!(redacted(key, value), REPLACEMENT, "{key}={value}");
        }
        assert_eq!(redacted("spark.executor.memory", "4g"), "4g");
        assert_eq!(redacted("spark.keyboard.access", "key"), "key");
    }
}
