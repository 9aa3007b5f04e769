//! Generated contracts: files in `schemas/` and `ui/` that are made from code and committed.
//!
//! To add one, add a line to [`CONTRACTS`]; `tidy` then compares it and `codegen` writes it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::tidy::Finding;

/// One committed file and the function that prints what it must contain, byte for byte.
pub(crate) struct Contract {
    /// Relative to the repository root.
    pub(crate) file: &'static str,
    pub(crate) print: fn() -> String,
}

/// Every contract that Rust code generates.
pub(crate) const CONTRACTS: &[Contract] = &[
    Contract { file: "schemas/openapi.json", print: tinderbox_server::openapi_json },
    Contract { file: "schemas/jobspec.schema.json", print: tinderbox_spec::json_schema },
    Contract { file: "docs/components.md", print: tinderbox_spec::components_page },
    Contract { file: "docs/diagnostics.md", print: tinderbox_spec::diagnostics_page },
];

/// The document that describes our HTTP interface, and the TypeScript made from it by
/// `npm run generate`. The first line of the latter holds the SHA-256 of the former, so that
/// freshness can be checked without Node.
const OPENAPI: &str = "schemas/openapi.json";
const UI_TYPES: &str = "ui/src/api/schema.gen.ts";

/// Compares all contracts with what is committed, and parses every JSON file in `schemas/`.
pub(crate) fn check(root: &Path, contracts: &[Contract]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for contract in contracts {
        let expected = (contract.print)();
        let committed = std::fs::read_to_string(root.join(contract.file)).unwrap_or_default();
        if committed != expected {
            let line = first_difference(&committed, &expected);
            findings.push(Finding::error(
                contract.file,
                line,
                "stale-contract",
                "the committed file differs from what the code prints",
                "run `cargo xtask codegen` and commit the result",
            ));
        }
    }
    findings.extend(check_schemas_parse(root)?);
    findings.extend(check_ui_types(root)?);
    Ok(findings)
}

/// Writes all contracts, then lets the UI make its types; returns one line per file for the user.
pub(crate) fn write_all(root: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for contract in CONTRACTS {
        let path = root.join(contract.file);
        let text = (contract.print)();
        let fresh = std::fs::read_to_string(&path).is_ok_and(|committed| committed == text);
        if !fresh {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot create {}", folder.display()))?;
            }
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        let state = if fresh { "unchanged" } else { "written" };
        lines.push(format!("{}: {state}", contract.file));
    }
    if root.join(OPENAPI).exists() && root.join("ui/package.json").exists() {
        let status = Command::new("npm")
            .args(["--prefix", "ui", "run", "--silent", "generate"])
            .current_dir(root)
            .status()
            .context("cannot start npm; install Node 20 or run `make build` once")?;
        ensure!(status.success(), "`npm run generate` in ui/ failed; its message is above");
        lines.push(format!("{UI_TYPES}: made from {OPENAPI}"));
    }
    Ok(lines)
}

fn check_schemas_parse(root: &Path) -> Result<Vec<Finding>> {
    let folder = root.join("schemas");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            findings.push(Finding::error(
                &format!("schemas/{name}"),
                error.line(),
                "contract-json",
                &format!("not valid JSON: {error}"),
                "correct the file",
            ));
        }
    }
    Ok(findings)
}

fn check_ui_types(root: &Path) -> Result<Option<Finding>> {
    let openapi = root.join(OPENAPI);
    if !openapi.exists() || !root.join("ui").is_dir() {
        return Ok(None);
    }
    let document =
        std::fs::read(&openapi).with_context(|| format!("cannot read {}", openapi.display()))?;
    let expected = sha256_hex(&document);
    let types = std::fs::read_to_string(root.join(UI_TYPES)).unwrap_or_default();
    let first_line = types.lines().next().unwrap_or_default();
    Ok((!first_line.contains(&expected)).then(|| {
        Finding::error(
            UI_TYPES,
            1,
            "stale-contract",
            &format!("its first line does not hold the SHA-256 of {OPENAPI} ({expected})"),
            "run `cargo xtask codegen` and commit the result",
        )
    }))
}

/// The one-based number of the first line in which the two texts differ.
fn first_difference(committed: &str, expected: &str) -> usize {
    let same =
        committed.lines().zip(expected.lines()).take_while(|(left, right)| left == right).count();
    same + 1
}

fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    fn rules(findings: &[Finding]) -> Vec<String> {
        findings
            .iter()
            .map(|finding| format!("{}:{} {}", finding.file, finding.line, finding.rule))
            .collect()
    }

    const PRINTED: &[Contract] =
        &[Contract { file: "schemas/a.json", print: || "{\n\"b\": 1\n}\n".to_owned() }];

    #[test]
    fn stale_contract_is_reported_with_the_first_differing_line() {
        let root = repository(&[("schemas/a.json", "{\n\"b\": 2\n}\n")]);
        let findings = check(root.path(), PRINTED).unwrap();
        assert_eq!(rules(&findings), ["schemas/a.json:2 stale-contract"]);
    }

    #[test]
    fn missing_contract_is_stale() {
        let root = repository(&[]);
        assert_eq!(
            rules(&check(root.path(), PRINTED).unwrap()),
            ["schemas/a.json:1 stale-contract"]
        );
    }

    #[test]
    fn fresh_contract_passes() {
        let root = repository(&[("schemas/a.json", "{\n\"b\": 1\n}\n")]);
        assert_eq!(rules(&check(root.path(), PRINTED).unwrap()), Vec::<String>::new());
    }

    #[test]
    fn schema_that_is_not_json_is_reported() {
        let root = repository(&[("schemas/live.schema.json", "{\n  \"a\": \n}\n")]);
        assert_eq!(
            rules(&check(root.path(), &[]).unwrap()),
            ["schemas/live.schema.json:3 contract-json"]
        );
    }

    #[test]
    fn ui_types_are_fresh_exactly_when_they_carry_the_hash_of_the_document() {
        // SHA-256 of "{}" as `printf '{}' | sha256sum` prints it.
        let hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let fresh = format!("// sha256 of schemas/openapi.json: {hash}\n");
        let root =
            repository(&[("schemas/openapi.json", "{}"), ("ui/src/api/schema.gen.ts", &fresh)]);
        assert_eq!(rules(&check(root.path(), &[]).unwrap()), Vec::<String>::new());

        let root =
            repository(&[("schemas/openapi.json", "{ }"), ("ui/src/api/schema.gen.ts", &fresh)]);
        assert_eq!(
            rules(&check(root.path(), &[]).unwrap()),
            ["ui/src/api/schema.gen.ts:1 stale-contract"]
        );
    }
}
