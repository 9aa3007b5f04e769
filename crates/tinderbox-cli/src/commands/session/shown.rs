//! Rows and failures, as they are printed.

use crate::args::Format;
use crate::commands::history::{cell, side};
use crate::failure::Failure;
use crate::output;
use serde_json::{Value, json};
use std::process::ExitCode;
use tinderbox_app::connect::{Answer, Column, Error, ServerFailure};

/// Prints the rows of a statement, or why there are none.
pub fn fetched(
    answer: Result<Answer, Error>,
    statement: Option<&str>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return failed(&error, statement, format),
    };
    match format {
        Format::Json => output::json(&rows_object(&answer)?),
        Format::Table => output::data(&rows_table(&answer)?),
    }
    if answer.has_more() {
        output::note("there are more rows; --rows N shows more");
    }
    Ok(ExitCode::SUCCESS)
}

/// Says why a statement or a node failed: exit code 1 when it is its own fault, 2 when the server is not to be had.
pub fn failed(error: &Error, statement: Option<&str>, format: Format) -> Result<ExitCode, Failure> {
    if let Error::Unreachable { .. } | Error::Forbidden { .. } | Error::SessionLost { .. } = error {
        return Err(Failure::environment(error.to_string(), error.hint()));
    }
    if format == Format::Json {
        output::json(&json!({ "error": error_object(error, statement) }));
        return Ok(ExitCode::from(1));
    }
    Err(Failure::refused(sentence(error, statement), error.hint()))
}

/// Class, place and words.
pub fn sentence(error: &Error, statement: Option<&str>) -> String {
    let Some(failure) = error.failure(statement) else { return error.to_string() };
    let ServerFailure { class, sql_state, position, message } = failure;
    let head = match (class, sql_state) {
        (Some(class), Some(state)) => format!("{class} (SQLSTATE {state})"),
        (Some(class), None) => class,
        (None, _) => String::new(),
    };
    let place = position.map_or(String::new(), |position| format!("at {position}"));
    let head = [head, place].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    if head.is_empty() { message } else { format!("{}: {message}", head.join(" ")) }
}

/// The same for programs.
pub fn error_object(error: &Error, statement: Option<&str>) -> Value {
    match error.failure(statement) {
        Some(ServerFailure { class, sql_state, position, message }) => json!({
            "message": message,
            "class": class,
            "sql_state": sql_state,
            "line": position.map(|position| position.line),
            "column": position.map(|position| position.column),
            "hint": null,
        }),
        None => json!({ "message": error.to_string(), "hint": error.hint() }),
    }
}

/// Columns and rows.
pub fn rows_object(answer: &Answer) -> Result<Value, Failure> {
    let columns: Vec<Value> = answer.columns().iter().map(column_object).collect();
    Ok(json!({ "columns": columns, "rows": values(answer)?, "has_more": answer.has_more() }))
}

/// Name and type.
pub fn column_object(column: &Column) -> Value {
    json!({ "name": column.name, "type": column.kind })
}

/// A table of the rows; nothing of an answer without columns, as commands give it.
pub fn rows_table(answer: &Answer) -> Result<String, Failure> {
    let (names, columns) = (answer.names(), answer.columns());
    if columns.is_empty() {
        return Ok(String::new());
    }
    let head = names.iter().zip(&columns);
    let head: Vec<_> = head.map(|(name, column)| (name.as_str(), side(&column.kind))).collect();
    let rows = values(answer)?;
    let rows = rows.iter().map(|row| row.iter().map(|value| cell(value, "NULL")).collect());
    Ok(output::table(&head, &rows.collect::<Vec<_>>()))
}

fn values(answer: &Answer) -> Result<Vec<Vec<Value>>, Failure> {
    answer.rows().map_err(|error| Failure::from(tinderbox_app::Error::from(error)))
}
