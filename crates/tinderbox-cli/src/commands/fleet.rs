//! `tinderbox history prune` and `tinderbox db check`.

use crate::args::{Format, Place};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::Session;
use std::process::ExitCode;
use tinderbox_api::{CheckRequest, CheckResult, PruneRequest, PruneResult};
use tinderbox_app::Retention;
use tinderbox_model::Bytes;

/// Removes runs by age and size.
pub async fn prune(
    place: &Place,
    retention: Retention,
    dry_run: bool,
    format: Format,
) -> Result<ExitCode, Failure> {
    let older_than_ms = retention.age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    let max_size_bytes = retention.size.map(|size| size.0);
    let session = Session::open(place).await?;
    let request = PruneRequest { older_than_ms, max_size_bytes, dry_run };
    let pruned = session.client.prune_history(&request).await;
    session.close().await;
    let pruned = pruned?;
    match format {
        Format::Json => output::json(&pruned),
        Format::Table => output::data(&pruned_text(&pruned)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Compares what is counted with what there is.
pub async fn check(place: &Place, repair: bool, format: Format) -> Result<ExitCode, Failure> {
    let session = Session::open(place).await?;
    let checked = session.client.check_database(&CheckRequest { repair }).await;
    session.close().await;
    let checked = checked?;
    match format {
        Format::Json => output::json(&checked),
        Format::Table => output::data(&checked_text(&checked)),
    }
    let is_right = checked.num_differences == 0 || checked.repaired;
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn pruned_text(pruned: &PruneResult) -> String {
    let head = [("RUN", Side::Left), ("ENDED", Side::Left), ("SIZE", Side::Right)];
    let rows: Vec<_> = pruned
        .runs
        .iter()
        .map(|run| {
            vec![run.job_id.clone(), run.end_time.clone(), Bytes(run.size_bytes).to_string()]
        })
        .collect();
    let mut text = if rows.is_empty() { String::new() } else { output::table(&head, &rows) };
    let more = pruned.num_runs.saturating_sub(rows.len() as u64);
    if more > 0 {
        text.push_str(&format!("and {more} more\n"));
    }
    let done = if pruned.dry_run { "would be removed" } else { "removed" };
    let runs = if pruned.num_runs == 1 { "run" } else { "runs" };
    let size = Bytes(pruned.size_bytes);
    text.push_str(&format!("{} {runs} {done}, {size} of files\n", pruned.num_runs));
    text
}

fn checked_text(checked: &CheckResult) -> String {
    let mut text: String =
        checked.differences.iter().map(|difference| format!("{difference}\n")).collect();
    let more = checked.num_differences.saturating_sub(checked.differences.len() as u64);
    if more > 0 {
        text.push_str(&format!("and {more} more\n"));
    }
    text.push_str(&match (checked.num_differences, checked.repaired) {
        (0, _) => "everything that is counted is right\n".to_owned(),
        (count, true) => format!("{count} differences, corrected\n"),
        (count, false) => format!("{count} differences; --repair corrects them\n"),
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_api::PrunedJob;

    #[test]
    fn what_is_not_listed_is_counted() {
        let run = PrunedJob {
            job_id: "a".to_owned(),
            end_time: "2026-01-01T00:00:00Z".to_owned(),
            size_bytes: 1 << 20,
        };
        let pruned =
            PruneResult { num_runs: 3, size_bytes: 5 << 20, dry_run: true, runs: vec![run] };
        assert_eq!(
            pruned_text(&pruned),
            "RUN  ENDED                    SIZE\na    2026-01-01T00:00:00Z  1.0 MiB\nand 2 more\n\
             3 runs would be removed, 5.0 MiB of files\n"
        );
        let checked = CheckResult {
            differences: vec!["x: 1 stored, 2 counted".to_owned()],
            num_differences: 1,
            repaired: false,
        };
        assert!(checked_text(&checked).ends_with("1 differences; --repair corrects them\n"));
    }
}
