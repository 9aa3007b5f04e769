//! Which crate may depend on which, and the one home of every large third-party crate.
//!
//! The tables are the design's; a change here is a change of the design and needs its reason in
//! the commit.

use super::Finding;
use super::workspace::{Kind, Package};

/// Crates below the application, in the order in which they build on each other.
const BELOW_APP: &[&str] = &[
    "tinderbox-model",
    "tinderbox-spark",
    "tinderbox-spec",
    "tinderbox-advise",
    "tinderbox-table",
    "tinderbox-store",
    "tinderbox-generate",
    "tinderbox-collect",
    "tinderbox-connect",
    "tinderbox-engine",
    "tinderbox-scale",
    "tinderbox-schedule",
    "tinderbox-notify",
];

/// Every crate and the crates it may use, for normal, build and test code alike.
const EDGES: &[(&str, &[&[&str]])] = &[
    ("tinderbox-model", &[]),
    // Test code only: see DEV_EDGES.
    ("tinderbox-testcluster", &[]),
    ("tinderbox-spark", &[&["tinderbox-model"]]),
    ("tinderbox-spec", &[&["tinderbox-model"]]),
    ("tinderbox-advise", &[&["tinderbox-model"]]),
    ("tinderbox-table", &[&["tinderbox-model"]]),
    ("tinderbox-store", &[&["tinderbox-model"]]),
    ("tinderbox-generate", &[&["tinderbox-model", "tinderbox-spark", "tinderbox-table"]]),
    ("tinderbox-collect", &[&["tinderbox-model", "tinderbox-spark"]]),
    ("tinderbox-connect", &[&["tinderbox-model", "tinderbox-spec"]]),
    (
        "tinderbox-engine",
        &[&["tinderbox-model", "tinderbox-spec", "tinderbox-spark", "tinderbox-connect"]],
    ),
    ("tinderbox-scale", &[&["tinderbox-model"]]),
    ("tinderbox-schedule", &[&["tinderbox-model", "tinderbox-spec"]]),
    ("tinderbox-notify", &[&["tinderbox-model"]]),
    ("tinderbox-api", &[&["tinderbox-model", "tinderbox-spec", "tinderbox-advise"]]),
    ("tinderbox-app", &[BELOW_APP]),
    ("tinderbox-server", &[&["tinderbox-app", "tinderbox-api"]]),
    ("tinderbox-cli", &[&["tinderbox-app", "tinderbox-api", "tinderbox-server"], BELOW_APP]),
    // Not in the design's list: code generation asks these two for their contracts.
    ("xtask", &[&["tinderbox-server", "tinderbox-spec"]]),
];

/// Edges that only test code may have, each with the reason it cannot be avoided.
const DEV_EDGES: &[(&str, &str)] = &[
    // A Kubernetes whose pods are processes: runs on it are to compute real results.
    ("tinderbox-engine", "tinderbox-testcluster"),
    ("tinderbox-app", "tinderbox-testcluster"),
    ("tinderbox-server", "tinderbox-testcluster"),
    ("tinderbox-cli", "tinderbox-testcluster"),
];

/// Third-party crates (or, with a final `*`, families of them) and the only crates that may name
/// them in a manifest. Whoever needs what they do asks the home for it.
const HOMES: &[(&str, &[&str])] = &[
    // The test cluster is a server of its own and part of no binary.
    ("axum", &["tinderbox-server", "tinderbox-testcluster"]),
    ("axum-*", &["tinderbox-server"]),
    ("tower-http", &["tinderbox-server"]),
    ("utoipa-axum", &["tinderbox-server"]),
    ("utoipa", &["tinderbox-server", "tinderbox-api"]),
    ("sea-orm*", &["tinderbox-store"]),
    ("sqlx*", &["tinderbox-store"]),
    ("rusqlite", &["tinderbox-store"]),
    ("parquet", &["tinderbox-table"]),
    ("arrow", &["tinderbox-table", "tinderbox-connect"]),
    ("arrow-*", &["tinderbox-table", "tinderbox-connect"]),
    ("apache-spark-connect", &["tinderbox-connect"]),
    ("apache-spark-connect-*", &["tinderbox-connect"]),
    ("sqlparser", &["tinderbox-connect"]),
    ("spark-connect*", &["tinderbox-connect"]),
    ("kube", &["tinderbox-engine"]),
    ("kube-*", &["tinderbox-engine"]),
    ("k8s-openapi", &["tinderbox-engine"]),
    ("lettre", &["tinderbox-notify"]),
    ("clap*", &["tinderbox-cli"]),
    ("miette", &["tinderbox-cli"]),
    ("include_dir", &["tinderbox-cli"]),
    ("rust-embed", &["tinderbox-cli"]),
];

/// Checks every declared dependency of one crate against the three tables.
pub(super) fn check_package(package: &Package) -> Vec<Finding> {
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
        return vec![Finding::error(
            &package.manifest_file(),
            1,
            "unknown-crate",
            &format!("{} has no line in the table of allowed crate edges", package.name),
            "a new crate needs a second user, another pace of change, or compile time; \
             then add its edges to EDGES in xtask/src/tidy/edges.rs and to ARCHITECTURE.md",
        )];
    };
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let place = (package.manifest_file(), package.line_of(&dependency.key));
        if is_own(&dependency.name) {
            let listed = allowed.iter().any(|list| list.contains(&dependency.name.as_str()));
            let excepted = dependency.kind == Kind::Dev
                && DEV_EDGES.contains(&(&package.name, &dependency.name));
            if !listed && !excepted {
                findings.push(Finding::error(
                    &place.0,
                    place.1,
                    "crate-edge",
                    &format!("{} must not depend on {}", package.name, dependency.name),
                    &edge_remedy(&package.name, allowed),
                ));
            }
        } else if let Some(homes) = homes_of(&dependency.name)
            && !homes.contains(&package.name.as_str())
        {
            findings.push(Finding::error(
                &place.0,
                place.1,
                "single-home",
                &format!("{} must not use {}", package.name, dependency.name),
                &format!("only {} may; ask it for what is needed", homes.join(" and ")),
            ));
        }
    }
    findings
}

fn is_own(dependency: &str) -> bool {
    EDGES.iter().any(|(name, _)| *name == dependency) || dependency.starts_with("tinderbox-")
}

fn homes_of(dependency: &str) -> Option<&'static [&'static str]> {
    let matches = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => dependency.starts_with(prefix),
        None => dependency == pattern,
    };
    HOMES.iter().find(|(pattern, _)| matches(pattern)).map(|(_, homes)| *homes)
}

fn edge_remedy(package: &str, allowed: &[&[&str]]) -> String {
    let names = allowed.concat();
    if names.is_empty() {
        return format!("{package} depends on no crate of ours; move the shared type down into it");
    }
    format!(
        "it may use {}; move the code to a crate that may, or the shared type to tinderbox-model",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::workspace::tests::package;
    use super::*;

    fn problems(package: &Package) -> Vec<String> {
        check_package(package)
            .into_iter()
            .map(|finding| {
                format!("{}:{} {} {}", finding.file, finding.line, finding.rule, finding.problem)
            })
            .collect()
    }

    #[test]
    fn forbidden_edge_is_reported_at_its_line() {
        let advise = package(
            "tinderbox-advise",
            &[("tinderbox-model", Kind::Normal), ("tinderbox-store", Kind::Normal)],
        );
        assert_eq!(
            problems(&advise),
            [
                "crates/tinderbox-advise/Cargo.toml:7 crate-edge tinderbox-advise must not depend on tinderbox-store"
            ]
        );
    }

    #[test]
    fn build_and_dev_edges_are_held_to_the_same_table() {
        for kind in [Kind::Build, Kind::Dev] {
            let model = package("tinderbox-model", &[("tinderbox-spark", kind)]);
            assert_eq!(check_package(&model).len(), 1, "{kind:?}");
        }
    }

    #[test]
    fn app_may_use_everything_below_but_not_the_server() {
        let app = package(
            "tinderbox-app",
            &[("tinderbox-engine", Kind::Normal), ("tinderbox-server", Kind::Normal)],
        );
        assert_eq!(
            problems(&app),
            [
                "crates/tinderbox-app/Cargo.toml:7 crate-edge tinderbox-app must not depend on tinderbox-server"
            ]
        );
    }

    #[test]
    fn server_reaches_the_leaves_only_through_app() {
        let server = package(
            "tinderbox-server",
            &[("tinderbox-app", Kind::Normal), ("tinderbox-model", Kind::Normal)],
        );
        assert_eq!(problems(&server).len(), 1);
    }

    #[test]
    fn every_crate_in_the_table_is_known_and_the_table_has_no_cycle() {
        let position = |name: &str| EDGES.iter().position(|(crate_name, _)| *crate_name == name);
        for (name, allowed) in EDGES {
            for dependency in allowed.concat() {
                assert!(position(dependency) < position(name), "{name} -> {dependency}");
            }
        }
    }

    #[test]
    fn crate_outside_its_home_is_reported() {
        let app = package(
            "tinderbox-app",
            &[
                ("axum", Kind::Normal),
                ("axum-extra", Kind::Normal),
                ("sea-orm-migration", Kind::Dev),
                ("tokio", Kind::Normal),
            ],
        );
        assert_eq!(
            problems(&app),
            [
                "crates/tinderbox-app/Cargo.toml:6 single-home tinderbox-app must not use axum",
                "crates/tinderbox-app/Cargo.toml:7 single-home tinderbox-app must not use axum-extra",
                "crates/tinderbox-app/Cargo.toml:8 single-home tinderbox-app must not use sea-orm-migration",
            ]
        );
        let store = package("tinderbox-store", &[("sea-orm", Kind::Normal)]);
        assert_eq!(problems(&store), Vec::<String>::new());
    }

    #[test]
    fn crate_without_a_line_in_the_table_is_reported() {
        let other = package("tinderbox-plugins", &[]);
        assert_eq!(check_package(&other)[0].rule, "unknown-crate");
    }
}
