//! `tinderbox preview`.

use super::history::{cell, server_of, side};
use super::profile;
use super::spec::{open, refused};
use super::watch::watch;
use crate::args::{Chosen, Format};
use crate::failure::Failure;
use crate::output;
use crate::signals::{STOPPED, stopped};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tinderbox_app::{PreviewAnswer, PreviewQuery, Previews, SparkPlaces};
use tinderbox_model::NodeId;

/// What is shown, and who computes it.
#[derive(Debug, Clone)]
pub struct Order {
    /// The node.
    pub node: String,
    /// How many rows.
    pub rows: u32,
    /// Parameters and environment.
    pub chosen: Chosen,
    /// `sail` or the address of a Spark Connect server.
    pub engine: String,
    /// Whether large sources are read to the end.
    pub exact: bool,
    /// What the rows are like instead of the rows.
    pub profile: bool,
    /// Whether to show them again whenever the document or its data changes.
    pub watch: bool,
}

/// What a preview prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// To stdout.
    pub data: String,
    /// To stderr, a line each.
    pub notes: Vec<String>,
}

impl Page {
    /// Prints it.
    pub fn print(&self) {
        output::data(&self.data);
        for note in &self.notes {
            output::note(note);
        }
    }
}

/// Shows the first rows of a node, or what they are like.
pub async fn preview(path: &Path, order: Order, format: Format) -> Result<ExitCode, Failure> {
    let server = server_of(&order.engine, "--engine")?;
    let mut previews = Previews::new(SparkPlaces::from_environment(), server);
    let ended = if order.watch {
        watch(&mut previews, path, &order, format).await;
        Ok(ExitCode::SUCCESS)
    } else {
        tokio::select! {
            page = page(&mut previews, path, &order, format) => page.map(|page| {
                page.print();
                ExitCode::SUCCESS
            }),
            () = stopped() => Ok(ExitCode::from(STOPPED)),
        }
    };
    previews.close().await;
    ended
}

/// Reads the document and asks for what is wanted of it.
pub async fn page(
    previews: &mut Previews,
    path: &Path,
    order: &Order,
    format: Format,
) -> Result<Page, Failure> {
    let (text, choice) = open(path, order.chosen.clone())?;
    let loaded = tinderbox_spec::load(&path.display().to_string(), &text, &choice)
        .map_err(|diagnostics| refused(&diagnostics, &text))?;
    let query = PreviewQuery {
        folder: folder_of(path),
        node: NodeId::new(&order.node),
        rows: order.rows,
        is_exact: order.exact,
    };
    if order.profile {
        let answer = previews.profile(&loaded.spec, &query).await?;
        return Ok(profile::page(&answer, format));
    }
    let answer = previews.preview(&loaded.spec, &query).await?;
    let data = match format {
        Format::Table => table(&answer),
        Format::Json => objects(&answer),
    };
    let mut notes = vec![what_it_is(&answer)];
    if !answer.lenient.is_empty() {
        notes.push(format!(
            "Sail has no ANSI mode: where {} would fail on Spark, the values are those without it",
            answer.lenient.join(", ")
        ));
    }
    Ok(Page { data, notes })
}

/// Where relative paths of a document start.
pub fn folder_of(path: &Path) -> PathBuf {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
        .to_owned()
}

fn what_it_is(answer: &PreviewAnswer) -> String {
    let rows = match (answer.rows.len(), answer.has_more) {
        (1, true) => "the first row".to_owned(),
        (1, false) => "the only row".to_owned(),
        (n, true) => format!("the first {n} rows"),
        (n, false) => format!("all {n} rows"),
    };
    match answer.sample_rows {
        None => format!("{rows}, exact, by {}", answer.engine),
        Some(most) => format!(
            "{rows} of a SAMPLE: at most {most} rows of each source were read; --exact reads all; by {}",
            answer.engine
        ),
    }
}

fn table(answer: &PreviewAnswer) -> String {
    let columns = answer.columns.iter();
    let head: Vec<_> = columns.map(|(name, kind)| (name.as_str(), side(kind))).collect();
    let cells = |row: &Vec<_>| row.iter().map(|value| cell(value, "NULL")).collect();
    let rows: Vec<Vec<String>> = answer.rows.iter().map(cells).collect();
    output::table(&head, &rows)
}

/// An array with an object for each row, its fields in the order of the columns.
fn objects(answer: &PreviewAnswer) -> String {
    let object = |row: &Vec<serde_json::Value>| {
        let fields = answer.columns.iter().zip(row);
        let fields = fields.map(|((name, _), value)| {
            format!("{}: {value}", serde_json::Value::String(name.clone()))
        });
        format!("  {{{}}}", fields.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = answer.rows.iter().map(object).collect();
    if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn answer(rows: Vec<Vec<Value>>) -> PreviewAnswer {
        let column = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
        PreviewAnswer {
            columns: vec![column("z \"q\"", "string"), column("a", "int")],
            rows,
            has_more: true,
            sample_rows: Some(7),
            lenient: Vec::new(),
            engine: "Sail".to_owned(),
        }
    }

    #[test]
    fn json_is_an_array_of_objects_in_the_order_of_the_columns() {
        let text = objects(&answer(vec![vec![json!("x"), json!(1)], vec![Value::Null, json!(2)]]));
        assert_eq!(
            text,
            "[\n  {\"z \\\"q\\\"\": \"x\", \"a\": 1},\n  {\"z \\\"q\\\"\": null, \"a\": 2}\n]\n"
        );
        assert_eq!(objects(&answer(Vec::new())), "[]\n");
    }

    #[test]
    fn sample_is_called_one() {
        let note = what_it_is(&answer(vec![vec![json!("x"), json!(1)]]));
        assert_eq!(
            note,
            "the first row of a SAMPLE: at most 7 rows of each source were read; --exact reads all; by Sail"
        );
    }
}
