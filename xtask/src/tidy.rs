//! All repository rules. Each submodule takes plain input and returns findings; only [`check`]
//! reads the repository, so that every rule is tested on a few fabricated lines.

mod edges;
mod lockfile;
mod manifests;
mod sources;
mod workspace;

pub(crate) use workspace::files;

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::{contracts, rows};

/// What is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// Relative to the repository root.
    pub(crate) file: String,
    /// One-based.
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) problem: String,
    pub(crate) remedy: String,
}

/// Only errors make tidy fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Error,
    Warning,
}

/// The outcome of one pass over the repository.
pub(crate) struct Report {
    /// Errors first, then by place.
    pub(crate) findings: Vec<Finding>,
    pub(crate) files: usize,
    pub(crate) crates: usize,
}

impl Report {
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }
}

/// Runs every rule. Errors only when the repository itself cannot be read (no git, no cargo).
pub(crate) fn check(root: &Path) -> Result<Report> {
    let packages = workspace::packages(root)?;
    let files = workspace::files(root)?;
    let lock_path = root.join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock_path)
        .with_context(|| format!("cannot read {}", lock_path.display()))?;

    let mut findings = Vec::new();
    for package in &packages {
        findings.extend(edges::check_package(package));
        findings.extend(manifests::check_package(package));
    }
    let suspects = lockfile::suspects(&lock);
    findings.extend(lockfile::confirm(root, suspects)?);
    for file in &files {
        findings.extend(sources::check_name(file));
        // Deleted but not yet committed files are still listed by git; they have nothing to check.
        if let Some(text) = workspace::read_text(root, file)? {
            findings.extend(sources::check_text(file, &text));
        }
    }
    findings.extend(contracts::check(root, contracts::CONTRACTS)?);
    findings.extend(rows::check(root, &files)?);
    findings.sort_by(|left, right| {
        (left.severity, &left.file, left.line).cmp(&(right.severity, &right.file, right.line))
    });
    Ok(Report { findings, files: files.len(), crates: packages.len() })
}

impl Finding {
    pub(crate) fn error(
        file: &str,
        line: usize,
        rule: &'static str,
        problem: &str,
        remedy: &str,
    ) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            line,
            rule,
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    pub(crate) fn into_warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, file, line, rule, problem, remedy } = self;
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(formatter, "{file}:{line}: {severity}[{rule}]: {problem}\n    hint: {remedy}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_names_file_line_rule_and_remedy() {
        let finding = Finding::error("a/b.rs", 7, "some-rule", "this is wrong", "do that");
        assert_eq!(
            finding.to_string(),
            "a/b.rs:7: error[some-rule]: this is wrong\n    hint: do that"
        );
        assert_eq!(
            finding.into_warning().to_string(),
            "a/b.rs:7: warning[some-rule]: this is wrong\n    hint: do that"
        );
    }
}
