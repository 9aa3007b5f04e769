//! `tinderbox spec fmt` and `spec upgrade`: changes of a spec's text in its file.

use super::spec::{open, read, refused};
use crate::args::Chosen;
use crate::failure::Failure;
use crate::output;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use tinderbox_spec::Error;

/// Writes the canonical layout; with `only_check` it only says whether that would change something, with exit code 1.
pub fn fmt(file: &Path, only_check: bool) -> Result<ExitCode, Failure> {
    let text = read(file)?;
    let formatted =
        tinderbox_spec::format_document(&text).map_err(|error| failed(file, &text, error))?;
    let path = file.display();
    if formatted == text {
        output::note(&format!("{path}: nothing to change"));
        return Ok(ExitCode::SUCCESS);
    }
    if only_check {
        output::data(&format!("{path}\n"));
        output::note(&format!("hint: tinderbox spec fmt {path}"));
        return Ok(ExitCode::from(1));
    }
    replace(file, &formatted)?;
    output::data(&format!("{path}\n"));
    Ok(ExitCode::SUCCESS)
}

/// Writes today's form and says what was changed.
pub fn upgrade(file: &Path, chosen: Chosen) -> Result<ExitCode, Failure> {
    let (text, choice) = open(file, chosen)?;
    let path = file.display();
    let upgraded = tinderbox_spec::upgrade(&path.to_string(), &text, &choice)
        .map_err(|error| failed(file, &text, error))?;
    if upgraded.changes.is_empty() {
        output::note(&format!("{path}: nothing to change"));
        return Ok(ExitCode::SUCCESS);
    }
    replace(file, &upgraded.text)?;
    for change in &upgraded.changes {
        output::data(&format!("{path}: {change}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn failed(file: &Path, text: &str, error: Error) -> Failure {
    match error {
        Error::Document(diagnostics) => {
            let name = file.display().to_string();
            let named: Vec<_> = diagnostics
                .into_iter()
                .map(|mut found| {
                    if found.text.is_none() {
                        found.file.clone_from(&name);
                    }
                    found
                })
                .collect();
            refused(&named, text)
        }
        error => Failure::refused(format!("{}: {error}", file.display()), None),
    }
}

/// The new text is there as a whole or not at all.
fn replace(file: &Path, text: &str) -> Result<(), Failure> {
    let new = file.with_extension("tinderbox-new");
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&new)
        .and_then(|mut out| out.write_all(text.as_bytes()))
        .and_then(|()| std::fs::set_permissions(&new, std::fs::metadata(file)?.permissions()))
        .and_then(|()| std::fs::rename(&new, file));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&new);
        Failure::environment(
            format!("cannot write {}: {error}", file.display()),
            Some("the file and its folder must be writable".to_owned()),
        )
    })
}
