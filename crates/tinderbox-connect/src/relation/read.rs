//! Sources, and what sinks make of rows.

use super::expression::{alias, attribute, call, cast, column, int, sql, text, whole};
use super::{Emitter, Engine, Reason, Rows};
use crate::schema::Schema;
use spark_connect_proto::read::{DataSource, NamedTable, ReadType};
use std::collections::HashMap;
use std::path::Path;
use tinderbox_spec::{
    Data, Decode, EncodedValue, Lines, MessageValue, Messages, Node, Operation, Read, Write,
    has_secret, media_type_sql,
};

/// What Sail reads itself, with the options that it reads as Spark does. Every other option is refused on Sail.
const SAIL_FORMATS: &[(&str, &[&str])] = &[
    ("parquet", &[]),
    ("csv", &["header", "sep", "delimiter", "quote", "escape"]),
    ("json", &[]),
    ("text", &["wholetext"]),
    ("binaryFile", &[]),
];

impl Emitter<'_> {
    pub(super) fn read(&self, read: &Read) -> Result<Rows, Reason> {
        let texts = read.options.iter().map(|(_, value)| value).chain(&read.schema);
        if texts.into_iter().any(|text| has_secret(text)) {
            return Err(Reason::Secret);
        }
        let kind = match &read.data {
            Data::Table(table) => ReadType::NamedTable(NamedTable {
                unparsed_identifier: table.clone(),
                options: read.options.iter().cloned().collect(),
            }),
            Data::Files { format, path } => {
                self.check_format(format, read)?;
                ReadType::DataSource(DataSource {
                    format: Some((*format).to_owned()),
                    schema: read.schema.clone(),
                    options: self.options_of(format, read),
                    paths: vec![self.place_of(path)?],
                    ..Default::default()
                })
            }
            Data::Connector { format } => {
                if self.engine == Engine::Sail {
                    return Err(Reason::Connector((*format).to_owned()));
                }
                ReadType::DataSource(DataSource {
                    format: Some((*format).to_owned()),
                    schema: read.schema.clone(),
                    options: read.options.iter().cloned().collect(),
                    ..Default::default()
                })
            }
        };
        let rows = Rows::read(kind);
        let rows = match self.source_rows {
            Some(most) => rows.limit(most),
            None => rows,
        };
        Ok(match &read.decode {
            None => rows,
            Some(Decode::Messages(messages)) => with_messages(messages, rows),
            Some(Decode::Lines(lines)) => with_lines(lines, rows),
            Some(Decode::MediaType { without_content }) => {
                let rows =
                    rows.with_columns(vec![("media_type".to_owned(), sql(&media_type_sql()))]);
                if *without_content { rows.drop(&["content".to_owned()]) } else { rows }
            }
        })
    }

    /// Parquet as Sail cannot read it when it holds times as INT96, Spark's own form of them
    /// (`spark.sql.parquet.outputTimestampType`): nanoseconds are no type of Spark's. `None` where the question does not arise.
    pub(crate) fn int96_probe(&self, node: &Node) -> Option<Rows> {
        let Operation::Read(read) = &node.operation else { return None };
        let Data::Files { format: "parquet", path } = &read.data else { return None };
        if self.engine != Engine::Sail || read.schema.is_some() {
            return None;
        }
        Some(Rows::read(ReadType::DataSource(DataSource {
            format: Some("parquet".to_owned()),
            options: [("coerce_int96".to_owned(), "ns".to_owned())].into(),
            paths: vec![self.place_of(path).ok()?],
            ..Default::default()
        })))
    }

    /// The options of the document. Spark's default for `escape` of CSV is a backslash (`CSVOptions.escape`), Sail's the quote.
    fn options_of(&self, format: &str, read: &Read) -> HashMap<String, String> {
        let mut options: HashMap<String, String> = read.options.iter().cloned().collect();
        let has_escape = options.keys().any(|option| option.eq_ignore_ascii_case("escape"));
        if self.engine == Engine::Sail && format == "csv" && !has_escape {
            options.insert("escape".to_owned(), "\\".to_owned());
        }
        options
    }

    fn check_format(&self, format: &str, read: &Read) -> Result<(), Reason> {
        if self.engine == Engine::Spark {
            return Ok(());
        }
        let Some((_, known)) = SAIL_FORMATS.iter().find(|(name, _)| *name == format) else {
            return Err(Reason::Connector(format.to_owned()));
        };
        let guesses = |option: &str| option.eq_ignore_ascii_case("inferSchema");
        if read.schema.is_none()
            && (format == "json" || read.options.iter().any(|(option, _)| guesses(option)))
        {
            return Err(Reason::GuessedTypes(format.to_owned()));
        }
        for (option, _) in read.options.iter().filter(|(option, _)| !guesses(option)) {
            if !known.iter().any(|known| known.eq_ignore_ascii_case(option)) {
                return Err(Reason::ReadOption {
                    format: format.to_owned(),
                    option: option.clone(),
                });
            }
        }
        Ok(())
    }

    /// The path as the server finds it: relative ones start at the document's folder.
    pub(super) fn place_of(&self, path: &str) -> Result<String, Reason> {
        if has_secret(path) {
            return Err(Reason::Secret);
        }
        match path.split_once(':') {
            Some(("file", _)) => Ok(path.to_owned()),
            Some((scheme, _)) if scheme.len() > 1 && !scheme.contains('/') => match self.engine {
                Engine::Spark => Ok(path.to_owned()),
                Engine::Sail => Err(Reason::Storage(path.to_owned())),
            },
            _ if Path::new(path).is_absolute() => Ok(path.to_owned()),
            _ => Ok(self.folder.join(path).to_string_lossy().into_owned()),
        }
    }
}

/// Columns without a time zone as moments, as Spark reads INT96 (`ParquetToSparkSchemaConverter`); `None` when there is
/// none.
pub(crate) fn with_moments(schema: &Schema, rows: &Rows) -> Option<Rows> {
    let columns =
        schema.columns().into_iter().filter(|column| column.kind.contains("timestamp_ntz"));
    let columns: Vec<_> = columns
        .map(|column| {
            let to = column.kind.replace("timestamp_ntz", "timestamp");
            (column.name.clone(), cast(whole(&column.name), &to))
        })
        .collect();
    (!columns.is_empty()).then(|| rows.clone().with_columns(columns))
}

fn with_messages(messages: &Messages, rows: Rows) -> Rows {
    let text_of = |name: &str| cast(attribute(name), "string");
    let value = match &messages.value {
        MessageValue::Json { schema } => call("from_json", vec![text_of("value"), text(schema)]),
        MessageValue::Avro { schema } => call("from_avro", vec![attribute("value"), text(schema)]),
        MessageValue::Text => text_of("value"),
    };
    let is_text = messages.value == MessageValue::Text;
    let mut columns = vec![alias(value, "value")];
    let mut kept = vec![attribute(if is_text { "value" } else { "value.*" })];
    if messages.with_metadata {
        columns.push(alias(text_of("key"), "_key"));
        kept.push(attribute("_key"));
        for name in ["topic", "partition", "offset", "timestamp"] {
            columns.push(alias(attribute(name), &format!("_{name}")));
            kept.push(attribute(&format!("_{name}")));
        }
    }
    let rows = rows.project(columns);
    if is_text { rows } else { rows.project(kept) }
}

fn with_lines(lines: &Lines, rows: Rows) -> Rows {
    let fits = || call("rlike", vec![attribute("value"), text(&lines.pattern)]);
    let mut columns: Vec<_> = lines
        .groups
        .iter()
        .map(|(number, name)| {
            let group = i32::try_from(*number).unwrap_or(i32::MAX);
            let value =
                call("regexp_extract", vec![attribute("value"), text(&lines.pattern), int(group)]);
            alias(call("when", vec![fits(), value]), name)
        })
        .collect();
    if lines.keeps_unparsed {
        let unparsed = call("when", vec![call("not", vec![fits()]), attribute("value")]);
        columns.push(alias(unparsed, "_unparsed"));
        return rows.project(columns);
    }
    rows.filter(fits()).project(columns)
}

/// What a sink is going to write.
pub(super) fn encoded(write: &Write, rows: Rows) -> Rows {
    let Some(encode) = &write.encode else { return rows };
    let value = match &encode.value {
        EncodedValue::Json => sql("to_json(struct(*))"),
        EncodedValue::Avro => call("to_avro", vec![call("struct", vec![column("*")])]),
        EncodedValue::Column(value) => sql(value),
    };
    let key = encode.key.as_ref().map(|key| alias(sql(&format!("CAST({key} AS STRING)")), "key"));
    rows.project(key.into_iter().chain([alias(value, "value")]).collect())
}
