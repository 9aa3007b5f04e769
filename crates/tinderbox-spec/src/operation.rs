//! What a node does, typed: the one form from which every emitter works.

pub(crate) mod build;

/// What a node does. Every text in SQL is as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A source.
    Read(Read),
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
    },
    /// Adds columns computed over windows.
    Window(WindowColumns),
    /// A sink.
    Write(Write),
    /// A component that the product knows and this version cannot compile.
    NotYet,
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
