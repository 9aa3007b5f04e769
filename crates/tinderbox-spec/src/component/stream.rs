//! What streaming jobs add to the registry: sources and sinks that only they have, transformations by event time, and
//! the parameters that every source and every sink has in them.

use super::NodeKind::{Sink, Source, Transformation};
use super::ParameterType::{Boolean, Count, OneOf, Text, TextByName, Texts};
use super::parameter::{ONE, optional, required, with_default};
use super::{Component, Inputs, NodeKind, Parameter};
use crate::operation::build_stream;

const NONE: Inputs = Inputs { min: 0, max: 0 };

const STREAM: Parameter = with_default(
    "stream",
    Boolean,
    "true where Spark can; false for tables",
    "in a streaming job: whether the source is read as a stream",
);

/// Source: `org.apache.spark.sql.streaming.Trigger` and PySpark's `DataStreamWriter.trigger`.
const TRIGGER: Parameter = optional(
    "trigger",
    TextByName,
    "in a streaming job, when to run: `{processing_time: 10 seconds}`, `{available_now: true}`, `{once: true}` or `{continuous: 1 second}`",
);
/// Source: `org.apache.spark.sql.catalyst.streaming.InternalOutputModes`.
const OUTPUT_MODE: Parameter = with_default(
    "output_mode",
    OneOf(&["append", "update", "complete"]),
    "append",
    "in a streaming job: only rows that are final, rows that changed, or the whole result each time",
);
const CHECKPOINT: Parameter = with_default(
    "checkpoint",
    Text,
    "`configuration.checkpointLocation`/id",
    "in a streaming job: folder of the query's progress, one for each sink",
);
const QUERY_NAME: Parameter =
    with_default("query_name", Text, "the id", "in a streaming job: the query's name in Spark");

/// Parameters of every component of this kind, beside its own.
pub(crate) fn common_parameters(kind: NodeKind) -> &'static [Parameter] {
    match kind {
        Source => &[STREAM],
        Transformation => &[],
        Sink => &[TRIGGER, OUTPUT_MODE, CHECKPOINT, QUERY_NAME],
    }
}

const OPTIONS: Parameter = optional("options", TextByName, "Spark's options of the format");

pub(super) static SOURCES: &[Component] = &[
    Component {
        name: "rate",
        kind: Source,
        purpose: "Makes rows with a time and a counting number, so many a second; in streaming jobs only.",
        parameters: &[with_default("rows_per_second", Count(1), "1", "rows a second"), OPTIONS],
        inputs: NONE,
        example: "{type: rate, rows_per_second: 10}",
        build: build_stream::rate,
    },
    Component {
        name: "rate_micro_batch",
        kind: Source,
        purpose: "Makes so many rows each micro-batch, the same ones after a restart; in streaming jobs only.",
        parameters: &[required("rows_per_batch", Count(1), "rows of a micro-batch"), OPTIONS],
        inputs: NONE,
        example: "{type: rate_micro_batch, rows_per_batch: 100}",
        build: build_stream::rate_micro_batch,
    },
    Component {
        name: "socket",
        kind: Source,
        purpose: "Reads lines of text from a TCP server, for trying out; in streaming jobs only.",
        parameters: &[
            required("host", Text, "name of the server"),
            required("port", Count(1), "its port"),
            OPTIONS,
        ],
        inputs: NONE,
        example: "{type: socket, host: localhost, port: 9999}",
        build: build_stream::socket,
    },
];

pub(super) static SINKS: &[Component] = &[
    Component {
        name: "console",
        kind: Sink,
        purpose: "Prints rows into the driver's log, for trying out.",
        parameters: &[OPTIONS],
        inputs: ONE,
        example: "{type: console, options: {truncate: false}}",
        build: build_stream::console,
    },
    Component {
        name: "memory",
        kind: Sink,
        purpose: "Keeps all rows in the driver as a table named after the query; in streaming jobs only.",
        parameters: &[OPTIONS],
        inputs: ONE,
        example: "{type: memory, query_name: latest}",
        build: build_stream::memory,
    },
];

pub(super) static TRANSFORMATIONS: &[Component] = &[
    Component {
        name: "watermark",
        kind: Transformation,
        purpose: "Says how late rows may come: state of what is older is given up.",
        parameters: &[
            required("column", Text, "column with the time of the event, a TIMESTAMP"),
            required("delay", Text, "how late, as an interval: `10 minutes`"),
        ],
        inputs: ONE,
        example: "{type: watermark, column: at, delay: 10 minutes}",
        build: build_stream::watermark,
    },
    Component {
        name: "time_window",
        kind: Transformation,
        purpose: "Adds the window of time that a row belongs to, for an aggregate to group by.",
        parameters: &[
            required("column", Text, "column with the time of the event, a TIMESTAMP"),
            optional("size", Text, "length of each window, as an interval: `10 minutes`"),
            optional(
                "slide",
                Text,
                "time between two beginnings; left out: windows do not overlap",
            ),
            optional("offset", Text, "how far the first window begins after 1970-01-01 00:00 UTC"),
            optional(
                "gap",
                Text,
                "instead of `size`: a session, which ends when so long nothing comes",
            ),
            with_default("name", Text, "window", "name of the new column"),
        ],
        inputs: ONE,
        example: "{type: time_window, column: at, size: 10 minutes, slide: 5 minutes}",
        build: build_stream::time_window,
    },
    Component {
        name: "count_window",
        kind: Transformation,
        purpose: "Adds the number of the window that a row belongs to, when every `size` rows are one; in batch jobs.",
        parameters: &[
            required("size", Count(1), "rows of a window"),
            optional("by", Texts, "columns whose values are counted each for itself"),
            required("order_by", Texts, "columns or SQL expressions that order the rows"),
            with_default("name", Text, "window", "name of the new column, which counts from 0"),
        ],
        inputs: ONE,
        example: "{type: count_window, size: 100, by: sensor, order_by: at}",
        build: build_stream::count_window,
    },
];
