use serde::{Deserialize, Serialize};
use std::fmt;

/// A Spark version such as `3.5.8`. Vendor suffixes (`3.5.0-amzn-1`) are kept in the text and ignored in comparisons.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SparkVersion {
    /// Major number.
    pub major: u32,
    /// Minor number; 0 when the text has none.
    pub minor: u32,
    /// The text as Spark wrote it.
    pub text: String,
}

impl SparkVersion {
    /// Reads `3`, `3.5`, `3.5.8`, `3.5.0-amzn-1`. `None` when the text does not begin with a number.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut parts = text.split(['.', '-']);
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next().and_then(|p| p.parse().ok()).unwrap_or(0);
        Some(Self { major, minor, text: text.to_owned() })
    }

    /// Whether this is at least `major.minor`.
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for SparkVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendor_suffixes_are_kept_and_ignored() {
        let version = SparkVersion::parse("3.5.0-amzn-1").expect("parses");
        assert!(version.at_least(3, 5) && !version.at_least(4, 0));
        assert_eq!(version.to_string(), "3.5.0-amzn-1");
        assert_eq!(SparkVersion::parse("4").map(|v| (v.major, v.minor)), Some((4, 0)));
        assert_eq!(SparkVersion::parse("latest"), None);
    }
}
