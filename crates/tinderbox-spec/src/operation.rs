//! What a node does, typed: the one form from which every emitter works.

pub(crate) mod build;
pub(crate) mod build_database;
pub(crate) mod build_files;
pub(crate) mod build_http;
pub(crate) mod build_messages;
pub(crate) mod build_rows;
pub(crate) mod build_stream;
pub(crate) mod cleansing;
mod keys;
pub(crate) mod ml;
mod source;
mod stream;

pub use cleansing::{Clean, Flatten, ParseJson, PythonFunction, UdfColumns};
pub use keys::SortKey;
pub use ml::algorithms::Algorithm;
pub use ml::steps::Step;
pub use ml::{Evaluate, Model, Task, Train};
pub use source::{
    Buckets, Decode, Encode, EncodedValue, HttpRead, Lines, MessageValue, Messages, Paging,
};
pub use stream::{CountWindow, TimeWindow, WindowLength};

/// What a node does. Every text in SQL is as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A source.
    Read(Read),
    /// A source that is asked over HTTP.
    ReadHttp(HttpRead),
    /// Keeps rows for which the SQL condition holds.
    Filter {
        /// SQL condition.
        condition: String,
    },
    /// Keeps these columns and no others.
    Select {
        /// At least one.
        columns: Vec<Column>,
    },
    /// Adds or replaces columns, all computed from the input.
    Map {
        /// Name and SQL expression, at least one.
        columns: Vec<(String, String)>,
    },
    /// Joins the first input with the second, or with a table of the catalog.
    Join(Join),
    /// One row for each group.
    Aggregate(Aggregate),
    /// A SQL query over the inputs.
    Sql {
        /// SQL; inputs are tables under their ids, `{input}` is the first one, `{id}` is the input with that id.
        query: String,
    },
    /// Keeps one row of those that are equal.
    Deduplicate {
        /// Columns that decide; empty: all.
        columns: Vec<String>,
        /// Whether rows of a stream are compared only as long as the watermark lets them come late.
        within_watermark: bool,
    },
    /// Says how late rows of a stream may come.
    Watermark {
        /// Column with the time of the event.
        column: String,
        /// An interval.
        delay: String,
    },
    /// Adds the window of time that a row belongs to.
    TimeWindow(TimeWindow),
    /// Adds the number of the window that a row belongs to.
    CountWindow(CountWindow),
    /// Adds columns computed over windows.
    Window(WindowColumns),
    /// Gives columns other names; those that are not there are left as Spark does.
    Rename {
        /// Old and new name, at least one.
        columns: Vec<(String, String)>,
    },
    /// Changes the types of columns.
    Cast {
        /// Name and type as in SQL, at least one.
        columns: Vec<(String, String)>,
        /// Whether a value that cannot be converted becomes null, whatever Spark's ANSI mode.
        is_tolerant: bool,
    },
    /// Leaves columns out.
    Drop {
        /// At least one.
        columns: Vec<String>,
    },
    /// Puts inputs together.
    Set(SetOperation),
    /// Orders the rows.
    Sort {
        /// Columns or SQL expressions, with SQL's `desc`, `nulls first`, `nulls last` behind; at least one.
        by: Vec<String>,
        /// Whether each partition is sorted for itself.
        is_within_partitions: bool,
    },
    /// The first rows, of an order that the input has.
    Limit {
        /// Rows.
        rows: u32,
        /// Rows that are passed over before.
        offset: u32,
    },
    /// Some of the rows by chance.
    Sample {
        /// Expected share, above 0 and at most 1, as written.
        share: String,
        /// Whether a row may come several times.
        with_replacement: bool,
        /// What makes it the same each time over the same partitions.
        seed: Option<i64>,
    },
    /// A row for each element of an array or entry of a map.
    Explode(Explode),
    /// Puts values where there are none.
    FillNulls {
        /// Column and value, at least one. A column of another type than the value stays as it is.
        values: Vec<(String, Literal)>,
    },
    /// Leaves rows with missing values out.
    DropNulls {
        /// Columns that count; empty: all.
        columns: Vec<String>,
        /// The rule.
        rule: NullRule,
    },
    /// Distributes the rows anew.
    Repartition {
        /// Partitions; `None`: as Spark's `spark.sql.shuffle.partitions` says.
        partitions: Option<u32>,
        /// Columns or SQL expressions: rows that are equal in them come together.
        by: Vec<String>,
        /// Whether ranges of them come together.
        is_by_range: bool,
    },
    /// Fewer partitions without moving rows to others.
    Coalesce {
        /// Partitions.
        partitions: u32,
    },
    /// Keeps the rows for nodes that read them again.
    Cache {
        /// Spark's storage level; `None` is Spark's own choice for data frames.
        level: Option<&'static str>,
    },
    /// Writes the rows down and forgets how they came to be.
    Checkpoint {
        /// On the executors instead of in the checkpoint directory: faster, but lost with its executor.
        is_local: bool,
    },
    /// Columns become rows.
    Unpivot(Unpivot),
    /// Tidies texts.
    Clean(Clean),
    /// Structs become columns.
    Flatten(Flatten),
    /// A column of JSON texts becomes a struct, array or map.
    ParseJson(ParseJson),
    /// Columns by a user's Python function.
    Udf(UdfColumns),
    /// Columns to learn from.
    Features {
        /// At least one.
        steps: Vec<Step>,
    },
    /// Trains a model.
    Train(Train),
    /// Measures predictions.
    Evaluate(Evaluate),
    /// Adds the predictions of a model.
    Predict {
        /// The model.
        model: Model,
    },
    /// A sink.
    Write(Write),
}

/// Rows of several inputs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOperation {
    /// All rows of all inputs, columns matched by name.
    UnionByName {
        /// Whether columns that an input lacks are null there.
        allow_missing: bool,
    },
    /// All rows of all inputs, columns matched by place.
    UnionByPosition,
    /// Rows that are in all inputs.
    Intersect {
        /// Whether equal rows stay as often as they are in all inputs.
        all: bool,
    },
    /// Rows of the first input that are in no other.
    Except {
        /// Whether each row of another input takes away one equal row only.
        all: bool,
    },
}

/// A row for each element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explode {
    /// The array or map.
    pub column: String,
    /// Names of what comes out: one of an array, two of a map; empty: the element takes the array's place.
    pub names: Vec<String>,
    /// Name of a column for the place from 0.
    pub position: Option<String>,
    /// Whether a row without elements stays, with null.
    pub is_outer: bool,
}

/// When a row with missing values is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullRule {
    /// Any is missing.
    Any,
    /// All are missing.
    All,
    /// Fewer than so many are there.
    Fewer(u32),
}

/// Columns that become rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpivot {
    /// Columns that stay.
    pub ids: Vec<String>,
    /// Columns that become rows; empty: all others.
    pub values: Vec<String>,
    /// Name of the column with their names.
    pub name_column: String,
    /// Name of the column with their values.
    pub value_column: String,
}

/// A value as a document has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// A number, as written.
    Number(String),
    /// True or false.
    Boolean(bool),
}

impl Literal {
    /// Whether Python reads the text as the number that people mean: digits with at most one point, a sign, an exponent.
    pub(crate) fn is_number(text: &str) -> bool {
        let digits = text.strip_prefix('-').unwrap_or(text);
        // `007` is no number in Python.
        let is_padded =
            digits.starts_with('0') && digits[1..].starts_with(|c: char| c.is_ascii_digit());
        digits.starts_with(|c: char| c.is_ascii_digit())
            && !is_padded
            && text.parse::<f64>().is_ok_and(f64::is_finite)
    }
}

/// Where data lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Files.
    Files {
        /// As `spark.read.format` names it.
        format: &'static str,
        /// As written in the document; a relative path starts at the document's folder.
        path: String,
    },
    /// A table of the catalog.
    Table(String),
    /// What a connector reads or writes without a path; its options say the rest.
    Connector {
        /// As `spark.read.format` names it.
        format: &'static str,
    },
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What to read.
    pub data: Data,
    /// Spark's options, in the order of the document.
    pub options: Vec<(String, String)>,
    /// Columns and types in SQL's DDL form.
    pub schema: Option<String>,
    /// What becomes of the rows.
    pub decode: Option<Decode>,
    /// Spark properties that the source needs, where the job does not set them.
    pub settings: Vec<(String, String)>,
}

/// A sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// What to write.
    pub data: Data,
    /// Format of a table that is made new; files carry theirs in `data`.
    pub table_format: Option<&'static str>,
    /// Spark's save mode; `None` is Spark's own default, an error when the target exists.
    pub mode: Option<&'static str>,
    /// Columns that become folders.
    pub partition_by: Vec<String>,
    /// Spark's options, in the order of the document.
    pub options: Vec<(String, String)>,
    /// Buckets of a table.
    pub buckets: Option<Buckets>,
    /// How rows become messages.
    pub encode: Option<Encode>,
    /// Spark properties that the sink needs, where the job does not set them.
    pub settings: Vec<(String, String)>,
}

impl Read {
    /// Reads data as they are.
    pub(crate) fn of(data: Data, options: Vec<(String, String)>) -> Self {
        Self { data, options, schema: None, decode: None, settings: Vec::new() }
    }
}

impl Write {
    /// Writes data as they are, in Spark's default mode.
    pub(crate) fn of(data: Data, options: Vec<(String, String)>) -> Self {
        Self {
            data,
            table_format: None,
            mode: None,
            partition_by: Vec::new(),
            options,
            buckets: None,
            encode: None,
            settings: Vec::new(),
        }
    }
}

/// A column of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// A column's name or a SQL expression.
    pub expression: String,
    /// The name it gets; `None` leaves it to the expression.
    pub name: Option<String>,
}

/// A join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The right side; the left one is the first input.
    pub right: JoinRight,
    /// What connects the sides.
    pub on: JoinKeys,
    /// Spark's join type.
    pub how: &'static str,
    /// The side to broadcast.
    pub broadcast: Option<Side>,
}

/// The right side of a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinRight {
    /// The second input.
    Input,
    /// A table of the catalog.
    CatalogTable(String),
}

/// What connects the sides of a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinKeys {
    /// Columns that both sides have; the result has each of them once.
    Columns(Vec<String>),
    /// SQL conditions, all of which must hold; they name the sides by node id (or table).
    Conditions(Vec<String>),
    /// A cross join.
    None,
}

/// A side of a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first input.
    Left,
    /// The other side.
    Right,
}

/// An aggregation by groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// Columns or SQL expressions; empty: one row for everything.
    pub group_by: Vec<String>,
    /// At least one.
    pub outputs: Vec<AggregateOutput>,
    /// Which groups there are.
    pub grouping: Grouping,
    /// A column whose values become columns.
    pub pivot: Option<Pivot>,
}

/// Which groups an aggregation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// One for each combination of the keys.
    #[default]
    Groups,
    /// And one for each beginning of the list of keys.
    Rollup,
    /// And one for each choice of keys.
    Cube,
}

/// A column whose values become columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pivot {
    /// The column.
    pub column: String,
    /// Its values that count; empty: all, which costs a pass over the data.
    pub values: Vec<Literal>,
}

/// A column that an aggregate makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateOutput {
    /// Its name: `sum_revenue` for `revenue: sum`, `count` for `"*": count`, the key for an expression.
    pub name: String,
    /// How it is computed.
    pub aggregation: Aggregation,
}

/// How a column of an aggregate is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aggregation {
    /// A function of `pyspark.sql.functions` over one column (`*` for `count`).
    Function {
        /// The function.
        function: &'static str,
        /// The column.
        column: String,
    },
    /// A SQL expression.
    Expression(String),
}

/// Columns computed over windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowColumns {
    /// Columns or SQL expressions.
    pub partition_by: Vec<String>,
    /// Columns or SQL expressions, with SQL's `desc`, `nulls first`, `nulls last` behind.
    pub order_by: Vec<String>,
    /// Name and SQL function, at least one.
    pub functions: Vec<(String, String)>,
}
