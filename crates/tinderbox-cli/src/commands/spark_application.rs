//! Manifests of the kubeflow operator: `tinderbox spec import` and `tinderbox compile --to spark-application`.

use crate::args::Format;
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use tinderbox_app::Translated;
use tinderbox_spec::{LONGEST_DOCUMENT, Spec};

/// The text of this file when it is a manifest. Event logs and folders of them are none.
pub fn manifest(path: &Path) -> Option<String> {
    if !path.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST_DOCUMENT.0).read_to_string(&mut text).ok()?;
    // An event log is JSON, one event a line, and may quote anything.
    let is_log = text.starts_with("{\"Event\"");
    (!is_log && tinderbox_app::is_spark_application(&text)).then_some(text)
}

/// Prints the spec of a manifest.
pub fn import(manifest: &str, format: Format) -> Result<ExitCode, Failure> {
    let made = tinderbox_app::import_spark_application(manifest)?;
    print(&made, format);
    for problem in &made.problems {
        output::note(&problem.render(&made.text));
    }
    Ok(if made.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the manifest of a spec.
pub fn export(spec: &Spec, format: Format) -> Result<(), Failure> {
    print(&tinderbox_app::export_spark_application(spec)?, format);
    Ok(())
}

fn print(made: &Translated, format: Format) {
    match format {
        Format::Json => output::json(&json!({
            "text": made.text,
            "left_out": made.left_out,
            "problems": made.problems.iter().map(super::spec::to_json).collect::<Vec<_>>(),
        })),
        Format::Table => {
            output::data(&made.text);
            for one in &made.left_out {
                output::note(&format!("left out: {one}"));
            }
        }
    }
}
