//! Patterns of log lines.

/// Patterns that are known by a name.
///
/// Sources: `common` and `combined` are the formats of Apache's `mod_log_config`; `syslog` is RFC 3164, with or without
/// its priority; `log4j` takes the layouts that Spark and Hadoop come with (`%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m` and
/// `%d{ISO8601} %p [%t] %c: %m`).
const PATTERNS: &[(&str, &str)] = &[
    (
        "common",
        r#"^(?<host>\S+) (?<identity>\S+) (?<user>\S+) \[(?<time>[^\]]+)\] "(?<request>(?:[^"\\]|\\.)*)" (?<status>\d{3}) (?<bytes>\d+|-)$"#,
    ),
    (
        "combined",
        r#"^(?<host>\S+) (?<identity>\S+) (?<user>\S+) \[(?<time>[^\]]+)\] "(?<request>(?:[^"\\]|\\.)*)" (?<status>\d{3}) (?<bytes>\d+|-) "(?<referer>(?:[^"\\]|\\.)*)" "(?<agent>(?:[^"\\]|\\.)*)"$"#,
    ),
    (
        "syslog",
        r"^(?:<(?<priority>\d{1,3})>)?(?<time>[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}) (?<host>\S+) (?<program>[^\s:\[]+)(?:\[(?<pid>\d+)\])?: ?(?<message>.*)$",
    ),
    (
        "log4j",
        r"^(?<time>\d{2,4}[-/]\d{2}[-/]\d{2}[ T]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?) +(?<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +(?:\[(?<thread>[^\]]+)\] +)?(?<logger>[^\s:]+):? (?<message>.*)$",
    ),
];

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PATTERNS.iter().map(|(name, _)| *name)
}

/// The pattern of this name, else the text itself with Python's way to name a group as Java's.
pub(crate) fn pattern(text: &str) -> String {
    match PATTERNS.iter().find(|(name, _)| *name == text) {
        Some((_, pattern)) => (*pattern).to_owned(),
        None => text.replace("(?P<", "(?<"),
    }
}

/// The named groups of a regular expression with their numbers.
pub(crate) fn named_groups(pattern: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut number = 0;
    let mut is_in_class = false;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or(""),
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '(' if !is_in_class && !rest.starts_with('?') => number += 1,
            '(' if !is_in_class => {
                let name = rest.strip_prefix("?<").and_then(|rest| rest.split_once('>'));
                // `(?<=` and `(?<!` look behind.
                if let Some((name, _)) = name.filter(|(name, _)| is_name(name)) {
                    number += 1;
                    found.push((number, name.to_owned()));
                }
            }
            _ => {}
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted_as_java_counts_them() {
        let groups = |pattern: &str| named_groups(pattern);
        assert_eq!(
            groups(r"(a)(?:b)(?<x>c)\((?<=d)[(](?<y2>e)"),
            [(2, "x".to_owned()), (3, "y2".to_owned())]
        );
        assert_eq!(groups("no groups ("), []);
        for name in names() {
            assert!(groups(&pattern(name)).len() >= 4, "{name}");
        }
    }
}
