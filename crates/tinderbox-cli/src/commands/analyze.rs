//! `tinderbox analyze` and `tinderbox compare`.

use crate::args::{Format, Outgoing, Place};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::Session;
use crate::sources;
use std::path::Path;
use std::process::ExitCode;
use tinderbox_api::{Comparison, Differences, OperatorSide, Report, StageSide, TimeFactors};
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
        Format::Table => {
            output::data(&side_by_side(&comparison));
            output::data(&differing(&comparison.differences));
        }
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

/// Rows of each table of differences.
const SHOWN: usize = 10;

/// What explains the difference of wall time, and what differs.
fn differing(differences: &Differences) -> String {
    let mut text = String::new();
    if let Some(time) = &differences.time {
        let head = [("EXPLAINS", Side::Right), ("SHARE", Side::Right), ("WHY", Side::Left)];
        let parts = time.parts.iter().filter(|part| part.explained_ms.abs() >= 0.5);
        let rows: Vec<_> = parts
            .map(|part| {
                vec![
                    signed_ms(part.explained_ms),
                    percent(part.explained_share),
                    part.title.clone(),
                ]
            })
            .collect();
        text.push_str(&format!("\nwall time {}\n", signed_ms(time.difference_ms)));
        text.push_str(&output::table(&head, &rows));
    }
    if !differences.stages.is_empty() {
        let head = [
            ("STAGES", Side::Left),
            ("EXPLAINS", Side::Right),
            ("SHARE", Side::Right),
            ("DATA", Side::Right),
            ("WORK", Side::Right),
            ("CONCURRENCY", Side::Right),
            ("NAME", Side::Left),
        ];
        let id = |side: &Option<StageSide>| {
            side.as_ref().map_or("-".to_owned(), |side| side.stage_id.to_string())
        };
        let rows: Vec<_> = differences
            .stages
            .iter()
            .take(SHOWN)
            .map(|stage| {
                let ms = |get: fn(TimeFactors) -> f64| {
                    stage.explained.map_or("-".to_owned(), |factors| signed_ms(get(factors)))
                };
                vec![
                    format!("{} {}", id(&stage.before), id(&stage.after)),
                    ms(|f| f.total_ms),
                    percent(stage.explained_share),
                    ms(|f| f.data_ms),
                    ms(|f| f.work_ms),
                    ms(|f| f.concurrency_ms),
                    stage.name.clone(),
                ]
            })
            .collect();
        text.push('\n');
        text.push_str(&output::table(&head, &rows));
    }
    if !differences.operators.is_empty() {
        let head = [
            ("OPERATOR", Side::Left),
            ("ROWS BEFORE", Side::Right),
            ("ROWS AFTER", Side::Right),
            ("TASK TIME", Side::Right),
        ];
        let count = |side: &Option<OperatorSide>| match side {
            None => "not there".to_owned(),
            Some(side) => side.output_rows.map_or("-".to_owned(), |rows| rows.to_string()),
        };
        let rows: Vec<_> = differences
            .operators
            .iter()
            .take(SHOWN)
            .map(|operator| {
                let time = operator.time_ms.map_or("-".to_owned(), signed_ms);
                vec![operator.name.clone(), count(&operator.before), count(&operator.after), time]
            })
            .collect();
        text.push('\n');
        text.push_str(&output::table(&head, &rows));
    }
    if !differences.configuration.is_empty() {
        let head = [("SETTING", Side::Left), ("BEFORE", Side::Left), ("AFTER", Side::Left)];
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let rows: Vec<_> = differences
            .configuration
            .iter()
            .map(|one| vec![one.key.clone(), value(&one.before), value(&one.after)])
            .collect();
        text.push('\n');
        text.push_str(&output::table(&head, &rows));
    }
    text
}

/// `+1.5 s` or `-20 ms`.
fn signed_ms(ms: f64) -> String {
    let sign = if ms < 0.0 { '-' } else { '+' };
    if ms.abs() < 1_000.0 {
        format!("{sign}{:.0} ms", ms.abs())
    } else {
        format!("{sign}{:.1} s", ms.abs() / 1_000.0)
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0))
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
