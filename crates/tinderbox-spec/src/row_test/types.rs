//! Types of values as they are written.

use super::{TestRow, TestValue};
use std::fmt::Write as _;

/// A type as far as values show it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Type {
    /// Only nulls so far.
    Unknown,
    Boolean,
    Whole,
    Fraction,
    Text,
    List(Box<Type>),
    Fields(Vec<(String, Type)>),
}

/// The columns of rows in SQL's DDL form, as Spark's JSON reader finds them (`JsonInferSchema`): whole numbers are BIGINT, others
/// DOUBLE, a column of nulls is STRING.
///
/// # Errors
/// The name of a column whose values have types that do not go together.
pub fn inferred_schema(rows: &[TestRow]) -> Result<String, String> {
    let mut columns = Vec::new();
    for row in rows {
        add(&mut columns, row).map_err(|name| name.to_owned())?;
    }
    Ok(ddl(&columns, " "))
}

fn add<'r>(columns: &mut Vec<(String, Type)>, row: &'r TestRow) -> Result<(), &'r str> {
    for (name, value) in &row.0 {
        let Some(found) = of(value) else { return Err(name) };
        match columns.iter_mut().find(|(known, _)| known == name) {
            None => columns.push((name.clone(), found)),
            Some((_, known)) => {
                let Some(both) = together(known.clone(), found) else { return Err(name) };
                *known = both;
            }
        }
    }
    Ok(())
}

/// `None` of a list whose elements do not go together.
fn of(value: &TestValue) -> Option<Type> {
    Some(match value {
        TestValue::Null => Type::Unknown,
        TestValue::Boolean(_) => Type::Boolean,
        TestValue::Number(number) if number.contains(['.', 'e', 'E']) => Type::Fraction,
        TestValue::Number(_) => Type::Whole,
        TestValue::Text(_) => Type::Text,
        TestValue::List(values) => {
            let mut elements = values.iter().map(of);
            let element = elements.try_fold(Type::Unknown, |known, next| together(known, next?))?;
            Type::List(Box::new(element))
        }
        TestValue::Fields(fields) => {
            let mut columns = Vec::new();
            add(&mut columns, fields).ok()?;
            Type::Fields(columns)
        }
    })
}

fn together(one: Type, other: Type) -> Option<Type> {
    Some(match (one, other) {
        (Type::Unknown, known) | (known, Type::Unknown) => known,
        (Type::Whole, Type::Fraction) | (Type::Fraction, Type::Whole) => Type::Fraction,
        (Type::List(one), Type::List(other)) => Type::List(Box::new(together(*one, *other)?)),
        (Type::Fields(mut one), Type::Fields(other)) => {
            for (name, found) in other {
                match one.iter_mut().find(|(known, _)| *known == name) {
                    None => one.push((name, found)),
                    Some((_, known)) => *known = together(known.clone(), found)?,
                }
            }
            Type::Fields(one)
        }
        (one, other) if one == other => one,
        _ => return None,
    })
}

fn ddl(columns: &[(String, Type)], sign: &str) -> String {
    let mut text = String::new();
    for (at, (name, kind)) in columns.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}`{}`{sign}{}", name.replace('`', "``"), word(kind));
    }
    text
}

fn word(kind: &Type) -> String {
    match kind {
        Type::Unknown | Type::Text => "STRING".to_owned(),
        Type::Boolean => "BOOLEAN".to_owned(),
        Type::Whole => "BIGINT".to_owned(),
        Type::Fraction => "DOUBLE".to_owned(),
        Type::List(element) => format!("ARRAY<{}>", word(element)),
        Type::Fields(fields) => format!("STRUCT<{}>", ddl(fields, ": ")),
    }
}
