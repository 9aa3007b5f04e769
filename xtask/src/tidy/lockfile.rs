//! One TLS provider (ring), and one major version of the crates whose types cross borders.
//!
//! `Cargo.lock` names every package on every platform, but also optional ones that no enabled
//! feature reaches. So a suspect from the file becomes a finding only when `cargo tree` shows who
//! pulls it in; without suspects nothing is started.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Finding;

/// Crates that bring a second TLS or crypto provider.
const TLS_PROVIDERS: &[&str] =
    &["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl", "openssl-sys", "boring", "s2n-tls"];

/// Two majors of one of these would mean two incompatible copies of the same types, or two HTTP
/// stacks in one binary.
const ONE_MAJOR: &[&str] =
    &["arrow", "arrow-array", "arrow-schema", "object_store", "parquet", "reqwest"];

/// A package in `Cargo.lock` that may break a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suspect {
    name: String,
    version: String,
    line: usize,
    rule: &'static str,
    problem: String,
    remedy: &'static str,
}

/// What the text of `Cargo.lock` makes suspicious.
pub(super) fn suspects(lock: &str) -> Vec<Suspect> {
    let locked = locked_packages(lock);
    let mut suspects = Vec::new();
    let mut majors: BTreeMap<&str, Vec<&Locked<'_>>> = BTreeMap::new();
    for package in &locked {
        if TLS_PROVIDERS.contains(&package.name) {
            suspects.push(package.suspect(
                "tls-provider",
                format!("{} is a second TLS provider; this project uses ring alone", package.name),
                "switch off the feature that brings it (see the chain above) and choose `ring`",
            ));
        }
        if ONE_MAJOR.contains(&package.name) {
            majors.entry(package.name).or_default().push(package);
        }
    }
    for (name, packages) in majors {
        let newest = packages.iter().map(|package| major(package.version)).max();
        for package in &packages {
            if Some(major(package.version)) != newest {
                suspects.push(package.suspect(
                    "second-major",
                    format!("{name} {} stands beside a newer major version", package.version),
                    "move the crate that asks for it (see the chain above) to the newer major",
                ));
            }
        }
    }
    suspects
}

/// Keeps the suspects that the enabled features really reach, with the chain that reaches them.
pub(super) fn confirm(root: &Path, suspects: Vec<Suspect>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for suspect in suspects {
        let package = format!("{}@{}", suspect.name, suspect.version);
        let chain = who_pulls_in(root, &package)?;
        if !chain.is_empty() {
            findings.push(Finding::error(
                "Cargo.lock",
                suspect.line,
                suspect.rule,
                &format!("{}\n{chain}", suspect.problem),
                suspect.remedy,
            ));
        }
    }
    Ok(findings)
}

#[derive(Debug)]
struct Locked<'a> {
    name: &'a str,
    version: &'a str,
    line: usize,
}

impl Locked<'_> {
    fn suspect(&self, rule: &'static str, problem: String, remedy: &'static str) -> Suspect {
        Suspect {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            line: self.line,
            rule,
            problem,
            remedy,
        }
    }
}

/// The name and version lines that cargo writes one below the other for every package.
fn locked_packages(lock: &str) -> Vec<Locked<'_>> {
    let value = |line: &'_ str, key: &str| -> Option<std::ops::Range<usize>> {
        let rest = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        let start = line.len() - rest.len();
        Some(start..start + rest.find('"')?)
    };
    let lines: Vec<&str> = lock.lines().collect();
    lines
        .windows(2)
        .enumerate()
        .filter_map(|(index, pair)| {
            let name = &pair[0][value(pair[0], "name")?];
            let version = &pair[1][value(pair[1], "version")?];
            Some(Locked { name, version, line: index + 1 })
        })
        .collect()
}

/// Cargo's notion of compatibility: the first non-zero part and everything before it.
fn major(version: &str) -> (u64, u64) {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    let (first, second) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if first == 0 { (0, second) } else { (first, 0) }
}

/// The inverted dependency tree of one package, empty when no enabled feature reaches it.
fn who_pulls_in(root: &Path, package: &str) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--workspace", "--all-features", "--locked", "--prefix", "depth"])
        .args(["--edges", "normal,build", "--depth", "6", "--invert", package])
        .current_dir(root)
        .output()
        .context("cannot start cargo")?;
    // Cargo prints nothing for a package that no feature reaches, and knows none that has left the
    // lock file since. Any other failure must not pass for "not reached".
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() || complaint.contains("did not match any packages"),
        "`cargo tree --invert {package}` failed: {}",
        complaint.trim_end()
    );
    let tree = String::from_utf8_lossy(&output.stdout);
    let lines = tree.lines().take(8).map(|line| {
        let depth: usize =
            line.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
        let name = line.trim_start_matches(|character: char| character.is_ascii_digit());
        let name = name.split(" (").next().unwrap_or(name);
        format!("    {}{name}", "  ".repeat(depth))
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str)]) -> String {
        let mut text = "version = 4\n".to_owned();
        for (name, version) in packages {
            text.push_str(&format!(
                "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry\"\n"
            ));
        }
        text
    }

    fn found(packages: &[(&str, &str)]) -> Vec<String> {
        suspects(&lock(packages))
            .iter()
            .map(|suspect| {
                format!("{}: {} {} {}", suspect.line, suspect.rule, suspect.name, suspect.version)
            })
            .collect()
    }

    #[test]
    fn second_tls_provider_is_suspect() {
        assert_eq!(
            found(&[("ring", "0.17.14"), ("aws-lc-rs", "1.13.0")]),
            ["9: tls-provider aws-lc-rs 1.13.0"]
        );
        assert_eq!(found(&[("openssl-sys", "0.9.1")]), ["4: tls-provider openssl-sys 0.9.1"]);
        assert_eq!(
            found(&[("openssl-probe", "0.1.6"), ("rustls", "0.23.0")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn older_major_is_suspect_and_minor_versions_are_not() {
        assert_eq!(
            found(&[("reqwest", "0.12.24"), ("reqwest", "0.13.1")]),
            ["4: second-major reqwest 0.12.24"]
        );
        assert_eq!(
            found(&[("arrow", "57.3.0"), ("arrow", "58.0.0")]),
            ["4: second-major arrow 57.3.0"]
        );
        assert_eq!(
            found(&[("arrow", "58.0.0"), ("arrow", "58.1.0"), ("serde", "1.0.0")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn suspect_that_nothing_reaches_is_no_finding() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let absent = suspects(&lock(&[("aws-lc-rs", "0.0.1")]));
        assert_eq!(confirm(root, absent).unwrap(), Vec::new());
    }

    #[test]
    fn suspect_that_is_reached_becomes_a_finding_with_its_chain() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let own_lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
        let anyhow = locked_packages(&own_lock)
            .into_iter()
            .find(|package| package.name == "anyhow")
            .unwrap();
        let suspect = anyhow.suspect("tls-provider", "not really".to_owned(), "nothing");
        let findings = confirm(root, vec![suspect]).unwrap();
        assert_eq!(findings.len(), 1);
        assert!(findings[0].problem.contains("anyhow v"), "{}", findings[0].problem);
        assert!(findings[0].problem.contains(" tinderbox-"), "{}", findings[0].problem);
    }
}
