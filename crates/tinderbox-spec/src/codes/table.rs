//! The codes, grouped as `codes` prints them. A test there compares them with those that are used.

use super::Code;

/// Every code: what it says, and what helps.
pub(super) const CODES: &[Code] = &[
    (
        "spec::syntax",
        "The text is no YAML.",
        "Look at the indentation and the quotes of the line and the one before; YAML takes no tabs for indentation.",
    ),
    (
        "spec::empty",
        "The document says nothing.",
        "Begin with `name:` and `pipeline:`, or with `tinderbox spec new`.",
    ),
    (
        "spec::several-documents",
        "The file holds several YAML documents.",
        "One file holds one job: split it.",
    ),
    (
        "spec::alias",
        "YAML's aliases (`*name`) are not read: a few lines of them can stand for gigabytes.",
        "Write the value out, declare a parameter, or quote a text that begins with `*` or `&`.",
    ),
    (
        "spec::tag",
        "YAML's tags (`!name`) are not read.",
        "Remove the tag, or quote a text that begins with `!`.",
    ),
    ("spec::key", "A key is a list or a block.", "Keys are words."),
    (
        "spec::duplicate-key",
        "A key stands twice, or beside `type` and under `parameters` too.",
        "Keep one of the two.",
    ),
    (
        "spec::unknown-key",
        "There is no such field here.",
        "The hint names the nearest one; `tinderbox spec components TYPE` prints those of a node.",
    ),
    (
        "spec::wrong-type",
        "The value is of another kind: a text instead of a number, a list instead of a block.",
        "Numbers and `true` are written without quotes.",
    ),
    (
        "spec::wrong-value",
        "The value is of the right kind and not one that can stand here.",
        "The hint says which can.",
    ),
    (
        "spec::format-version",
        "The document is written in a version of the format that this program does not know.",
        "Use a newer Tinderbox. Spark's version belongs to `cluster.version`.",
    ),
    ("spec::missing-field", "A field is missing that cannot be left out.", "Add it."),
    (
        "spec::said-twice",
        "A warning: a Spark property overrides what `cluster` says.",
        "Say it in one of the two places.",
    ),
    (
        "spec::memory",
        "This is no size of memory, or less than Spark starts with.",
        "A whole number and a unit: `16g`, `512m`.",
    ),
    (
        "spec::cron",
        "This is no cron expression.",
        "Minute, hour, day of month, month, day of week.",
    ),
    (
        "spec::dependency",
        "This is no dependency.",
        "`group:artifact:version` of Maven, or a path that ends in .jar, .py, .zip, .egg or .whl.",
    ),
    (
        "spec::spark-property",
        "This is no Spark property, or has a value that Spark refuses.",
        "They begin with `spark.`.",
    ),
    (
        "spec::package",
        "A warning: the version of a package had to be assumed, or Maven Central has none for this Spark.",
        "Name the package yourself under `configuration.dependencies`, or choose another Spark.",
    ),
    (
        "spec::not-supported-yet",
        "A warning: the document may say this, and nothing acts on it yet.",
        "Nothing has to be done; the job does not wait for it.",
    ),
    (
        "spec::contradiction",
        "Two nodes need one Spark property with two values.",
        "Set the property in `configuration.sparkConf`, or split the job.",
    ),
    (
        "spec::environment",
        "There is no such environment, or it holds what an environment cannot.",
        "Environments lay `parameters`, `cluster`, `configuration`, `schedule` and `monitoring` over the document.",
    ),
    (
        "spec::unknown-environment",
        "There is no such environment.",
        "Declare it under `environments:`.",
    ),
    (
        "spec::parameter-name",
        "This cannot be a parameter's name.",
        "Letters, digits and `_`, not beginning with a digit.",
    ),
    (
        "spec::parameter-value",
        "A parameter has no value.",
        "Give it a default, or run with `--set name=value`.",
    ),
    (
        "spec::unknown-parameter",
        "The document declares no such parameter.",
        "Declare it under `parameters:`.",
    ),
    (
        "spec::reference",
        "`${…}` is neither a parameter nor a secret.",
        "`${param:name}` or `${secret:NAME}`; `$${` is a plain `${`.",
    ),
    ("spec::secret-name", "This cannot be a secret's name.", "Letters, digits and `_`."),
    (
        "spec::secret-in-clear",
        "A password, key or token is written into the document.",
        "Write `${secret:NAME}` and give the run the variable `TINDERBOX_SECRET_NAME`.",
    ),
    (
        "spec::secret-at-launch",
        "A secret stands where a value is needed before the program starts, or in an application.",
        "Secrets can stand in options, `spark.sql.*` and `spark.hadoop.*`.",
    ),
    (
        "spec::too-large",
        "The document has more than 1 MiB, or the pipeline more than 2,000 nodes.",
        "Keep data in files that the job reads, and divide large jobs.",
    ),
    (
        "spec::open-lineage",
        "`configuration.openLineage` names no place for events.",
        "A URL of HTTP, or `file:PATH`.",
    ),
    (
        "spec::secret-in-plan",
        "A secret stands where Spark writes it into plans and event logs.",
        "Options and connections of sources and sinks, requests of `http`, and `sparkConf` can hold one.",
    ),
    ("spec::component", "A custom component is wrong, or used wrongly.", "The message says how."),
    (
        "spec::component-file",
        "The file of a component is not there or no text.",
        "Relative paths start at the document's folder.",
    ),
    ("spec::application", "This does not belong to an application.", "Remove it."),
    ("spec::empty-pipeline", "The pipeline has no nodes.", "Add a source and a sink."),
    (
        "spec::no-sink",
        "The job computes nothing: it has no sink.",
        "Add one under `pipeline.sinks`.",
    ),
    (
        "spec::unknown-type",
        "There is no component of this type.",
        "`tinderbox spec components` lists them.",
    ),
    (
        "spec::node-id",
        "This cannot be the id of a node.",
        "Letters, digits, `_` and `-`, beginning with a letter: it becomes a function of the program.",
    ),
    (
        "spec::duplicate-id",
        "Two nodes have this id. Case, `-` and `_` do not count.",
        "Give each its own.",
    ),
    (
        "spec::unused-node",
        "A warning: nothing reads the node, so it is not computed.",
        "Name it in the `input` of a later node, or remove it.",
    ),
    ("spec::cycle", "Nodes read each other in a loop.", "Change the `input` of one of them."),
    (
        "spec::missing-input",
        "The node has nothing to read, or too little.",
        "Add a source before it, or name its inputs.",
    ),
    ("spec::unknown-input", "There is no such node to read.", "The hint names the nearest one."),
    ("spec::unknown-node", "There is no such node.", "The hint names the nearest one."),
    (
        "spec::inputs",
        "The node has more or fewer inputs than it can use.",
        "A join has two, a union two or more, most others one.",
    ),
    (
        "spec::input-left-out",
        "A warning: several sources stand before the node, and it reads the last one.",
        "Say which: `input: [id]`.",
    ),
    (
        "spec::missing-parameter",
        "A node lacks a parameter.",
        "`tinderbox spec components TYPE` prints all of them.",
    ),
    ("spec::parameters", "Parameters of a node contradict each other.", "The message says which."),
    ("spec::sql-input", "A query reads a node that is no input of this one.", "Add it to `input`."),
    (
        "spec::catalog-table",
        "A warning: a join reads a table of the catalog, because no node has this id.",
        "Add a source with this id if it is not in the catalog.",
    ),
    (
        "spec::join-without-key",
        "A join says nothing about what connects its sides.",
        "`on: column`; write `how: cross` if every row shall meet every row.",
    ),
    (
        "spec::join-key",
        "The keys of a join cannot stand there.",
        "Column names, or conditions with both sides' ids.",
    ),
    (
        "spec::unknown-function",
        "There is no such aggregate or window function.",
        "The hint names the nearest one; any SQL expression can stand there too.",
    ),
    (
        "spec::duplicate-column",
        "The result would have two columns of one name.",
        "Name it yourself: `name: \"sum(amount)\"`.",
    ),
    (
        "spec::checkpoint-location",
        "A checkpoint of a batch job has no folder.",
        "Set `configuration.checkpointLocation`, or `local: true`.",
    ),
    (
        "spec::checkpoint",
        "A stream has no folder for its progress, or shares one.",
        "Set `configuration.checkpointLocation`, or `checkpoint` of the sink.",
    ),
    (
        "spec::interval",
        "This is no length of time.",
        "Numbers with units up to weeks: `1 hour 30 minutes`.",
    ),
    (
        "spec::trigger",
        "This is no trigger, or several.",
        "One of `processing_time`, `available_now`, `once`, `continuous`.",
    ),
    (
        "spec::codec",
        "The format has no such codec.",
        "[Sources and sinks](sources.md#files) lists them.",
    ),
    (
        "spec::csv-header",
        "A warning: without `header` or a schema Spark names columns `_c0`, `_c1`, ….",
        "Set `header`, or `schema`.",
    ),
    (
        "spec::log-pattern",
        "A pattern of logs has no named groups.",
        "`(?<name>…)`, or one of the names that the hint lists.",
    ),
    ("spec::http-url", "This is no URL of HTTP.", "It begins with `https://` or `http://`."),
    ("spec::jdbc-url", "This is no URL of this database.", "The hint says how it begins."),
    (
        "spec::table-name",
        "This is no name of a table in a warehouse.",
        "`database.table`, in some catalogs `catalog.database.table`.",
    ),
    (
        "spec::written-twice",
        "Two sinks write one target.",
        "Give each its own, or let one sink write a `union`.",
    ),
    (
        "spec::overwrites-input",
        "A sink overwrites what the job reads: Spark deletes it before it is read.",
        "Write to another place.",
    ),
    (
        "spec::expectation",
        "An expectation expects nothing, or several things.",
        "One rule each; [data quality](quality.md) lists them.",
    ),
    (
        "spec::on-fail",
        "Rows cannot be left out by a rule that is not about single rows.",
        "`warn` or `fail`.",
    ),
    (
        "spec::duplicate-name",
        "Two expectations of a node, or two tests, have one name.",
        "Results are found by name: each has its own.",
    ),
    (
        "spec::quarantine",
        "Wrong rows have no place to go, or a quarantine has nothing to do.",
        "`quarantine: {format: parquet, path: out/wrong}` with an expectation that uses it.",
    ),
    (
        "spec::udf",
        "A function of the user is wrong: its file, its name, its columns.",
        "`file: udfs/score.py` with `function: score`.",
    ),
    ("spec::ml-step", "A step of features is wrong.", "[Machine learning](ml.md) lists them."),
    (
        "spec::ml-parameter",
        "A value of a step or model cannot stand there.",
        "The hint says which can.",
    ),
    (
        "spec::ml-train",
        "A training lacks what it learns from, or has too much.",
        "`features`, and `label` where the model has one.",
    ),
    (
        "spec::ml-model",
        "A prediction names no trained model.",
        "The id of a `train` node, or the path of a saved model.",
    ),
    ("spec::ml-metric", "The model has no such metric.", "The hint lists them."),
    (
        "spec::ml-evaluate",
        "An evaluation lacks its label, or has one without use.",
        "`label` is the column with the truth.",
    ),
    (
        "spec::test-types",
        "The columns of a test's rows are not known.",
        "`NODE: {schema: 'id INT, …', rows: […]}`.",
    ),
    (
        "spec::test-column",
        "A test gives a column that the schema does not have.",
        "The hint names the nearest one.",
    ),
    (
        "spec::test-reads-source",
        "A test would read a source: it would say something else on another day.",
        "Give the source rows under `given`.",
    ),
    ("stream::batch-job", "A batch job has a stream, or settings of one.", "`type: streaming`."),
    (
        "stream::no-stream",
        "A streaming job has no source that is a stream.",
        "One source has `stream: true`, or is Kafka, Kinesis or the like.",
    ),
    (
        "stream::source",
        "The source cannot be read as a stream.",
        "[Streaming](streaming.md) lists those that can.",
    ),
    ("stream::schema", "A stream of files needs a schema.", "Say it: `schema: id BIGINT, …`."),
    (
        "stream::unsupported",
        "The transformation does not work on streams.",
        "Do it in a batch job, or before the stream.",
    ),
    (
        "stream::sort",
        "Streams are sorted after an aggregation in complete mode only.",
        "Remove the sort, or write with `output_mode: complete`.",
    ),
    ("stream::limit", "A stream has no first rows in this output mode.", "Remove the limit."),
    (
        "stream::aggregates",
        "A stream has several aggregations in a mode that Spark refuses.",
        "Use append mode with a watermark.",
    ),
    (
        "stream::append",
        "Append mode would never write: no watermark says when a group is complete.",
        "Add a `watermark` before and group by its time or a window of it, or use update mode.",
    ),
    ("stream::complete", "Complete mode needs an aggregation.", "Use append mode."),
    (
        "stream::sink-mode",
        "The sink does not take this output mode.",
        "The hint says which it takes.",
    ),
    (
        "stream::static-sink",
        "A sink of a streaming job reads no stream.",
        "Read a stream, or move it to a batch job.",
    ),
    ("stream::save-mode", "`mode` is for batch jobs.", "Streams have `output_mode`."),
    ("stream::query-name", "Two queries have one name.", "Give each sink an id of its own."),
    (
        "stream::shared-checkpoint",
        "Two sinks share a checkpoint.",
        "Each query has its own folder.",
    ),
    (
        "stream::continuous",
        "The continuous trigger does not take this.",
        "It takes maps and filters between Kafka or rate and Kafka.",
    ),
    (
        "stream::trigger-once",
        "A warning: `once` reads everything as one batch, and Spark calls it deprecated.",
        "`available_now`.",
    ),
    (
        "stream::watermark",
        "There is no watermark, or it is where it does nothing.",
        "Put it before the aggregation, on the column of event time.",
    ),
    (
        "stream::watermarks",
        "Several watermarks on one stream: the last one replaces the others.",
        "Keep one.",
    ),
    (
        "stream::session",
        "Session windows do not work in this output mode.",
        "Use append mode with a watermark.",
    ),
    (
        "stream::deduplicate",
        "State for duplicates grows without end, or Spark refuses the keys.",
        "Put the column of event time among the keys, with a watermark before.",
    ),
    (
        "stream::state-grows",
        "A warning: the query keeps state that no watermark ever ends.",
        "Add a `watermark`.",
    ),
    (
        "stream::stream-join",
        "This type of join does not work between two streams.",
        "[Streaming](streaming.md) has the table.",
    ),
    (
        "stream::static-join",
        "This type of join does not work between a stream and a table.",
        "The side that keeps all rows must be the stream.",
    ),
    (
        "stream::join-mode",
        "Joins of two streams work in append mode only.",
        "`output_mode: append`.",
    ),
    (
        "stream::join-watermark",
        "An outer join of two streams needs watermarks and a condition on time.",
        "Add both: without them no row is ever known to have no partner.",
    ),
    (
        "stream::expectations",
        "Expectations are not checked on streams.",
        "Check what the stream writes in a batch job.",
    ),
    ("columns::unknown", "No input has such a column.", "The hint names the nearest one."),
    (
        "columns::function",
        "There is no such function.",
        "Look it up in Spark's SQL reference; functions of your own stand under `udfs:`.",
    ),
    (
        "columns::table",
        "There is no such table.",
        "Queries read the inputs of their node, or tables of the catalog.",
    ),
    ("columns::syntax", "The text is no Spark SQL.", "The message says what was read last."),
    (
        "columns::wrong",
        "The server refuses the node, in its words: types that do not fit, wrong numbers of arguments.",
        "Change the expression, or cast.",
    ),
    (
        "columns::unread",
        "A warning: the server cannot read a source from where it is.",
        "It may be there when the job runs; what reads it was not checked.",
    ),
    (
        "columns::not-checked",
        "A warning: the server cannot compute such a node.",
        "Check on Spark: `--engine sc://HOST:PORT`.",
    ),
    (
        "lint::partitioning",
        "One partition for everything behind it, or more than three columns that become folders.",
        "More partitions; fewer columns, with few values each.",
    ),
    (
        "lint::computed-again",
        "Several nodes read a node with a shuffle behind it: it is computed for each.",
        "`cache` between.",
    ),
    (
        "lint::shuffles",
        "A repartition right before another shuffle, or an order that the next node loses.",
        "Remove it.",
    ),
    (
        "lint::opaque",
        "Java methods and scripts in SQL, which Spark cannot optimize.",
        "Use functions of SQL.",
    ),
    (
        "lint::append-again",
        "A scheduled job appends: repeated after a failure, it writes rows twice.",
        "`mode: overwrite` with partitions by date, or Delta with `merge`.",
    ),
    (
        "lint::executor-size",
        "More than five cores in one JVM, or heaps from 32 to 48 GiB.",
        "More executors instead; heaps below 32 GiB keep short pointers.",
    ),
    (
        "lint::spill",
        "Less than 1 GiB a core, or a small `spark.memory.fraction`: shuffles go to disk.",
        "More memory a core.",
    ),
    (
        "lint::broadcast",
        "A side that Spark does not broadcast in this type of join.",
        "Broadcast the other side.",
    ),
    ("lint::few-partitions", "Fewer partitions than cores.", "Two or three partitions a core."),
    (
        "lint::guessed-types",
        "Files are read once more to guess types, which differ from day to day.",
        "`schema: id BIGINT, …`.",
    ),
    (
        "lint::row-format",
        "Output in CSV, JSON or text holds no types and no statistics.",
        "Parquet, unless people or other programs read it.",
    ),
    (
        "lint::spot",
        "A driver on nodes that may be taken away, or executors without decommissioning.",
        "Keep the driver elsewhere; `spark.decommission.enabled`.",
    ),
    (
        "lint::auto-scale",
        "Dynamic allocation without a limit, or many executors without it.",
        "`maxExecutors`, or `dynamicAllocation`.",
    ),
    ("lint::compression", "Output or shuffle without compression.", "`snappy` or `zstd`."),
    ("lint::peak-hours", "A start in working hours.", "A start at night, if nobody waits for it."),
    ("lint::unwatched", "A schedule without `monitoring.sla`.", "Say how long a run may take."),
    (
        "spec::include",
        "Included files include each other, too deep or too many.",
        "Include each file once, in the document itself.",
    ),
    (
        "spec::include-file",
        "A file that is included is not there.",
        "A relative path starts at the document's folder.",
    ),
    (
        "sql::not-expressible",
        "SQL has no words for what the node does.",
        "Compile to PySpark, or do as the hint says.",
    ),
    (
        "sql::columns",
        "A view must name columns that the document does not tell, or would have two of one name.",
        "Give the sources a `schema`, or put a `select` before.",
    ),
    (
        "sql::name",
        "The view of a node would hide the table that it reads.",
        "Give the node another `id`.",
    ),
    (
        "sql::secret",
        "The job refers to a secret, which SQL cannot look up.",
        "Compile to PySpark, which reads it from the environment.",
    ),
    (
        "sql::sink",
        "SQL has no statement that writes so.",
        "Write to a table, or use `mode: overwrite`.",
    ),
    (
        "sql::streaming",
        "A script of SQL cannot run streams.",
        "Compile to PySpark or to pipelines.",
    ),
    (
        "pipelines::not-expressible",
        "A declarative pipeline cannot express a part of the job.",
        "Do as the hint says, or compile to PySpark.",
    ),
];
