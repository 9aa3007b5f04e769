//! `tinderbox analyze` and `tinderbox compare`.

use crate::args::{Format, Outgoing, Place};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::Session;
use crate::sources;
use std::path::Path;
use std::process::ExitCode;
use tinderbox_api::{Comparison, Report};
use tinderbox_collect::Location;

/// Analyzes a run, or an event log, which needs no data directory.
pub async fn analyze(place: &Place, target: &str, format: Format) -> Result<ExitCode, Failure> {
    let path = Path::new(target);
    let report = if path.exists() || target.contains(std::path::MAIN_SEPARATOR) {
        let location = Location::parse(target, &sources::access(&Outgoing::default()))?;
        let application = tinderbox_collect::read(&location, &mut |_| {})?;
        Report::new(target, &tinderbox_advise::analyze(&application))
    } else {
        let session = Session::open(place).await?;
        let report = session.client.list_findings(target).await;
        session.close().await;
        report?
    };
    match format {
        Format::Json => output::json(&report),
        Format::Table => output::data(&render(&report)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts two runs side by side.
pub async fn compare(
    place: &Place,
    before: &str,
    after: &str,
    format: Format,
) -> Result<ExitCode, Failure> {
    let session = Session::open(place).await?;
    let comparison = session.client.compare_jobs(before, after).await;
    session.close().await;
    let comparison = comparison?;
    match format {
        Format::Json => output::json(&comparison),
        Format::Table => output::data(&side_by_side(&comparison)),
    }
    Ok(ExitCode::SUCCESS)
}

/// The report for people.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    if let Some(partial) = &report.partial {
        text.push_str(&format!("partial: {partial}\n"));
    }
    match report.findings.len() {
        0 => text.push_str("\nno findings\n"),
        1 => text.push_str("\n1 finding\n"),
        n => text.push_str(&format!("\n{n} findings\n")),
    }
    for finding in &report.findings {
        text.push_str(&format!("\n{:<9} {}\n", finding.severity, finding.title));
        text.push_str(&format!("          {} ({})\n", finding.subject.label, finding.finding_id));
        for evidence in &finding.evidence {
            let threshold = match (&evidence.threshold, &evidence.source) {
                (Some(threshold), Some(source)) => format!("  (threshold {threshold}, {source})"),
                (Some(threshold), None) => format!("  (threshold {threshold})"),
                _ => String::new(),
            };
            text.push_str(&format!(
                "          - {}: {}{threshold}\n",
                evidence.metric, evidence.value
            ));
        }
        for line in wrap(&finding.explanation, 90) {
            text.push_str(&format!("          {line}\n"));
        }
    }
    if !report.advice.is_empty() {
        text.push_str("\nadvised configuration\n");
        for advice in &report.advice {
            let patch = &advice.patch;
            text.push_str(&format!("  {}={}\n", patch.target, patch.value));
            text.push_str(&format!(
                "      {} [{}]\n",
                advice.reason,
                advice.finding_ids.join(", ")
            ));
        }
        text.push_str("apply it with `tinderbox run SPEC --apply-advice`\n");
    }
    text
}

fn side_by_side(comparison: &Comparison) -> String {
    let head = [
        ("MEASURE", Side::Left),
        ("BEFORE", Side::Right),
        ("AFTER", Side::Right),
        ("CHANGE", Side::Right),
    ];
    let rows: Vec<_> = comparison
        .rows
        .iter()
        .map(|row| {
            let text = |amount: &Option<tinderbox_api::Amount>| {
                amount.as_ref().map_or("-".to_owned(), |amount| amount.text.clone())
            };
            let change = row.change.map_or("-".to_owned(), |c| format!("{:+.1} %", c * 100.0));
            vec![row.title.clone(), text(&row.before), text(&row.after), change]
        })
        .collect();
    output::table(&head, &rows)
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let needs_break =
            lines.last().is_some_and(|line| !line.is_empty() && line.len() + word.len() >= width);
        if needs_break {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
