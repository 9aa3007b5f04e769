//! `tinderbox history sql` and `tinderbox engine install`.

use crate::args::{Place, RowsFormat};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::data_dir;
use crate::signals::{STOPPED, stopped};
use serde_json::{Value, json};
use std::process::ExitCode;
use tinderbox_app::{HistoryAnswer, HistoryQuery, SparkPlaces};

/// What is asked, and where.
pub struct Question {
    /// One SELECT.
    pub query: String,
    /// `sail` or the address of a Spark Connect server.
    pub on: String,
    /// Rows to print.
    pub limit: u32,
}

/// Asks the history of a data directory, whoever owns it.
pub async fn sql(
    place: &Place,
    question: Question,
    format: RowsFormat,
) -> Result<ExitCode, Failure> {
    if place.server.is_some() {
        return Err(Failure::environment(
            "history sql reads the files of a data directory, not a server",
            Some(
                "type it on the server's machine, with --data-dir and without --server".to_owned(),
            ),
        ));
    }
    let server = server_of(&question.on, "--on")?;
    let root = data_dir(place)?;
    let query = HistoryQuery { sql: question.query, server, limit: question.limit };
    let places = SparkPlaces::from_environment();
    let answered = tinderbox_app::history_sql(&root, &places, &query, stopped()).await?;
    let Some(answer) = answered else { return Ok(ExitCode::from(STOPPED)) };
    match format {
        RowsFormat::Text => output::data(&text(&answer)),
        RowsFormat::Json => output::json(&object(&answer)),
        RowsFormat::Csv => output::data(&csv(&answer)),
    }
    if answer.has_more {
        output::note(&format!("only the first {} rows; --limit prints more", answer.rows.len()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The server of an engine's name, `None` for Sail. `option` is where it was given.
pub fn server_of(engine: &str, option: &str) -> Result<Option<String>, Failure> {
    match engine {
        "sail" => Ok(None),
        address if address.starts_with("sc://") => Ok(Some(address.to_owned())),
        other => Err(Failure::environment(
            format!("there is no engine called {other} for this"),
            Some(format!(
                "leave {option} out for Sail, or name a Spark Connect server: {option} sc://HOST:PORT"
            )),
        )),
    }
}

/// Installs Sail into the cache folder.
pub async fn install_sail() -> Result<ExitCode, Failure> {
    output::note("installing Sail: a Python environment of about 200 MB, usually within a minute");
    let folder = tinderbox_app::install_sail(&SparkPlaces::from_environment()).await?;
    output::note(&format!("Sail is in {}", folder.display()));
    Ok(ExitCode::SUCCESS)
}

fn text(answer: &HistoryAnswer) -> String {
    let columns = answer.columns.iter();
    let head: Vec<_> = columns.map(|column| (column.name.as_str(), side(&column.kind))).collect();
    let cells = |row: &Vec<Value>| row.iter().map(|value| cell(value, "NULL")).collect();
    let rows: Vec<Vec<String>> = answer.rows.iter().map(cells).collect();
    output::table(&head, &rows)
}

/// Numbers stand at the right.
pub fn side(kind: &str) -> Side {
    match kind {
        "tinyint" | "smallint" | "int" | "bigint" | "float" | "double" => Side::Right,
        kind if kind.starts_with("decimal(") => Side::Right,
        _ => Side::Left,
    }
}

fn object(answer: &HistoryAnswer) -> Value {
    let columns = answer.columns.iter();
    let columns: Vec<_> =
        columns.map(|column| json!({"name": column.name, "type": column.kind})).collect();
    json!({
        "columns": columns,
        "rows": answer.rows,
        "has_more": answer.has_more,
        "engine": answer.engine,
    })
}

/// RFC 4180, with line feeds; NULL is an empty field and an empty text is `""`.
fn csv(answer: &HistoryAnswer) -> String {
    let mut text = String::new();
    let mut line = |fields: &mut dyn Iterator<Item = String>| {
        text.push_str(&fields.collect::<Vec<_>>().join(","));
        text.push('\n');
    };
    line(&mut answer.columns.iter().map(|column| quoted(&column.name)));
    for row in &answer.rows {
        line(&mut row.iter().map(|value| match value {
            Value::Null => String::new(),
            value => quoted(&cell(value, "")),
        }));
    }
    text
}

fn quoted(field: &str) -> String {
    if field.is_empty() || field.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}

/// A value in a table.
pub fn cell(value: &Value, null: &str) -> String {
    match value {
        Value::Null => null.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_app::HistoryColumn;

    fn answer() -> HistoryAnswer {
        let column =
            |name: &str, kind: &str| HistoryColumn { name: name.to_owned(), kind: kind.to_owned() };
        HistoryAnswer {
            columns: vec![column("host", "string"), column("a \"name\", n", "double")],
            rows: vec![
                vec![json!("a,b"), json!(10)],
                vec![json!(""), Value::Null],
                vec![Value::Null, json!(2.5)],
            ],
            has_more: false,
            engine: "Sail".to_owned(),
        }
    }

    #[test]
    fn csv_tells_null_from_an_empty_text() {
        assert_eq!(csv(&answer()), "host,\"a \"\"name\"\", n\"\n\"a,b\",10\n\"\",\n,2.5\n");
    }

    #[test]
    fn numbers_stand_at_the_right() {
        assert_eq!(
            text(&answer()),
            "host  a \"name\", n\na,b            10\n             NULL\nNULL          2.5\n"
        );
    }
}
