//! `tinderbox test`: the tests of a spec.

use super::history::server_of;
use super::preview::folder_of;
use super::spec::{open, refused, to_json};
use crate::args::{Chosen, Format};
use crate::failure::Failure;
use crate::output;
use crate::signals::{STOPPED, stopped};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use tinderbox_app::{Comparison, SparkPlaces, TestOutcome, TestProblem, TestQuery};
use tinderbox_spec::RowTest;

/// Rows of each kind that are printed.
const SHOWN: usize = 10;

/// Runs the tests of a spec, or the ones whose names contain `name`: exit code 1 when one fails.
pub async fn test(
    path: &Path,
    chosen: Chosen,
    name: Option<&str>,
    engine: &str,
    format: Format,
) -> Result<ExitCode, Failure> {
    let server = server_of(engine, "--engine")?;
    let (text, choice) = open(path, chosen)?;
    let file = path.display().to_string();
    let loaded = tinderbox_spec::load(&file, &text, &choice)
        .map_err(|diagnostics| refused(&diagnostics, &text))?;
    let is_wanted = |test: &&RowTest| name.is_none_or(|name| test.name.contains(name));
    let tests: Vec<&RowTest> = loaded.spec.tests().iter().filter(is_wanted).collect();
    if tests.is_empty() {
        return Err(none(loaded.spec.tests(), &file));
    }
    let query = TestQuery { file, text, choice, folder: folder_of(path), server };
    let places = SparkPlaces::from_environment();
    let ran = tinderbox_app::run_spec_tests(&places, &query, &tests, stopped()).await?;
    let Some(outcomes) = ran else { return Ok(ExitCode::from(STOPPED)) };
    let failed = outcomes.iter().filter(|outcome| !outcome.has_passed()).count();
    match format {
        Format::Json => output::json(&outcomes.iter().map(object).collect::<Vec<_>>()),
        Format::Table => {
            outcomes.iter().for_each(|outcome| output::data(&shown(outcome, &query.text)));
            let count = outcomes.len();
            let tests = if count == 1 { "test" } else { "tests" };
            output::note(&format!("{count} {tests}, {failed} failed"));
        }
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn none(tests: &[RowTest], file: &str) -> Failure {
    if tests.is_empty() {
        let example =
            "add `tests: [{name: …, given: {SOURCE: [ROW, …]}, expect: {NODE: [ROW, …]}}]`";
        return Failure::refused(format!("{file} has no tests"), Some(example.to_owned()));
    }
    let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    Failure::refused(
        format!("no test of {file} has such a name"),
        Some(format!("tests: {}", names.join(", "))),
    )
}

fn shown(outcome: &TestOutcome, text: &str) -> String {
    let mut shown = String::new();
    let word = if outcome.has_passed() { "ok   " } else { "FAIL " };
    let _ = writeln!(shown, "{word} {}", outcome.name);
    match &outcome.result {
        Ok(nodes) => {
            for (node, found) in nodes.iter().filter(|(_, found)| !found.is_equal()) {
                let _ = writeln!(shown, "      {node}: {}", difference(found));
                for (sign, rows) in [('-', &found.missing), ('+', &found.unexpected)] {
                    for row in rows.iter().take(SHOWN) {
                        let _ = writeln!(shown, "        {sign} {row}");
                    }
                    if rows.len() > SHOWN {
                        let _ = writeln!(shown, "        {sign} … {} more", rows.len() - SHOWN);
                    }
                }
            }
        }
        Err(TestProblem::Document(diagnostics)) => {
            for diagnostic in diagnostics {
                let _ = writeln!(shown, "{}", diagnostic.render(text));
            }
        }
        Err(TestProblem::Server(error)) => {
            let _ = writeln!(shown, "      {error}");
            if let Some(hint) = error.hint() {
                let _ = writeln!(shown, "      hint: {hint}");
            }
        }
    }
    shown
}

fn difference(found: &Comparison) -> String {
    if found.is_other_order {
        return "the expected rows, in another order".to_owned();
    }
    let (missing, unexpected) = (found.missing.len(), found.unexpected.len());
    format!(
        "of {} rows {unexpected} are not expected (+), and {missing} are missing (-)",
        found.rows
    )
}

fn object(outcome: &TestOutcome) -> Value {
    let mut object = json!({ "name": outcome.name, "passed": outcome.has_passed() });
    match &outcome.result {
        Ok(nodes) => {
            object["nodes"] = nodes
                .iter()
                .map(|(node, found)| {
                    json!({
                        "node": node.as_str(),
                        "rows": found.rows,
                        "missing": found.missing,
                        "unexpected": found.unexpected,
                        "other_order": found.is_other_order,
                    })
                })
                .collect();
        }
        Err(TestProblem::Document(found)) => {
            object["diagnostics"] = found.iter().map(to_json).collect();
        }
        Err(TestProblem::Server(error)) => {
            object["error"] = json!({ "message": error.to_string(), "hint": error.hint() });
        }
    }
    object
}
