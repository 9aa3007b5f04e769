//! `tinderbox spec new`, and how commands read specs.

use crate::args::Chosen;
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use tinderbox_spec::{Choice, Diagnostic, Severity};

/// Writes a spec to begin with.
pub fn new(file: &Path, name: Option<&str>) -> Result<ExitCode, Failure> {
    let stem = || file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = name.map(str::to_owned).or_else(stem).unwrap_or_else(|| "job".to_owned());
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut out| out.write_all(tinderbox_spec::new_document(&name).as_bytes()));
    written.map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::AlreadyExists => "give the path of a new file".to_owned(),
            _ => "give a path in a folder that is there and may be written".to_owned(),
        };
        Failure::environment(format!("cannot write {}: {error}", file.display()), Some(hint))
    })?;
    let path = file.display();
    output::data(&format!("{path}\nnext: edit it, then tinderbox check {path}\n"));
    Ok(ExitCode::SUCCESS)
}

/// Reads a spec's text, and with it the files that it names.
pub fn open(path: &Path, chosen: Chosen) -> Result<(String, Choice), Failure> {
    let text = read(path)?;
    let choice = Choice {
        parameters: chosen.set.into_iter().collect(),
        environment: chosen.environment,
        files: files(path, &text),
    };
    Ok((text, choice))
}

/// The files that a spec and what it includes name; what is not there or no text is reported where it is named.
pub fn files(path: &Path, text: &str) -> BTreeMap<String, String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found = BTreeMap::new();
    let mut named = tinderbox_spec::component_files(text);
    while let Some(file) = named.pop() {
        if found.contains_key(&file) {
            continue;
        }
        if let Ok(text) = read_text(&folder.join(&file)) {
            named.extend(tinderbox_spec::component_files(&text));
            found.insert(file, text);
        }
    }
    found
}

/// Reads a spec's text.
pub fn read(path: &Path) -> Result<String, Failure> {
    read_text(path).map_err(|(problem, hint)| {
        let message = format!("cannot read the spec {}: {problem}", path.display());
        Failure::environment(message, Some(hint.to_owned()))
    })
}

/// A text of the size that a spec may have; else what is wrong, and what to do.
fn read_text(path: &Path) -> Result<String, (String, &'static str)> {
    let limit = tinderbox_spec::LONGEST_DOCUMENT;
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(limit.0 + 1).read_to_end(&mut bytes)).map_err(
        |error| {
            let hint = "give the path of a YAML or JSON file; examples/ has some to begin with";
            (error.to_string(), hint)
        },
    )?;
    if bytes.len() as u64 > limit.0 {
        let hint = "keep data in files that the job reads, and parts in `components`";
        return Err((format!("it has more than {limit}"), hint));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        (format!("line {line} is no UTF-8"), "save it in the encoding UTF-8")
    })
}

/// The errors of a spec.
pub fn refused(diagnostics: &[Diagnostic], text: &str) -> Failure {
    let rendered: Vec<_> = diagnostics.iter().map(|d| d.render(text)).collect();
    Failure::refused(rendered.join("\n"), None)
}

/// A diagnostic as an object.
pub fn to_json(diagnostic: &Diagnostic) -> serde_json::Value {
    json!({
        "code": diagnostic.code,
        "severity": if diagnostic.severity == Severity::Error { "error" } else { "warning" },
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "field": diagnostic.field,
        "page": diagnostic.page(),
    })
}
