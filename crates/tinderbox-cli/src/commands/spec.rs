//! `tinderbox compile` and `tinderbox spec new`, and how commands read specs.

use crate::args::{Chosen, Format};
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;
use tinderbox_spec::{Choice, Diagnostic, Severity};

/// Prints the code of a spec.
pub fn compile(path: &Path, chosen: Chosen, format: Format) -> Result<ExitCode, Failure> {
    let (text, choice) = open(path, chosen)?;
    let name = path.display().to_string();
    let loaded = tinderbox_spec::load(&name, &text, &choice)
        .map_err(|diagnostics| refused(&diagnostics, &text))?;
    let compiled = tinderbox_spec::compile_pyspark(&loaded.spec)
        .map_err(|diagnostics| refused(&diagnostics, &text))?;
    for warning in &loaded.warnings {
        output::note(&warning.render(&text));
    }
    match format {
        Format::Table => output::data(&compiled.source),
        Format::Json => output::json(&json!({
            "pyspark": compiled.source,
            "launch_conf": compiled.launch_conf,
            "node_lines": compiled.node_lines.iter().map(|lines| json!({
                "node": lines.node.as_str(), "first_line": lines.first_line, "last_line": lines.last_line,
            })).collect::<Vec<_>>(),
        })),
    }
    Ok(ExitCode::SUCCESS)
}

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

/// The files that a spec names; what is not there or no text is reported where the spec names it.
pub fn files(path: &Path, text: &str) -> BTreeMap<String, String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    tinderbox_spec::component_files(text)
        .into_iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(folder.join(&file)).ok()?;
            Some((file, text))
        })
        .collect()
}

/// Reads a spec's text.
pub fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::environment(
            format!("cannot read the spec {}: {error}", path.display()),
            Some(
                "give the path of a YAML or JSON file; examples/ has some to begin with".to_owned(),
            ),
        )
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
