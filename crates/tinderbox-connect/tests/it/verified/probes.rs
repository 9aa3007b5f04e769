//! Queries about a function: its own examples, and the same with values at the edges of their types.

/// The queries of the examples in what `DESCRIBE FUNCTION EXTENDED` says: each begins with `>` and ends with `;`.
pub fn examples(described: &str) -> Vec<String> {
    let mut queries = Vec::new();
    let mut open: Option<String> = None;
    for line in described.lines() {
        let line = line.trim();
        match (&mut open, line.strip_prefix("> ")) {
            (_, Some(first)) => open = Some(first.to_owned()),
            (Some(query), None) => {
                query.push(' ');
                query.push_str(line);
            }
            (None, None) => {}
        }
        if let Some(query) = open.take() {
            match query.strip_suffix(';') {
                // Settings would stay for what is judged next.
                Some(query) if query.to_uppercase().starts_with("SET ") => {}
                Some(query) => queries.push(query.to_owned()),
                None => open = Some(query),
            }
        }
    }
    queries
}

const INTEGERS: &[&str] = &["0", "-1", "3", "CAST(NULL AS INT)"];
const WIDE: &[&str] = &["2147483647", "CAST('-2147483648' AS INT)", "100"];
const LONGS: &[&str] =
    &["9223372036854775807", "CAST('-9223372036854775808' AS BIGINT)", "5000000000"];
const DOUBLES: &[&str] =
    &["0.5D", "-2.5D", "2.5D", "-0.0D", "1e300D", "1e-300D", "CAST(NULL AS DOUBLE)"];
const STRANGE: &[&str] =
    &["CAST('NaN' AS DOUBLE)", "CAST('Infinity' AS DOUBLE)", "CAST('-Infinity' AS DOUBLE)", "1.5D"];
const DECIMALS: &[&str] = &[
    "CAST(2.50 AS DECIMAL(10,2))",
    "CAST(-7.25 AS DECIMAL(10,2))",
    "CAST(0 AS DECIMAL(10,2))",
    "CAST(NULL AS DECIMAL(10,2))",
];
const TEXTS: &[&str] = &[
    "''",
    "'a'",
    "'Spark SQL'",
    "'  x  '",
    "'Größe ß 日本語 😀'",
    "'A,b;C'",
    "'-12.5'",
    "CAST(NULL AS STRING)",
];
const DATES: &[&str] = &[
    "DATE'1970-01-01'",
    "DATE'2024-02-29'",
    "DATE'1582-10-04'",
    "DATE'2024-03-31'",
    "DATE'2023-01-01'",
    "DATE'9999-12-31'",
    "CAST(NULL AS DATE)",
];
const TIMES: &[&str] = &[
    "TIMESTAMP'1970-01-01 00:00:00'",
    "TIMESTAMP'2024-02-29 23:59:59.999999'",
    "TIMESTAMP'2024-03-31 12:00:00'",
    "TIMESTAMP'2023-01-01 00:00:00'",
    "TIMESTAMP'1900-01-01 00:00:01'",
    "CAST(NULL AS TIMESTAMP)",
];
const BOOLEANS: &[&str] = &["true", "false", "CAST(NULL AS BOOLEAN)"];
const ARRAYS: &[&str] = &[
    "array(1, 2, 3, 2)",
    "array(3, NULL, 1)",
    "CAST(array() AS ARRAY<INT>)",
    "CAST(NULL AS ARRAY<INT>)",
];
const ARRAYS_OF_TEXTS: &[&str] = &[
    "array('b', 'a', 'b')",
    "array('x', NULL)",
    "CAST(array() AS ARRAY<STRING>)",
    "CAST(NULL AS ARRAY<STRING>)",
];

/// Functions that would make as much as a number says.
const MAKES_MUCH: &[&str] =
    &["repeat", "space", "lpad", "rpad", "sequence", "array_repeat", "randstr", "range", "stack"];

/// Those of the first examples: others are about other types of results.
pub fn all_edges(name: &str, examples: &[String]) -> Vec<String> {
    let mut queries: Vec<String> = Vec::new();
    for query in examples.iter().take(3).flat_map(|example| edges(name, example)) {
        if !queries.contains(&query) {
            queries.push(query);
        }
    }
    queries
}

/// The example with values at the edges in place of each of its literals: as a column, so that they are computed and
/// not folded, and one by one, because one that fails would hide the others.
fn edges(name: &str, example: &str) -> Vec<String> {
    // What makes sketches takes parameters for their size: Spark's memory is no subject here.
    if name.contains("sketch") || name.starts_with("approx_") || name.starts_with("kll_") {
        return Vec::new();
    }
    let mut queries = over_rows(example);
    let Some((before, arguments, after)) = call(name, example) else { return queries };
    let has_rows = after.to_uppercase().contains(" FROM ");
    for (at, argument) in arguments.iter().enumerate() {
        let with = |value: &str| {
            let mut all: Vec<&str> = arguments.iter().map(String::as_str).collect();
            all[at] = value;
            format!("{before}{}{after}", all.join(", "))
        };
        for values in classes(argument) {
            if MAKES_MUCH.contains(&name) && values.iter().any(|value| value.contains("00")) {
                continue;
            }
            if !has_rows {
                let rows: Vec<String> = values.iter().map(|value| format!("({value})")).collect();
                queries.push(format!("{} FROM VALUES {} AS edges(x)", with("x"), rows.join(", ")));
            }
            queries.extend(values.iter().map(|value| with(value)));
        }
    }
    queries
}

/// An example over one column of rows, over other rows and over none.
fn over_rows(example: &str) -> Vec<String> {
    let Some((before, rest)) = example.split_once(" FROM VALUES ") else { return Vec::new() };
    let Some(at) = rest.to_uppercase().find(" AS ") else { return Vec::new() };
    let (rows, alias) = rest.split_at(at);
    let mut queries = Vec::new();
    if !alias.to_uppercase().contains("GROUP BY") && !alias.to_uppercase().contains("ORDER BY") {
        queries.push(format!("{example} WHERE 1 = 0"));
    }
    let first = rows.trim().trim_start_matches('(').split(')').next().unwrap_or_default();
    let is_single = alias
        .split_once('(')
        .is_some_and(|(_, names)| !names.split(')').next().unwrap_or_default().contains(','));
    if is_single {
        for values in classes(first.trim()) {
            let rows: Vec<String> = values.iter().map(|value| format!("({value})")).collect();
            queries.push(format!("{before} FROM VALUES {}{alias}", rows.join(", ")));
        }
    }
    queries
}

/// Values of the types that a literal's place may take.
fn classes(literal: &str) -> Vec<&'static [&'static str]> {
    let upper = literal.to_uppercase();
    let is_text = |text: &str| {
        text.len() >= 2
            && text.starts_with('\'')
            && text.ends_with('\'')
            && !text[1..text.len() - 1].contains('\'')
    };
    if literal.parse::<i64>().is_ok() {
        vec![INTEGERS, WIDE, LONGS, DOUBLES, STRANGE, DECIMALS]
    } else if literal.trim_end_matches(['D', 'd']).parse::<f64>().is_ok() {
        vec![DOUBLES, STRANGE, DECIMALS, INTEGERS]
    } else if upper == "TRUE" || upper == "FALSE" {
        vec![BOOLEANS]
    } else if upper.starts_with("DATE'") || upper.starts_with("DATE '") {
        vec![DATES, TIMES]
    } else if upper.starts_with("TIMESTAMP'") || upper.starts_with("TIMESTAMP '") {
        vec![TIMES, DATES]
    } else if is_text(literal) && is_date(&literal[1..literal.len() - 1]) {
        vec![DATES, TIMES]
    } else if is_text(literal) {
        vec![TEXTS]
    } else if upper.starts_with("ARRAY('") {
        vec![ARRAYS_OF_TEXTS]
    } else if upper.starts_with("ARRAY(") && upper[6..].starts_with(|c: char| c.is_ascii_digit()) {
        vec![ARRAYS]
    } else {
        Vec::new()
    }
}

fn is_date(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        text.get(range).is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    digits(0..4) && text.get(4..5) == Some("-") && digits(5..7)
}

/// What stands before the arguments of the first call of a function, the arguments, and the rest.
fn call(name: &str, example: &str) -> Option<(String, Vec<String>, String)> {
    let at = example.to_lowercase().find(&format!("{}(", name.to_lowercase()))?;
    let from = at + name.len() + 1;
    if example[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let (mut depth, mut quote, mut start, mut arguments) = (0_usize, None, from, Vec::new());
    for (place, sign) in example[from..].char_indices().map(|(place, sign)| (from + place, sign)) {
        match (quote, sign) {
            (Some(open), _) if open == sign => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(sign),
            (None, '(' | '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, ')') if depth > 0 => depth -= 1,
            (None, ',') if depth == 0 => {
                arguments.push(example[start..place].trim().to_owned());
                start = place + 1;
            }
            (None, ')') => {
                let last = example[start..place].trim();
                if !last.is_empty() {
                    arguments.push(last.to_owned());
                }
                return Some((example[..from].to_owned(), arguments, example[place..].to_owned()));
            }
            _ => {}
        }
    }
    None
}
