//! `tinderbox check` and `tinderbox spec new`: on files alone.

use crate::args::{Chosen, Format};
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;
use tinderbox_spec::{Choice, Delivery, Diagnostic, Severity};

/// Checks a spec: exit code 1 when it has errors.
pub fn check(path: &Path, chosen: Chosen, format: Format) -> Result<ExitCode, Failure> {
    let (text, choice) = open(path, chosen)?;
    let name = path.display().to_string();
    let (diagnostics, nodes, delivery) = match tinderbox_spec::load(&name, &text, &choice) {
        Ok(loaded) => {
            let mut diagnostics = tinderbox_spec::lint(&loaded.spec);
            diagnostics.extend(loaded.warnings);
            diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
            let delivery = tinderbox_spec::delivery(&loaded.spec);
            (diagnostics, loaded.spec.nodes().len(), delivery)
        }
        Err(diagnostics) => (diagnostics, 0, Vec::new()),
    };
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    match format {
        Format::Json => output::json(&json!({
            "spec": name,
            "valid": errors == 0,
            "diagnostics": diagnostics.iter().map(to_json).collect::<Vec<_>>(),
            "delivery": delivery.iter().map(|delivery| json!({
                "sink": delivery.sink.as_str(),
                "guarantee": delivery.guarantee.as_str(),
                "reason": delivery.reason,
            })).collect::<Vec<_>>(),
        })),
        Format::Table => {
            for diagnostic in &diagnostics {
                output::note(&diagnostic.render(&text));
            }
            for Delivery { sink, guarantee, reason } in &delivery {
                output::note(&format!("note: `{sink}` delivers {guarantee}: {reason}"));
            }
            if errors == 0 {
                let remarks = match diagnostics.len() {
                    0 => String::new(),
                    n => format!(", {n} remark{}", if n == 1 { "" } else { "s" }),
                };
                output::data(&format!("{name}: valid, {nodes} nodes{remarks}\n"));
            }
        }
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
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

/// The files that a spec and what it includes name; what is not there or no text is reported where it is named.
pub fn files(path: &Path, text: &str) -> BTreeMap<String, String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found = BTreeMap::new();
    let mut named = tinderbox_spec::component_files(text);
    while let Some(file) = named.pop() {
        if found.contains_key(&file) {
            continue;
        }
        if let Ok(text) = std::fs::read_to_string(folder.join(&file)) {
            named.extend(tinderbox_spec::component_files(&text));
            found.insert(file, text);
        }
    }
    found
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

fn to_json(diagnostic: &Diagnostic) -> serde_json::Value {
    json!({
        "code": diagnostic.code,
        "severity": if diagnostic.severity == Severity::Error { "error" } else { "warning" },
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "field": diagnostic.field,
    })
}
