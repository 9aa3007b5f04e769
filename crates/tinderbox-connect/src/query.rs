//! What a user may ask: a single query over named tables.
//!
//! The text is checked twice. [`lexical`] reads it with the rules on which all lexers of Spark's SQL agree and refuses
//! what they could read differently; comments do not survive it. `sqlparser` then parses what is left, and the tree
//! may hold only nodes of the lists below: everything is refused that is not known to be harmless.

mod lexical;
mod scope;
mod tokens;

pub(crate) use tokens::{Token, tokens};

use crate::Error;
use sqlparser::ast::{
    Expr, Function, Ident, ObjectName, Query as Tree, Select, SelectFlavor, SetExpr, Statement,
    TableFactor, Visit, Visitor,
};
use sqlparser::dialect::SparkSqlDialect;
use sqlparser::parser::Parser;
use std::ops::ControlFlow;

/// Longest text of a query, in bytes.
const LONGEST: usize = 64 << 10;
/// Deepest nesting of expressions and subqueries.
const DEEPEST: usize = 40;

/// Table functions without access to files, catalogs or code.
const TABLE_FUNCTIONS: [&str; 9] = [
    "explode",
    "explode_outer",
    "posexplode",
    "posexplode_outer",
    "inline",
    "inline_outer",
    "stack",
    "range",
    "json_tuple",
];

/// Functions that run arbitrary code or turn text into names: Spark's `CallMethodViaReflection` under its names, and
/// the IDENTIFIER and TABLE clauses.
const DANGEROUS_FUNCTIONS: [&str; 5] =
    ["reflect", "try_reflect", "java_method", "identifier", "table"];

/// A single query that reads named tables and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    tables: Vec<String>,
}

impl Query {
    /// Checks a text. `tables` are the names that it may read, in lower case; case does not matter in the text.
    ///
    /// # Errors
    /// [`Error::Refused`] with what to write instead.
    pub fn parse(text: &str, tables: &[&str]) -> Result<Self, Error> {
        if text.len() > LONGEST {
            return Err(refused(
                format!("the query is longer than {} KiB", LONGEST >> 10),
                "write a shorter one",
            ));
        }
        let read = lexical::read(text)?;
        let parsed = Parser::new(&SparkSqlDialect {})
            .with_recursion_limit(DEEPEST)
            .try_with_sql(&read.skeleton)
            .and_then(|mut parser| parser.parse_statements());
        let statements = parsed.map_err(|error| not_parsed(&read.skeleton, &error.to_string()))?;
        let [statement] = statements.as_slice() else {
            return Err(refused(
                format!("{} statements were given, where one query is taken", statements.len()),
                "give one SELECT",
            ));
        };
        let Statement::Query(tree) = statement else {
            return Err(not_a_query(&read.skeleton));
        };
        let mut rules = Rules { tables, scopes: scope::Scopes::default(), used: Vec::new() };
        if let ControlFlow::Break(error) = tree.visit(&mut rules) {
            return Err(*error);
        }
        Ok(Self { text: read.text, tables: rules.used })
    }

    /// What is sent: the text without comments.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tables that it reads, in lower case, each once.
    pub fn tables(&self) -> &[String] {
        &self.tables
    }
}

/// Words that begin statements, and that a query has nowhere outside of quotes.
const CHANGES: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "MERGE"];

/// Whether a text of a document is a query by its first word and holds no word that changes data. What it reads is the
/// document's own business.
///
/// # Errors
/// [`Error::Refused`].
pub(crate) fn check_is_query(text: &str) -> Result<(), Error> {
    let skeleton = lexical::read(&text.replace(['{', '}'], " "))?.skeleton;
    match first_word(&skeleton).as_str() {
        "SELECT" | "WITH" | "FROM" | "VALUES" | "TABLE" => {}
        _ => return Err(not_a_query(&skeleton)),
    }
    // Literals stand in single quotes, and none has one inside.
    let outside = skeleton.split('\'').step_by(2);
    let words = outside.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let mut words = words;
    match words.find(|word| CHANGES.contains(&word.to_uppercase().as_str())) {
        Some(word) => Err(refused(
            format!("{} in a query may change data", word.to_uppercase()),
            "give one SELECT",
        )),
        None => Ok(()),
    }
}

struct Rules<'a> {
    tables: &'a [&'a str],
    scopes: scope::Scopes,
    used: Vec<String>,
}

type Flow = ControlFlow<Box<Error>>;

impl Visitor for Rules<'_> {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &Tree) -> Flow {
        let with = query.with.as_ref();
        if with.is_some_and(|with| with.recursive) {
            return stop("WITH RECURSIVE is not taken", "use a plain WITH");
        }
        let is_plain = query.locks.is_empty()
            && query.for_clause.is_none()
            && query.settings.is_none()
            && query.format_clause.is_none()
            && query.pipe_operators.is_empty()
            && query.fetch.is_none();
        if !is_plain {
            return stop(
                "the query has a clause that is not taken",
                "write it as SELECT … FROM … WHERE …",
            );
        }
        let names = with.iter().flat_map(|with| &with.cte_tables);
        self.scopes.enter(names.map(|cte| cte.alias.name.value.to_lowercase()).collect());
        check_body(&query.body)
    }

    fn post_visit_query(&mut self, _: &Tree) -> Flow {
        self.scopes.leave();
        Flow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> Flow {
        if select.into.is_some() {
            return stop("SELECT … INTO writes a table", "leave INTO out");
        }
        let is_plain = select.top.is_none()
            && select.prewhere.is_none()
            && select.connect_by.is_empty()
            && select.value_table_mode.is_none()
            && select.flavor == SelectFlavor::Standard;
        if !is_plain {
            return stop(
                "the SELECT has a clause that is not taken",
                "write it as SELECT … FROM … WHERE …",
            );
        }
        for view in &select.lateral_views {
            match &view.lateral_view {
                Expr::Function(function) => check_table_function(&function.name)?,
                _ => return stop("LATERAL VIEW takes a table function", TABLE_FUNCTION_HINT),
            }
        }
        Flow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Flow {
        match factor {
            TableFactor::Table { args: Some(_), name, .. } | TableFactor::Function { name, .. } => {
                check_table_function(name)
            }
            TableFactor::Table { name, version, json_path, partitions, with_hints, .. } => {
                if version.is_some()
                    || json_path.is_some()
                    || !partitions.is_empty()
                    || !with_hints.is_empty()
                {
                    return stop(
                        format!("the table {name} has a clause that is not taken"),
                        "give its name alone",
                    );
                }
                self.check_table(name)
            }
            TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. } => Flow::Continue(()),
            other => stop(format!("`{other}` is not taken as a table"), TABLE_FUNCTION_HINT),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        match expr {
            Expr::Function(function) => check_function(function),
            _ => Flow::Continue(()),
        }
    }
}

impl Rules<'_> {
    fn check_table(&mut self, name: &ObjectName) -> Flow {
        let Some(ident) = single(name) else {
            return stop(
                format!(
                    "{name} is not a table of the history: files, schemas and catalogs cannot be named"
                ),
                self.known(),
            );
        };
        let lower = ident.value.to_lowercase();
        if self.scopes.has(&lower) {
            return Flow::Continue(());
        }
        if !self.tables.contains(&lower.as_str()) {
            return stop(format!("there is no table called {}", ident.value), self.known());
        }
        if !self.used.contains(&lower) {
            self.used.push(lower);
        }
        Flow::Continue(())
    }

    fn known(&self) -> String {
        format!("tables here: {}", self.tables.join(", "))
    }
}

const TABLE_FUNCTION_HINT: &str =
    "name a table, a subquery, or one of explode, posexplode, inline, stack, range, json_tuple";

fn check_body(body: &SetExpr) -> Flow {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => Flow::Continue(()),
        SetExpr::SetOperation { left, right, .. } => {
            check_body(left)?;
            check_body(right)
        }
        SetExpr::Table(_) => stop("TABLE is not taken", "write SELECT * FROM …"),
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            stop("the statement changes data, and the history is only read here", "give one SELECT")
        }
    }
}

fn check_table_function(name: &ObjectName) -> Flow {
    let known = single(name)
        .is_some_and(|ident| TABLE_FUNCTIONS.contains(&ident.value.to_lowercase().as_str()));
    if known {
        Flow::Continue(())
    } else {
        stop(format!("the table function {name} is not taken"), TABLE_FUNCTION_HINT)
    }
}

fn check_function(function: &Function) -> Flow {
    let name = &function.name;
    let Some(ident) = single(name) else {
        return stop(
            format!("the function {name} is not taken: it is of a schema or catalog"),
            "use a built-in function",
        );
    };
    if DANGEROUS_FUNCTIONS.contains(&ident.value.to_lowercase().as_str()) {
        return stop(format!("the function {name} is not taken"), "use another built-in function");
    }
    Flow::Continue(())
}

/// The name when it has one part.
fn single(name: &ObjectName) -> Option<&Ident> {
    match name.0.as_slice() {
        [part] => part.as_ident(),
        _ => None,
    }
}

fn refused(problem: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::Refused { problem: problem.into(), hint: hint.into() }
}

fn stop(problem: impl Into<String>, hint: impl Into<String>) -> Flow {
    Flow::Break(Box::new(refused(problem, hint)))
}

fn not_parsed(skeleton: &str, problem: &str) -> Error {
    match first_word(skeleton).as_str() {
        "SELECT" | "WITH" | "FROM" | "VALUES" | "" => {
            let problem = problem.trim_start_matches("sql parser error: ");
            refused(
                format!("the query cannot be read: {problem}"),
                "correct it; texts and comments do not count in line and column",
            )
        }
        _ => not_a_query(skeleton),
    }
}

fn not_a_query(skeleton: &str) -> Error {
    refused(
        format!("{} is no query, and only queries are taken", first_word(skeleton)),
        "give one SELECT",
    )
}

fn first_word(skeleton: &str) -> String {
    skeleton
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| !word.is_empty())
        .unwrap_or_default()
        .to_uppercase()
}

#[cfg(test)]
mod tests;
