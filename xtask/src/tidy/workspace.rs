//! Reads the repository: packages from `cargo metadata`, files from git.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// A workspace member as its manifest declares it.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Folder relative to the repository root, `crates/tinderbox-spark`.
    pub(crate) folder: String,
    /// The text of its `Cargo.toml`.
    pub(crate) manifest: String,
    /// The text of `src/lib.rs`, or of `src/main.rs` for a binary.
    pub(crate) root_source: String,
    pub(crate) has_readme: bool,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A declared dependency, optional and platform-specific ones included.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    /// The package's name in its registry.
    pub(crate) name: String,
    /// The name in the manifest, which differs for a renamed dependency.
    pub(crate) key: String,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

impl Package {
    pub(crate) fn manifest_file(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// The one-based line that declares a dependency; 1 when it is written in an unusual way.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        let declares = |line: &str| {
            let line = line.trim_start();
            let table = line.starts_with('[') && line.trim_end().ends_with(&format!(".{key}]"));
            let entry =
                line.strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', '=', ' ', '\t']));
            table || entry
        };
        self.manifest.lines().position(declares).map_or(1, |index| index + 1)
    }
}

/// All members of the workspace, without resolving or downloading anything.
pub(crate) fn packages(root: &Path) -> Result<Vec<Package>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("cannot start cargo")?;
    let output = successful(output, "cargo metadata")?;
    let metadata: Metadata =
        serde_json::from_slice(&output).context("cargo metadata printed unexpected JSON")?;
    metadata.packages.into_iter().map(|package| read_package(root, package)).collect()
}

/// Tracked files and new ones that are not ignored, relative to the root, with `/`.
pub(crate) fn files(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "-z"])
        .current_dir(root)
        .output()
        .context("cannot start git, which tidy asks for the list of files")?;
    let output = successful(output, "git ls-files")?;
    let text = String::from_utf8(output).context("a file name is not UTF-8")?;
    Ok(text.split_terminator('\0').map(str::to_owned).collect())
}

/// The text of a file; `None` for a binary or absent one and for a symbolic link to a folder.
pub(crate) fn read_text(root: &Path, file: &str) -> Result<Option<String>> {
    let path = root.join(file);
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')))
}

fn read_package(root: &Path, package: MetadataPackage) -> Result<Package> {
    let manifest_path = Path::new(&package.manifest_path);
    let folder = manifest_path.parent().context("a manifest without a folder")?;
    let manifest = std::fs::read_to_string(manifest_path)
        .with_context(|| format!("cannot read {}", manifest_path.display()))?;
    let root_source = ["src/lib.rs", "src/main.rs"]
        .iter()
        .find_map(|file| std::fs::read_to_string(folder.join(file)).ok())
        .unwrap_or_default();
    let relative = folder.strip_prefix(root).unwrap_or(folder);
    Ok(Package {
        name: package.name,
        folder: relative.to_string_lossy().replace('\\', "/"),
        manifest,
        root_source,
        has_readme: folder.join("README.md").is_file(),
        dependencies: package.dependencies.into_iter().map(Dependency::from).collect(),
    })
}

fn successful(output: Output, what: &str) -> Result<Vec<u8>> {
    ensure!(
        output.status.success(),
        "`{what}` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(output.stdout)
}

impl From<MetadataDependency> for Dependency {
    fn from(dependency: MetadataDependency) -> Self {
        let key = dependency.rename.unwrap_or_else(|| dependency.name.clone());
        let kind = match dependency.kind.as_deref() {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        };
        Self { name: dependency.name, key, kind }
    }
}

/// The part of `cargo metadata --format-version 1` that tidy uses.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    manifest_path: String,
    dependencies: Vec<MetadataDependency>,
}

#[derive(Deserialize)]
struct MetadataDependency {
    name: String,
    rename: Option<String>,
    kind: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A package as tests need it: every dependency is declared on a line of its own.
    pub(crate) fn package(name: &str, dependencies: &[(&str, Kind)]) -> Package {
        let mut manifest = format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n");
        manifest.push_str("[dependencies]\n");
        for (dependency, _) in dependencies {
            manifest.push_str(&format!("{dependency}.workspace = true\n"));
        }
        Package {
            name: name.to_owned(),
            folder: format!("crates/{name}"),
            manifest,
            root_source: "//! What it does.\n".to_owned(),
            has_readme: false,
            dependencies: dependencies
                .iter()
                .map(|&(name, kind)| Dependency {
                    name: name.to_owned(),
                    key: name.to_owned(),
                    kind,
                })
                .collect(),
        }
    }

    #[test]
    fn line_of_a_dependency_is_found_in_every_way_to_write_it() {
        let mut package = package("tinderbox-spark", &[]);
        package.manifest = "[dependencies]\nserde_json = \"1\"\nserde.workspace = true\n\n[dependencies.parquet]\nversion = \"58\"\n".to_owned();
        assert_eq!(package.line_of("serde_json"), 2);
        assert_eq!(package.line_of("serde"), 3);
        assert_eq!(package.line_of("parquet"), 5);
        assert_eq!(package.line_of("absent"), 1);
    }

    #[test]
    fn own_workspace_is_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let packages = packages(root).unwrap();
        let own = packages.iter().find(|package| package.name == "xtask").unwrap();
        assert_eq!(own.folder, "xtask");
        assert!(
            own.dependencies
                .iter()
                .any(|dependency| dependency.name == "anyhow" && dependency.kind == Kind::Normal)
        );
    }
}
