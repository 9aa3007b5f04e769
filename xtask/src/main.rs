//! The project's own checks and code generation: `cargo xtask tidy`, `cargo xtask codegen` and `cargo xtask verify-sail`.
//!
//! Invariants: `tidy` changes nothing, needs neither network nor Node, and names for every finding
//! the file, the line, the rule and what to do. `codegen` writes exactly the files that `tidy`
//! compares. `cargo metadata` is read as JSON by hand: a crate for it would switch on features of
//! `serde_json` for the whole workspace and cost a second compilation of everything above it.

mod contracts;
mod rows;
mod tidy;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

const USAGE: &str = "\
usage: cargo xtask <command>

  tidy         check crate edges, single homes, TLS providers, generated contracts and source rules
  codegen      write the generated contracts in schemas/, the UI's types made from them, and docs/rows.md
  verify-sail  ask real Spark and Sail about every function, and write what they say
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let outcome = match (command.as_deref(), arguments.next()) {
        (Some("tidy"), None) => repository_root().and_then(|root| tidy_command(&root)),
        (Some("codegen"), None) => repository_root().and_then(|root| codegen_command(&root)),
        (Some("verify-sail"), None) => repository_root().and_then(|root| verify_sail(&root)),
        (Some("help" | "--help" | "-h"), _) => write_out(USAGE).map(|()| ExitCode::SUCCESS),
        _ => {
            eprint!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

/// Exit code 0 when nothing is wrong (warnings allowed), 1 when a rule is broken.
fn tidy_command(root: &Path) -> Result<ExitCode> {
    let report = tidy::check(root)?;
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&format!("{finding}\n"));
    }
    let errors = report.errors();
    text.push_str(&format!(
        "tidy: {} files, {} crates: {errors} errors, {} warnings\n",
        report.files,
        report.crates,
        report.findings.len() - errors,
    ));
    write_out(&text)?;
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn codegen_command(root: &Path) -> Result<ExitCode> {
    for line in contracts::write_all(root)? {
        write_out(&format!("{line}\n"))?;
    }
    let files = tidy::files(root)?;
    std::fs::write(root.join(rows::FILE), rows::print(root, &files)?)
        .with_context(|| format!("cannot write {}", rows::FILE))?;
    write_out(&format!("{}: made from the names of the tests\n", rows::FILE))?;
    Ok(ExitCode::SUCCESS)
}

/// The comparison itself is a test of `tinderbox-connect`, which also holds a part of the list against both each day; it
/// takes a quarter of an hour.
fn verify_sail(root: &Path) -> Result<ExitCode> {
    for name in ["TINDERBOX_SPARK_3_5", "TINDERBOX_SPARK_4", "TINDERBOX_SAIL"] {
        if std::env::var_os(name).is_none() {
            anyhow::bail!("{name} is not set; type `source scripts/environment.sh` first");
        }
    }
    let status = std::process::Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["test", "--locked", "--release", "--package", "tinderbox-connect", "--test", "it"])
        .args(["--", "real_spark_and_sail", "--nocapture"])
        .envs([("TINDERBOX_AGREEMENT", "list"), ("TINDERBOX_UPDATE", "1")])
        .env("TINDERBOX_REQUIRE_ALL", "1")
        .status()
        .context("cannot start cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The checkout around the current folder. Not the one that xtask was compiled in: checkouts share
/// the build folder, and with it this program.
fn repository_root() -> Result<PathBuf> {
    let current = std::env::current_dir().context("cannot tell the current folder")?;
    let root = current.ancestors().find(|folder| folder.join("xtask/Cargo.toml").is_file());
    root.map(Path::to_path_buf).context("not inside a checkout of Tinderbox; change into one")
}

fn write_out(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to stdout")
}
