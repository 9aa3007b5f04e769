//! What every crate owes the house: the shared lints, a name that says something, documentation.

use super::Finding;
use super::sources::forbidden_word;
use super::workspace::Package;

/// Checks one crate's manifest and root file.
pub(super) fn check_package(package: &Package) -> Vec<Finding> {
    let mut findings = Vec::new();
    let manifest = package.manifest_file();
    if !inherits_lints(&package.manifest) {
        findings.push(Finding::error(
            &manifest,
            1,
            "workspace-lints",
            &format!("{} does not inherit the workspace's lints", package.name),
            "add `[lints]` with `workspace = true`",
        ));
    }
    if let Some(word) = forbidden_word(&package.name) {
        findings.push(Finding::error(
            &manifest,
            package.line_of("name"),
            "empty-name",
            &format!("`{word}` in a crate name does not say what the crate is about"),
            "name the idea, or put the code where it is used",
        ));
    }
    let folder_name = package.folder.rsplit('/').next().unwrap_or_default();
    if folder_name != package.name {
        findings.push(Finding::error(
            &manifest,
            package.line_of("name"),
            "folder-name",
            &format!("folder {folder_name} holds a crate named {}", package.name),
            "give both the same name",
        ));
    }
    let documented = package.root_source.trim_start().starts_with("//!")
        || package.root_source.contains("#![doc = include_str!");
    if !documented && !package.has_readme {
        findings.push(Finding::error(
            &format!("{}/src/lib.rs", package.folder),
            1,
            "crate-docs",
            &format!("{} says nowhere what it is for", package.name),
            "begin its root file with `//!`: what it does and what never happens in it",
        ));
    }
    findings
}

fn inherits_lints(manifest: &str) -> bool {
    let compact = |line: &str| line.split_whitespace().collect::<String>();
    let mut section = String::new();
    for line in manifest.lines().map(compact) {
        if line.starts_with('[') {
            section = line;
        } else if (section == "[lints]" && line == "workspace=true")
            || line == "lints.workspace=true"
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::workspace::tests::package;
    use super::*;

    fn rules(package: &Package) -> Vec<&'static str> {
        check_package(package).into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn documented_crate_with_lints_passes() {
        assert_eq!(rules(&package("tinderbox-model", &[])), Vec::<&str>::new());
    }

    #[test]
    fn lints_of_its_own_are_not_the_workspace_lints() {
        let mut own = package("tinderbox-model", &[]);
        own.manifest =
            "[dependencies.x]\nworkspace = true\n[lints.rust]\nunsafe_code = \"allow\"\n"
                .to_owned();
        assert_eq!(rules(&own), ["workspace-lints"]);
    }

    #[test]
    fn crate_without_any_documentation_is_reported() {
        let mut silent = package("tinderbox-model", &[]);
        silent.root_source = "pub mod ids;\n".to_owned();
        assert_eq!(rules(&silent), ["crate-docs"]);
        silent.has_readme = true;
        assert_eq!(rules(&silent), Vec::<&str>::new());
    }

    #[test]
    fn crate_named_after_nothing_is_reported() {
        assert_eq!(rules(&package("tinderbox-common", &[])), ["empty-name"]);
    }

    #[test]
    fn folder_and_crate_have_one_name() {
        let mut moved = package("tinderbox-model", &[]);
        moved.folder = "crates/model".to_owned();
        assert_eq!(rules(&moved), ["folder-name"]);
    }
}
