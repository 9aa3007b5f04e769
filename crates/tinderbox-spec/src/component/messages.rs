//! Kafka and what speaks or resembles it, and HTTP interfaces.

use super::NodeKind::{Sink, Source};
use super::ParameterType::{Boolean, Count, OneOf, Text, TextByName, Texts};
use super::files::{NONE, OPTIONS};
use super::parameter::{ONE, optional, required, with_default};
use super::{Component, Parameter};
use crate::operation::{build_http, build_messages as build};

const SERVERS: Parameter = required("servers", Text, "`host:port`, several with commas");
const VALUE: Parameter = with_default(
    "value",
    OneOf(&["json", "avro", "text", "binary"]),
    "json with a schema, else binary",
    "what values are; of `binary` all columns are as Spark gives them",
);
const VALUE_SCHEMA: Parameter = optional(
    "schema",
    Text,
    "of JSON: columns and types as in `CREATE TABLE`; of Avro: its schema in JSON",
);
const METADATA: Parameter = with_default(
    "metadata",
    Boolean,
    "false",
    "whether there are columns `_key`, `_topic`, `_partition`, `_offset`, `_timestamp`",
);
const STARTING: Parameter = with_default(
    "starting_offsets",
    Text,
    "earliest in a batch job, latest in a stream",
    "`earliest`, `latest`, or offsets in JSON",
);
const ENDING: Parameter =
    with_default("ending_offsets", Text, "latest", "in a batch job: `latest`, or offsets in JSON");
const KEY: Parameter = optional("key", Text, "column or SQL expression for keys");
const WRITTEN_VALUE: Parameter =
    optional("value", Text, "column or SQL expression for values, instead of the whole row");
const VALUE_FORMAT: Parameter =
    with_default("value_format", OneOf(&["json", "avro"]), "json", "form of the whole row");

const NAMESPACE: Parameter = required("namespace", Text, "namespace of Event Hubs");
const HUB: Parameter = required("hub", Text, "name of the hub");
const CONNECTION: Parameter =
    optional("connection_string", Text, "of a shared access policy: `${secret:NAME}`");
const HUB_SERVERS: Parameter =
    with_default("servers", Text, "by the namespace", "`host:port` of another endpoint");

pub(super) static SOURCES: &[Component] = &[
    Component {
        name: "kafka",
        kind: Source,
        purpose: "Reads topics of Kafka.",
        parameters: &[
            SERVERS,
            optional("topics", Texts, "names of topics"),
            optional("pattern", Text, "regular expression of names"),
            optional("assign", Text, "partitions in JSON, `{\"clicks\": [0, 1]}`"),
            STARTING,
            ENDING,
            VALUE,
            VALUE_SCHEMA,
            METADATA,
            OPTIONS,
        ],
        inputs: NONE,
        example: "{type: kafka, servers: 'localhost:9092', topics: [clicks], schema: 'id BIGINT, at TIMESTAMP'}",
        build: build::read_kafka,
    },
    Component {
        name: "event_hubs",
        kind: Source,
        purpose: "Reads an event hub of Azure through its Kafka endpoint.",
        parameters: &[
            NAMESPACE,
            HUB,
            CONNECTION,
            HUB_SERVERS,
            STARTING,
            ENDING,
            VALUE,
            VALUE_SCHEMA,
            METADATA,
            OPTIONS,
        ],
        inputs: NONE,
        example: "{type: event_hubs, namespace: sales, hub: clicks, connection_string: '${secret:HUB}', value: text}",
        build: build::read_event_hubs,
    },
    Component {
        name: "kinesis",
        kind: Source,
        purpose: "Reads a Kinesis stream with the AWS labs' connector, whose jar must be given; in streaming jobs only.",
        parameters: &[
            required("stream_name", Text, "name of the Kinesis stream"),
            required("region", Text, "its region"),
            optional("endpoint", Text, "address of another endpoint"),
            optional("starting_position", Text, "`TRIM_HORIZON`, `LATEST`, or a time in JSON"),
            OPTIONS,
        ],
        inputs: NONE,
        example: "{type: kinesis, stream_name: clicks, region: eu-central-1}",
        build: build::read_kinesis,
    },
    Component {
        name: "http",
        kind: Source,
        purpose: "Reads the records of an HTTP interface with JSON, page by page.",
        parameters: &[
            required("url", Text, "address of the first page"),
            with_default("method", OneOf(&["GET", "POST"]), "GET", "method of the request"),
            optional("headers", TextByName, "headers; keys of interfaces as `${secret:NAME}`"),
            optional("params", TextByName, "parameters of the query"),
            optional("body", Text, "what is sent with `POST`, as JSON"),
            optional("records", Text, "where the answer has the records: `data.items`"),
            with_default(
                "paging",
                OneOf(&["none", "page", "offset", "cursor", "link"]),
                "none",
                "how the next page is found: by its number, by the records before it, by a cursor or a link in the answer",
            ),
            with_default("page_param", Text, "page", "parameter with the page's number"),
            with_default("first_page", Count(0), "1", "number of the first page"),
            with_default("offset_param", Text, "offset", "parameter with the records before"),
            with_default("cursor_param", Text, "cursor", "parameter with the cursor"),
            optional("cursor_path", Text, "where the answer has the cursor: `meta.next_cursor`"),
            optional(
                "next_path",
                Text,
                "where the answer has the next page's URL; else its header `Link`",
            ),
            with_default("size_param", Text, "limit", "parameter with the size of a page"),
            optional("page_size", Count(1), "records of a page"),
            optional("max_pages", Count(1), "stop after so many pages"),
            with_default("retries", Count(0), "5", "how often a page is asked for again"),
            with_default("timeout", Count(1), "30", "seconds to wait for the server"),
            optional("schema", Text, "columns and types as in `CREATE TABLE`"),
        ],
        inputs: NONE,
        example: "{type: http, url: 'https://api.example.com/customers', records: data, paging: page, schema: 'id BIGINT, name STRING'}",
        build: build_http::read_http,
    },
];

pub(super) static SINKS: &[Component] = &[
    Component {
        name: "kafka",
        kind: Sink,
        purpose: "Writes to a topic of Kafka, a message for each row.",
        parameters: &[
            SERVERS,
            required("topic", Text, "name of the topic"),
            KEY,
            WRITTEN_VALUE,
            VALUE_FORMAT,
            OPTIONS,
        ],
        inputs: ONE,
        example: "{type: kafka, servers: 'localhost:9092', topic: totals, key: product}",
        build: build::write_kafka,
    },
    Component {
        name: "event_hubs",
        kind: Sink,
        purpose: "Writes to an event hub of Azure through its Kafka endpoint.",
        parameters: &[
            NAMESPACE,
            HUB,
            CONNECTION,
            HUB_SERVERS,
            KEY,
            WRITTEN_VALUE,
            VALUE_FORMAT,
            OPTIONS,
        ],
        inputs: ONE,
        example: "{type: event_hubs, namespace: sales, hub: totals, connection_string: '${secret:HUB}'}",
        build: build::write_event_hubs,
    },
];
