//! Parameters by Spark's own names, with their values checked against the type that Spark wants.

use crate::diagnostic::{Report, Span};
use crate::nearest::suggestion;
use crate::operation::Literal;

/// What a parameter of `pyspark.ml` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Whole,
    Float,
    Boolean,
    Text,
    /// Numbers in order, at least three: the limits of buckets.
    Limits,
}

/// A parameter and its value.
pub type Setting = (&'static str, Literal);

/// A parameter of this name with a value of its type; else an error.
pub(crate) fn checked(
    known: &[(&'static str, Kind)],
    (name, value): (&str, &Literal),
    owner: &str,
    (span, path): (Span, &str),
    report: &mut Report<'_>,
) -> Option<Setting> {
    let Some((name, kind)) = known.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let message = format!("{owner} has no parameter `{name}`");
        report.error("spec::ml-parameter", span, path, message).hint =
            Some(suggestion(name, &names));
        return None;
    };
    let (is_sound, wanted) = match (kind, value) {
        (Kind::Whole, Literal::Number(number)) => (number.parse::<i64>().is_ok(), "a whole number"),
        (Kind::Whole, _) => (false, "a whole number"),
        (Kind::Float, value) => (matches!(value, Literal::Number(_)), "a number"),
        (Kind::Boolean, value) => (matches!(value, Literal::Boolean(_)), "`true` or `false`"),
        (Kind::Text, value) => (matches!(value, Literal::Text(_)), "a text"),
        (Kind::Limits, _) => (false, "a list of numbers"),
    };
    if !is_sound {
        let message = format!("`{name}` of {owner} takes {wanted}");
        report.error("spec::ml-parameter", span, path, message);
        return None;
    }
    // PySpark's converters take `2` for a float, so numbers stay as they are written.
    Some((name, value.clone()))
}
