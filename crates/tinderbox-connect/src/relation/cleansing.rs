//! Texts tidied, structs opened, JSON read.

use super::expression::{alias, attribute, call, column, field, text, whole};
use super::{Reason, Rows};
use crate::schema::Schema;
use spark_connect_proto::Expression;
use spark_connect_proto::data_type::Kind;
use tinderbox_spec::{Clean, Flatten, ParseJson};

/// What `\s` is for Java, `java.util.regex.Pattern`. For Sail that would be any blank of Unicode.
const BLANK: &str = "[ \t\n\u{b}\u{c}\r]";

pub(super) fn clean(clean: &Clean, schema: Option<&Schema>, input: Rows) -> Rows {
    let texts = || schema.map(Schema::texts).unwrap_or_default();
    let columns = if clean.columns.is_empty() { texts() } else { clean.columns.clone() };
    if columns.is_empty() {
        return input;
    }
    let cleaned = columns.into_iter().map(|name| {
        let mut value = attribute(&format!("`{name}`"));
        let replaced = |value, pattern: &str, with: &str| {
            call("regexp_replace", vec![value, text(pattern), text(with)])
        };
        for (pattern, with) in &clean.replace {
            value = replaced(value, pattern, with);
        }
        if clean.trim {
            value = replaced(value, &format!("^{BLANK}+|{BLANK}+$"), "");
        }
        if let Some(case) = clean.case {
            value = call(case, vec![value]);
        }
        if clean.blank_to_null {
            let has_text = call("rlike", vec![value.clone(), text(&format!("[^{}", &BLANK[1..]))]);
            value = call("when", vec![has_text, value]);
        }
        (name, value)
    });
    input.with_columns(cleaned.collect())
}

/// The same steps as the function `flatten_structs` of compiled programs.
pub(super) fn flatten(
    flatten: &Flatten,
    schema: Option<&Schema>,
    mut rows: Rows,
) -> Result<Rows, Reason> {
    let mut fields = schema.map(Schema::fields).unwrap_or_default().to_vec();
    let is_open = |kind: &Option<Kind>| match kind {
        Some(Kind::Struct(_)) => true,
        Some(Kind::Array(_)) => flatten.explode_arrays,
        _ => false,
    };
    let kind_of = |field: &spark_connect_proto::data_type::StructField| {
        field.data_type.as_ref().and_then(|data_type| data_type.kind.clone())
    };
    while fields.iter().any(|field| is_open(&kind_of(field))) {
        let mut columns: Vec<Expression> = Vec::new();
        let mut opened = Vec::new();
        let mut has_exploded = false;
        for mut one in std::mem::take(&mut fields) {
            let value = whole(&one.name);
            match kind_of(&one) {
                Some(Kind::Struct(inner)) => {
                    for mut part in inner.fields {
                        let name = format!("{}{}{}", one.name, flatten.separator, part.name);
                        columns.push(alias(field(value.clone(), &part.name), &name));
                        part.name = name;
                        opened.push(part);
                    }
                }
                Some(Kind::Array(array)) if flatten.explode_arrays && !has_exploded => {
                    // Spark explodes one array at a time.
                    has_exploded = true;
                    columns.push(alias(call("explode_outer", vec![value]), &one.name));
                    one.data_type = array.element_type.map(|element| *element);
                    opened.push(one);
                }
                _ => {
                    columns.push(value);
                    opened.push(one);
                }
            }
        }
        fields = opened;
        rows = rows.project(columns);
    }
    let names: Vec<String> = fields.iter().map(|field| field.name.to_lowercase()).collect();
    let mut twice: Vec<String> = names
        .iter()
        .filter(|name| names.iter().filter(|other| other == name).count() > 1)
        .cloned()
        .collect();
    twice.sort();
    twice.dedup();
    if twice.is_empty() { Ok(rows) } else { Err(Reason::NamesTwice(twice)) }
}

pub(super) fn parse_json(parse: &ParseJson, input: Rows) -> Rows {
    let mut arguments = vec![column(&parse.column), text(&parse.schema)];
    if !parse.options.is_empty() {
        let options = parse.options.iter().flat_map(|(key, value)| [text(key), text(value)]);
        arguments.push(call("map", options.collect()));
    }
    input.with_columns(vec![(parse.name.clone(), call("from_json", arguments))])
}
