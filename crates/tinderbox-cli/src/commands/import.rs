//! `tinderbox import`.

use crate::args::{Format, Place};
use crate::failure::Failure;
use crate::output;
use crate::session::Session;
use std::path::Path;
use std::process::ExitCode;
use tinderbox_api::{ImportRequest, ImportResult};

/// Takes a data set of jobs into the history.
pub async fn import(
    place: &Place,
    folder: &Path,
    replace: bool,
    format: Format,
) -> Result<ExitCode, Failure> {
    // The server may have another working directory.
    let path = folder.canonicalize().map_err(|error| {
        let hint = "name the folder that holds jobs/spark_jobs.parquet".to_owned();
        Failure::environment(format!("cannot use {}: {error}", folder.display()), Some(hint))
    })?;
    let session = Session::open(place).await?;
    let request = ImportRequest { path: path.display().to_string(), replace };
    let done = session.client.import(&request).await;
    session.close().await;
    print(&done?, format);
    Ok(ExitCode::SUCCESS)
}

fn print(done: &ImportResult, format: Format) {
    match format {
        Format::Json => output::json(done),
        Format::Table => {
            for warning in &done.warnings {
                output::note(warning);
            }
            let what = if done.unchanged { "unchanged" } else { "imported" };
            output::data(&format!(
                "{} jobs, {} operators, {} errors {what}\n",
                done.num_jobs, done.num_operators, done.num_errors
            ));
        }
    }
}
