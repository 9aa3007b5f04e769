//! Cleansing of texts and nested data, and columns by users' own Python.

use super::Operation;
use super::build::Parameters;
use crate::diagnostic::Report;
use crate::fields::Fields;
use crate::parameters::is_name;
use crate::tree::Spanned;

/// What is done to texts, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean {
    /// Columns; empty: all of texts.
    pub columns: Vec<String>,
    /// Regular expression of Java and what takes the place of what it finds.
    pub replace: Vec<(String, String)>,
    /// Whether white space at both ends goes.
    pub trim: bool,
    /// `lower` or `upper`.
    pub case: Option<&'static str>,
    /// Whether a text of nothing but white space becomes null.
    pub blank_to_null: bool,
}

/// Structs become columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flatten {
    /// Between the names of a struct and its field.
    pub separator: String,
    /// Whether a row becomes one for each element of its arrays.
    pub explode_arrays: bool,
}

/// A column of JSON texts becomes a struct, array or map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseJson {
    /// The column.
    pub column: String,
    /// As in `CREATE TABLE`, or a type.
    pub schema: String,
    /// The new column.
    pub name: String,
    /// Spark's options of JSON.
    pub options: Vec<(String, String)>,
}

/// A function of a user's Python file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonFunction {
    /// As written; a relative path starts at the document's folder. Shipped with the job.
    pub file: String,
    /// Its name in the file.
    pub function: String,
    /// The type of its result, as in SQL.
    pub returns: String,
    /// Whether it takes series of pandas instead of values.
    pub is_pandas: bool,
}

/// Columns by a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UdfColumns {
    /// The function.
    pub function: PythonFunction,
    /// New column and the columns or SQL expressions that the function takes.
    pub columns: Vec<(String, Vec<String>)>,
}

impl PythonFunction {
    /// The module that the file is when it is imported: its name without the ending.
    pub fn module(&self) -> &str {
        let name = self.file.rsplit('/').next().unwrap_or(&self.file);
        name.strip_suffix(".py").unwrap_or(name)
    }
}

pub(crate) fn clean(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let clean = Clean {
        columns: node.texts("columns"),
        replace: node.pairs("replace"),
        trim: node.is_set("trim"),
        case: node.word("case"),
        blank_to_null: node.is_set("blank_to_null"),
    };
    if clean.replace.is_empty() && !clean.trim && clean.case.is_none() && !clean.blank_to_null {
        let message = "this `clean` changes nothing";
        report.error("spec::missing-parameter", node.span, node.path, message).hint =
            Some("one or more of `trim`, `case`, `replace`, `blank_to_null`".to_owned());
        return None;
    }
    Some(Operation::Clean(clean))
}

pub(crate) fn flatten(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    let separator = node.text("separator").unwrap_or_else(|| "_".to_owned());
    Some(Operation::Flatten(Flatten { separator, explode_arrays: node.is_set("explode_arrays") }))
}

pub(crate) fn parse_json(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    let column = node.text("column")?;
    Some(Operation::ParseJson(ParseJson {
        schema: node.text("schema")?,
        name: node.text("as").unwrap_or_else(|| column.clone()),
        options: node.pairs("options"),
        column,
    }))
}

pub(crate) fn udf(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let function = PythonFunction {
        file: node.text("file")?,
        function: node.text("function")?,
        returns: node.text("returns")?,
        is_pandas: node.word("kind") == Some("pandas"),
    };
    for (key, problem) in problems(&function) {
        if let Some(text) = node.spanned(key) {
            report_problem(text, problem, &node.path_of(key), report);
        }
    }
    let columns: Vec<(String, Vec<String>)> = node.lists("columns");
    for (name, arguments) in &columns {
        if arguments.is_empty() {
            let message = format!("`{name}` has no columns to compute it from");
            report.error("spec::udf", node.span, &node.path_of("columns"), message);
        }
    }
    Some(Operation::Udf(UdfColumns { function, columns }))
}

/// Modules that a file of this name would hide from the program. Those of Spark and of the program's own imports.
const TAKEN_MODULES: &[&str] =
    &["json", "numpy", "os", "pandas", "py4j", "pyarrow", "pyspark", "sys", "threading", "job"];

/// What keeps the program from importing a function, with the key of what is wrong.
fn problems(function: &PythonFunction) -> impl Iterator<Item = (&'static str, &'static str)> {
    let name = (!is_name(&function.function)).then_some("is no name of Python");
    let file = file_problem(function).map(|problem| ("file", problem));
    file.into_iter().chain(name.map(|problem| ("function", problem)))
}

fn report_problem(text: &Spanned, problem: &str, path: &str, report: &mut Report<'_>) {
    let message = format!("`{}` {problem}", text.text);
    report.error("spec::udf", text.span, path, message).hint =
        Some("for example `file: udfs/score.py` with `function: score`".to_owned());
}

/// Reads `udfs` of a document: functions that SQL knows, by their names there.
pub(crate) fn read_functions(
    fields: &mut Fields<'_>,
    report: &mut Report<'_>,
) -> Vec<(String, PythonFunction)> {
    let Some(udfs) = fields.block("udfs", report) else { return Vec::new() };
    let mut functions = Vec::new();
    for entry in udfs.entries() {
        let path = udfs.path_of(&entry.key);
        let name = Spanned { text: entry.key.clone(), span: entry.key_span };
        if !is_name(&name) {
            report_problem(&name, "is no name of a function in SQL", &path, report);
        }
        let Some(mut udf) = Fields::of(&entry.value, &path, report) else { continue };
        let [file, function, returns] =
            ["file", "function", "returns"].map(|key| (key, udf.text(key, report)));
        let kind = udf.choice("kind", &["python", "pandas"], report);
        for (key, _) in [&file, &function, &returns].into_iter().filter(|(_, text)| text.is_none())
        {
            if udf.entry(key).is_none() {
                let message = format!("the function `{}` needs `{key}`", name.text);
                report.error("spec::missing-parameter", name.span, &path, message).hint = Some(
                    "for example `{file: udfs/score.py, function: score, returns: double}`"
                        .to_owned(),
                );
            }
        }
        udf.finish(report);
        let (Some(file), Some(function), Some(returns)) = (file.1, function.1, returns.1) else {
            continue;
        };
        let made = PythonFunction {
            file: file.text.clone(),
            function: function.text.clone(),
            returns: returns.text,
            is_pandas: kind == Some("pandas"),
        };
        for (key, problem) in problems(&made) {
            let text = if key == "file" { &file } else { &function };
            report_problem(text, problem, &format!("{path}.{key}"), report);
        }
        functions.push((name.text, made));
    }
    functions
}

fn file_problem(function: &PythonFunction) -> Option<&'static str> {
    if !function.file.ends_with(".py") {
        Some("is no Python file: its name ends in .py")
    } else if !is_name(function.module()) {
        Some("cannot be imported: its name without .py is no name of Python")
    } else if TAKEN_MODULES.contains(&function.module()) {
        Some("would hide a module that the program needs")
    } else {
        None
    }
}
