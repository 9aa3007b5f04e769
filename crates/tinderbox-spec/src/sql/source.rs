//! The views of a source.

use super::layout::{self, Select, ended, in_brackets};
use super::text::{literal, name};
use super::{Refusal, Statement};
use crate::operation::{Data, Decode, Lines, MessageValue, Messages, Read};
use crate::pyspark::media_type_sql;

/// The statements that make a source the view `named`. What its rows are made from gets a view of its own, for which
/// `free` finds a name.
pub(super) fn view(read: &Read, named: &str, free: impl Fn(String) -> String) -> Statement {
    let Some(decode) = &read.decode else { return reading(read, named) };
    let raw = free(format!("{named}_as_read"));
    let rows = match decode {
        Decode::Lines(lines) => of_lines(lines, &raw),
        Decode::MediaType { without_content } => of_files(&raw, *without_content),
        Decode::Messages(messages) => of_messages(messages, &raw)?,
    };
    Ok(format!("{}{}", reading(read, &raw)?, layout::view(named, &rows.to_sql())))
}

fn reading(read: &Read, named: &str) -> Statement {
    let (format, path) = match &read.data {
        Data::Table(table) => {
            if table.eq_ignore_ascii_case(named) {
                return Err(Refusal {
                    code: "sql::name",
                    message: format!(
                        "the view `{named}` would hide the table `{table}` that it reads"
                    ),
                    hint: "give the node another `id`".to_owned(),
                });
            }
            let table: Vec<String> = table.split('.').map(name).collect();
            let options = options(&read.options, None);
            let with = if options.is_empty() {
                String::new()
            } else {
                format!(" WITH ({})", options.join(", "))
            };
            let from = format!("{}{with}", table.join("."));
            return Ok(layout::view(named, &Select::of(vec!["*".to_owned()], &from).to_sql()));
        }
        Data::Files { format, path } => (*format, Some(path.as_str())),
        Data::Connector { format } => (*format, None),
    };
    let schema =
        read.schema.as_deref().map(|schema| format!(" ({})", schema.trim())).unwrap_or_default();
    let head = format!("CREATE OR REPLACE TEMPORARY VIEW {}{schema}", name(named));
    let options = options(&read.options, path);
    let options = if options.is_empty() {
        String::new()
    } else {
        format!("\n{}", in_brackets("OPTIONS", &options))
    };
    Ok(ended(&format!("{head}\nUSING {format}{options}")))
}

/// Spark's options with the path, as `'key' = 'value'`.
pub(super) fn options(options: &[(String, String)], path: Option<&str>) -> Vec<String> {
    let path = path.map(|path| format!("'path' = {}", literal(path)));
    let options =
        options.iter().map(|(key, value)| format!("{} = {}", literal(key), literal(value)));
    path.into_iter().chain(options).collect()
}

fn of_lines(lines: &Lines, raw: &str) -> Select {
    let pattern = literal(&lines.pattern);
    let fits = format!("value RLIKE {pattern}");
    let groups = lines.groups.iter().map(|(number, group)| {
        let value = format!("regexp_extract(value, {pattern}, {number})");
        if lines.keeps_unparsed {
            format!("CASE WHEN {fits} THEN {value} END AS {}", name(group))
        } else {
            format!("{value} AS {}", name(group))
        }
    });
    let unparsed = format!("CASE WHEN NOT value RLIKE {pattern} THEN value END AS _unparsed");
    let columns = groups.chain(lines.keeps_unparsed.then_some(unparsed));
    let select = Select::of(columns.collect(), &name(raw));
    if lines.keeps_unparsed { select } else { select.clause(format!("WHERE {fits}")) }
}

fn of_files(raw: &str, without_content: bool) -> Select {
    let content = (!without_content).then(|| "content".to_owned());
    let media_type = format!("{} AS media_type", media_type_sql().replace('\n', "\n  "));
    let columns = ["path", "modificationTime", "length"].map(str::to_owned);
    Select::of(columns.into_iter().chain(content).chain([media_type]).collect(), &name(raw))
}

fn of_messages(messages: &Messages, raw: &str) -> Result<Select, Refusal> {
    let (value, mut columns) = match &messages.value {
        MessageValue::Json { schema } => (
            format!("from_json(CAST(value AS STRING), {}) AS value", literal(schema)),
            vec!["value.*".to_owned()],
        ),
        MessageValue::Text => {
            ("CAST(value AS STRING) AS value".to_owned(), vec!["value".to_owned()])
        }
        MessageValue::Avro { .. } => {
            return Err(Refusal::node(
                "messages in Avro cannot be read in SQL of Spark 3.5",
                "compile with `--to pyspark`",
            ));
        }
    };
    let mut inner = vec![value];
    if messages.with_metadata {
        inner.push("CAST(key AS STRING) AS _key".to_owned());
        columns.push("_key".to_owned());
        for column in ["topic", "partition", "offset", "timestamp"] {
            inner.push(format!("{} AS _{column}", name(column)));
            columns.push(format!("_{column}"));
        }
    }
    let inner = Select::of(inner, &name(raw)).to_sql().replace('\n', "\n  ");
    Ok(Select::of(columns, &format!("(\n  {inner}\n)")))
}
