//! Builders of Kafka, Event Hubs and Kinesis.

use super::build::Parameters;
use super::build_database::named;
use super::{Data, Decode, Encode, EncodedValue, MessageValue, Messages, Operation, Read, Write};
use crate::diagnostic::Report;

const KAFKA: Data = Data::Connector { format: "kafka" };

pub(crate) fn read_kafka(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let mut options = vec![("kafka.bootstrap.servers".to_owned(), node.text("servers")?)];
    let topics = node.texts("topics").join(",");
    let chosen: Vec<(&str, String)> = [
        ("subscribe", (!topics.is_empty()).then_some(topics)),
        ("subscribePattern", node.text("pattern")),
        ("assign", node.text("assign")),
    ]
    .into_iter()
    .filter_map(|(option, text)| Some((option, text?)))
    .collect();
    let [(option, text)] = chosen.as_slice() else {
        let message = "it needs one of `topics`, `pattern` and `assign`";
        report.error("spec::parameters", node.span, node.path, message).hint =
            Some("for example `topics: [clicks]`".to_owned());
        return None;
    };
    options.push(((*option).to_owned(), text.clone()));
    read_messages(node, options, report)
}

pub(crate) fn write_kafka(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let options = vec![
        ("kafka.bootstrap.servers".to_owned(), node.text("servers")?),
        ("topic".to_owned(), node.text("topic")?),
    ];
    write_messages(node, options, report)
}

pub(crate) fn read_event_hubs(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let mut options = event_hubs(node)?;
    options.push(("subscribe".to_owned(), node.text("hub")?));
    read_messages(node, options, report)
}

pub(crate) fn write_event_hubs(
    node: &Parameters<'_>,
    report: &mut Report<'_>,
) -> Option<Operation> {
    let mut options = event_hubs(node)?;
    options.push(("topic".to_owned(), node.text("hub")?));
    write_messages(node, options, report)
}

/// Source: the guide of the AWS labs' Spark connector for Kinesis Data Streams.
pub(crate) fn read_kinesis(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    let region = node.text("region")?;
    let endpoint =
        node.text("endpoint").unwrap_or_else(|| format!("https://kinesis.{region}.amazonaws.com"));
    let mut options = vec![
        ("kinesis.streamName".to_owned(), node.text("stream_name")?),
        ("kinesis.region".to_owned(), region),
        ("kinesis.endpointUrl".to_owned(), endpoint),
    ];
    named(node, &mut options, &[("starting_position", "kinesis.startingPosition")]);
    options.extend(node.pairs("options"));
    Some(Operation::Read(Read::of(Data::Connector { format: "aws-kinesis" }, options)))
}

/// Source: "Use Azure Event Hubs from Apache Kafka applications" and Kafka's `PlainLoginModule`.
fn event_hubs(node: &Parameters<'_>) -> Option<Vec<(String, String)>> {
    let servers = match node.text("servers") {
        Some(servers) => servers,
        None => format!("{}.servicebus.windows.net:9093", node.text("namespace")?),
    };
    let mut options = vec![("kafka.bootstrap.servers".to_owned(), servers)];
    if let Some(connection) = node.text("connection_string") {
        options.extend([
            ("kafka.security.protocol".to_owned(), "SASL_SSL".to_owned()),
            ("kafka.sasl.mechanism".to_owned(), "PLAIN".to_owned()),
            (
                "kafka.sasl.jaas.config".to_owned(),
                format!(
                    "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"$ConnectionString\" password=\"{connection}\";"
                ),
            ),
        ]);
    }
    Some(options)
}

fn read_messages(
    node: &Parameters<'_>,
    mut options: Vec<(String, String)>,
    report: &mut Report<'_>,
) -> Option<Operation> {
    named(
        node,
        &mut options,
        &[("starting_offsets", "startingOffsets"), ("ending_offsets", "endingOffsets")],
    );
    replace(&mut options, node.pairs("options"));
    let mut read = Read::of(KAFKA, options);
    read.decode = decode(node, report)?;
    Some(Operation::Read(read))
}

/// `Some(None)`: the messages as Spark gives them.
fn decode(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Option<Decode>> {
    let schema = node.spanned("schema");
    let format = node.word("value").unwrap_or(if schema.is_some() { "json" } else { "binary" });
    let value = match (format, schema) {
        ("json", Some(schema)) => MessageValue::Json { schema: schema.text.clone() },
        ("avro", Some(schema)) => MessageValue::Avro { schema: schema.text.clone() },
        ("text", None) => MessageValue::Text,
        ("binary", None) => return Some(None),
        (_, Some(schema)) => {
            let message = format!("`value: {format}` has no `schema`");
            report.error("spec::parameters", schema.span, &node.path_of("schema"), message).hint =
                Some("remove it, or set `value: json`".to_owned());
            return None;
        }
        (_, None) => {
            let message = format!("`value: {format}` needs a `schema`");
            report
                .error("spec::missing-parameter", node.span, &node.path_of("schema"), message)
                .hint = Some(if format == "avro" {
                "Avro's schema in JSON".to_owned()
            } else {
                "for example `schema: id BIGINT, name STRING`".to_owned()
            });
            return None;
        }
    };
    Some(Some(Decode::Messages(Messages { value, with_metadata: node.is_set("metadata") })))
}

fn write_messages(
    node: &Parameters<'_>,
    mut options: Vec<(String, String)>,
    report: &mut Report<'_>,
) -> Option<Operation> {
    let format = node.word("value_format");
    let value = match (node.text("value"), format) {
        (Some(value), None) => EncodedValue::Column(value),
        (None, Some("avro")) => EncodedValue::Avro,
        (None, _) => EncodedValue::Json,
        (Some(_), Some(format)) => {
            let message = format!("`value_format: {format}` is for whole rows, not for `value`");
            report.error("spec::parameters", node.span, &node.path_of("value"), message).hint =
                Some("leave one of them out".to_owned());
            return None;
        }
    };
    replace(&mut options, node.pairs("options"));
    let mut write = Write::of(KAFKA, options);
    write.encode = Some(Encode { key: node.text("key"), value });
    Some(Operation::Write(write))
}

/// What the user writes under `options` takes the place of what follows from parameters.
fn replace(options: &mut Vec<(String, String)>, written: Vec<(String, String)>) {
    options.retain(|(key, _)| !written.iter().any(|(other, _)| other == key));
    options.extend(written);
}
