//! What the codes of diagnostics mean: the page that people read, `docs/diagnostics.md`.

mod table;

use crate::diagnostic::Diagnostic;
use std::fmt::Write as _;
use table::CODES;

/// A code: what it says, and what helps.
type Code = (&'static str, &'static str, &'static str);

/// Groups of codes: the part before `::`, and what they are about.
const GROUPS: &[(&str, &str)] = &[
    (
        "spec",
        "The document: without exception errors, unless the text says otherwise. A job with errors is not run.",
    ),
    (
        "stream",
        "Streaming: what Spark would refuse when the query starts, or what would never give rows.",
    ),
    ("columns", "Columns and types, which a server knows: `tinderbox check --engine`."),
    ("sql", "What Spark SQL cannot say: `tinderbox compile --to sql`."),
    (
        "pipelines",
        "What a declarative pipeline cannot express: `tinderbox compile --to pipelines`.",
    ),
    ("lint", "Best practices. These are warnings: the job runs, and would run better another way."),
];

impl Diagnostic {
    /// Where `docs/diagnostics.md` explains it.
    pub fn page(&self) -> String {
        format!("docs/diagnostics.md#{}", anchor(self.code))
    }
}

/// The anchor that renderers of Markdown give to a heading of this text.
fn anchor(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

/// `docs/diagnostics.md`.
pub fn diagnostics_page() -> String {
    let mut page = "# Diagnostics\n\nWritten by `cargo xtask codegen`. What `tinderbox check` says has a code, a place in the document, a message and often a \
         hint; this page says of each code what it means and what helps. With `--format json` each names its\nheading here as `page`.\n"
        .to_owned();
    for (group, about) in GROUPS {
        let _ = write!(page, "\n## {group}\n\n{about}\n");
        for (code, says, helps) in CODES {
            if code.split("::").next() == Some(*group) {
                let _ = write!(page, "\n### {code}\n\n{says} {helps}\n");
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The codes in the sources of the crates that make diagnostics.
    fn used() -> BTreeSet<String> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut folders = vec![
            crates.join("tinderbox-spec/src"),
            crates.join("tinderbox-cli/src"),
            crates.join("tinderbox-app/src"),
        ];
        let mut codes = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs")
                    && !path.ends_with("codes/table.rs")
                {
                    codes.extend(codes_in(&std::fs::read_to_string(path).unwrap()));
                }
            }
        }
        codes
    }

    fn codes_in(text: &str) -> Vec<String> {
        let quoted = text.split('"').skip(1);
        let is_code = |text: &&str| {
            let groups = GROUPS.iter().map(|(group, _)| format!("{group}::"));
            groups.into_iter().any(|group| {
                text.strip_prefix(group.as_str())
                    .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
            })
        };
        quoted.filter(is_code).map(str::to_owned).collect()
    }

    #[test]
    fn every_code_is_explained_and_none_besides() {
        let explained: BTreeSet<String> =
            CODES.iter().map(|(code, ..)| (*code).to_owned()).collect();
        let used = used();
        let missing: Vec<_> = used.difference(&explained).collect();
        let unused: Vec<_> = explained.difference(&used).collect();
        assert!(missing.is_empty() && unused.is_empty(), "missing {missing:?}, unused {unused:?}");
        assert_eq!(explained.len(), CODES.len(), "a code stands twice");
    }

    #[test]
    fn anchors_are_those_of_headings() {
        assert_eq!(anchor("spec::unknown-type"), "specunknown-type");
    }
}
