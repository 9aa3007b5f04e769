//! Messages, lines of logs and files as bytes as columns, and rows as messages.

use super::layout::Chain;
use super::literal::{long_text, text};
use super::nodes::{expr, read_with};
use crate::operation::{Data, Decode, Encode, EncodedValue, Lines, MessageValue, Messages, Read};

/// Types of media by the ending of a file's name. Source: IANA's register of media types.
const MEDIA_TYPES: &[(&str, &[&str])] = &[
    ("image/jpeg", &["jpg", "jpeg"]),
    ("image/png", &["png"]),
    ("image/gif", &["gif"]),
    ("image/webp", &["webp"]),
    ("image/tiff", &["tif", "tiff"]),
    ("image/bmp", &["bmp"]),
    ("image/svg+xml", &["svg"]),
    ("audio/mpeg", &["mp3"]),
    ("audio/vnd.wave", &["wav"]),
    ("audio/flac", &["flac"]),
    ("audio/ogg", &["ogg", "oga", "opus"]),
    ("audio/aac", &["aac"]),
    ("audio/mp4", &["m4a"]),
    ("video/mp4", &["mp4", "m4v"]),
    ("video/webm", &["webm"]),
    ("video/matroska", &["mkv"]),
    ("video/quicktime", &["mov"]),
    ("video/vnd.avi", &["avi"]),
    ("video/mpeg", &["mpg", "mpeg"]),
    ("application/pdf", &["pdf"]),
];

/// The body of a source's function.
pub(super) fn read(read: &Read, is_stream: bool, chain: Chain) -> String {
    let reader = if is_stream { "spark.readStream" } else { "spark.read" };
    let plain = match (&read.data, read.options.is_empty()) {
        (Data::Table(table), true) if !is_stream => {
            chain.starting_at("spark").call("table", [text(table)])
        }
        _ => read_with(read, chain.starting_at(reader)),
    };
    match &read.decode {
        None => plain.to_lines(),
        Some(Decode::Messages(messages)) => with_messages(messages, plain).to_lines(),
        Some(Decode::Lines(lines)) => with_lines(lines, plain),
        Some(Decode::MediaType { without_content }) => {
            let plain = plain.call("withColumn", [text("media_type"), media_type()]);
            let dropped = without_content.then(|| text("content"));
            match dropped {
                Some(content) => plain.call("drop", [content]).to_lines(),
                None => plain.to_lines(),
            }
        }
    }
}

/// The statement that makes messages of `input`, and the name of what it makes.
pub(super) fn encoded(encode: &Encode, input: &str) -> (String, &'static str) {
    let value = match &encode.value {
        EncodedValue::Json => expr("to_json(struct(*))"),
        EncodedValue::Avro => "to_avro(F.struct(\"*\"))".to_owned(),
        EncodedValue::Column(value) => expr(value),
    };
    let key = encode
        .key
        .as_ref()
        .map(|key| format!("{}.alias(\"key\")", expr(&format!("CAST({key} AS STRING)"))));
    let columns = key.into_iter().chain([format!("{value}.alias(\"value\")")]);
    let chain = Chain::new("messages = ", input).indented();
    (chain.call("select", columns).to_lines(), "messages")
}

fn with_messages(messages: &Messages, chain: Chain) -> Chain {
    let text_of = |column: &str| format!("F.col({}).cast(\"string\")", text(column));
    let value = match &messages.value {
        MessageValue::Json { schema } => {
            format!("F.from_json({}, {}).alias(\"value\")", text_of("value"), text(schema))
        }
        MessageValue::Avro { schema } => {
            format!("from_avro(\"value\", {}).alias(\"value\")", text(schema))
        }
        MessageValue::Text => format!("{}.alias(\"value\")", text_of("value")),
    };
    let mut columns = vec![value];
    let mut kept = vec![match messages.value {
        MessageValue::Text => text("value"),
        _ => text("value.*"),
    }];
    if messages.with_metadata {
        columns.push(format!("{}.alias(\"_key\")", text_of("key")));
        kept.push(text("_key"));
        for column in ["topic", "partition", "offset", "timestamp"] {
            let name = text(&format!("_{column}"));
            columns.push(format!("F.col({}).alias({name})", text(column)));
            kept.push(name);
        }
    }
    let chain = chain.call("select", columns);
    if messages.value == MessageValue::Text { chain } else { chain.call("select", kept) }
}

fn with_lines(lines: &Lines, chain: Chain) -> String {
    let pattern = format!("    pattern = {}\n", text(&lines.pattern));
    let fits = "    fits = F.col(\"value\").rlike(pattern)\n";
    let mut columns: Vec<String> = lines
        .groups
        .iter()
        .map(|(number, name)| {
            format!(
                "F.when(fits, F.regexp_extract(\"value\", pattern, {number})).alias({})",
                text(name)
            )
        })
        .collect();
    let chain = if lines.keeps_unparsed {
        columns.push("F.when(~fits, F.col(\"value\")).alias(\"_unparsed\")".to_owned());
        chain
    } else {
        chain.call("filter", ["fits".to_owned()])
    };
    format!("{pattern}{fits}{}", chain.call("select", columns).to_lines())
}

fn media_type() -> String {
    format!("F.expr({})", long_text(&media_type_sql()))
}

/// The type of a file from the ending of its `path`, as SQL.
pub fn media_type_sql() -> String {
    let mut sql = String::from("CASE lower(substring_index(path, '.', -1))\n");
    for (media_type, endings) in MEDIA_TYPES {
        for ending in *endings {
            sql.push_str(&format!("  WHEN '{ending}' THEN '{media_type}'\n"));
        }
    }
    sql.push_str("  ELSE 'application/octet-stream'\nEND");
    sql
}
