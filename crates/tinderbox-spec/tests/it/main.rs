//! Behavior of the crate through its public surface.
#![allow(clippy::expect_used, reason = "a test that panics has said what it wanted to say")]

mod applications;
mod bad_bytes;
mod bad_documents;
mod bad_expectations;
mod bad_joins;
mod bad_nodes;
mod bad_sources;
mod bad_stream_joins;
mod bad_streams;
mod bad_transformations;
mod cleansing;
mod compile;
mod custom_components;
mod delivery;
mod differences;
mod document;
mod environments;
mod expectations;
mod formatting;
mod includes;
mod kubernetes_profiles;
mod learning;
mod lineage;
mod lints;
mod observed;
mod openlineage;
mod patches;
mod pipelines;
mod profiles;
mod properties;
mod row_tests;
mod schema;
mod sources;
mod sql;
mod upgrading;
mod yarn_profiles;

use tinderbox_spec::{Choice, Diagnostic, Loaded, compile_pyspark, load};

/// Loads and compiles a document and renders all that is said about it.
fn check_spec(text: &str) -> String {
    let diagnostics = match load("job.yaml", text, &Choice::default()) {
        Err(diagnostics) => diagnostics,
        Ok(loaded) => {
            let compiled = compile_pyspark(&loaded.spec);
            loaded.warnings.into_iter().chain(compiled.warnings).collect()
        }
    };
    rendered(&diagnostics, text)
}

fn rendered(diagnostics: &[Diagnostic], text: &str) -> String {
    if diagnostics.is_empty() {
        return "nothing to say".to_owned();
    }
    let rendered: Vec<String> =
        diagnostics.iter().map(|diagnostic| diagnostic.render(text)).collect();
    rendered.join("\n\n")
}

fn loaded(text: &str) -> Loaded {
    load("job.yaml", text, &Choice::default())
        .unwrap_or_else(|found| panic!("{}", rendered(&found, text)))
}

/// A job with these transformations between a source `customers` and a sink.
fn job_with(transformations: &str) -> String {
    let transformations = transformations.trim_matches('\n');
    format!(
        "name: job\npipeline:\n  sources:\n    - {{id: customers, type: parquet, path: in}}\n  transformations:\n{transformations}\n  sinks:\n    - {{type: parquet, path: out}}\n"
    )
}
