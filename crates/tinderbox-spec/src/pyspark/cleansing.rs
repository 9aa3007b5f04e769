//! Bodies of the functions that cleanse, and of those that call users' Python.

use super::layout::Chain;
use super::literal::text;
use super::nodes::{column, list};
use crate::operation::cleansing::{Clean, Flatten, ParseJson, PythonFunction, UdfColumns};

/// The function that all `flatten` nodes call.
pub(super) const FLATTEN: &str = include_str!("program/flatten.py");

pub(super) fn clean(clean: &Clean, input: &str) -> String {
    let columns = if clean.columns.is_empty() {
        format!("[name for name, kind in {input}.dtypes if kind == \"string\"]")
    } else {
        list(&clean.columns)
    };
    let mut lines = vec![
        "    cleaned = {}".to_owned(),
        format!("    for name in {columns}:"),
        "        value = F.col(f\"`{name}`\")".to_owned(),
    ];
    let mut step = |call: String| lines.push(format!("        value = {call}"));
    for (pattern, with) in &clean.replace {
        step(format!("F.regexp_replace(value, {}, {})", text(pattern), text(with)));
    }
    if clean.trim {
        step("F.regexp_replace(value, \"^\\\\s+|\\\\s+$\", \"\")".to_owned());
    }
    if let Some(case) = clean.case {
        step(format!("F.{case}(value)"));
    }
    if clean.blank_to_null {
        step("F.when(value.rlike(\"\\\\S\"), value)".to_owned());
    }
    lines.push("        cleaned[name] = value".to_owned());
    lines.push(format!("    return {input}.withColumns(cleaned)\n"));
    lines.join("\n")
}

pub(super) fn flatten(flatten: &Flatten, input: &str) -> String {
    let explode = if flatten.explode_arrays { "True" } else { "False" };
    let arguments = [
        input.to_owned(),
        format!("separator={}", text(&flatten.separator)),
        format!("explode_arrays={explode}"),
    ];
    Chain::new("return ", "").indented().first_call("flatten_structs", arguments).to_lines()
}

pub(super) fn parse_json(parse: &ParseJson, chain: Chain) -> Chain {
    let options: Vec<String> = parse
        .options
        .iter()
        .map(|(key, value)| format!("{}: {}", text(key), text(value)))
        .collect();
    let options =
        if options.is_empty() { String::new() } else { format!(", {{{}}}", options.join(", ")) };
    let call = format!("F.from_json({}, {}{options})", column(&parse.column), text(&parse.schema));
    chain.call("withColumn", [text(&parse.name), call])
}

pub(super) fn udf(udf: &UdfColumns, chain: Chain) -> String {
    let entries = udf.columns.iter().map(|(name, arguments)| {
        let arguments: Vec<String> = arguments.iter().map(|argument| column(argument)).collect();
        format!("{}: call({})", text(name), arguments.join(", "))
    });
    format!(
        "{}    call = {}\n{}",
        import(&udf.function),
        wrapped(&udf.function),
        chain.call_with_dictionary("withColumns", entries).to_lines()
    )
}

/// Lines of `main` that make a function known to SQL.
pub(super) fn registered(name: &str, function: &PythonFunction) -> String {
    let call = Chain::new("", "spark.udf").indented();
    format!(
        "{}{}",
        import(function),
        call.call("register", [text(name), wrapped(function)]).to_lines()
    )
}

fn import(function: &PythonFunction) -> String {
    format!("    from {} import {} as function\n\n", function.module(), function.function)
}

fn wrapped(function: &PythonFunction) -> String {
    let wrapper = if function.is_pandas { "pandas_udf" } else { "udf" };
    format!("F.{wrapper}(function, {})", text(&function.returns))
}
