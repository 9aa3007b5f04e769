//! Builders of the transformations that change rows, columns and partitions one by one.

use super::build::Parameters;
use super::{Explode, NullRule, Operation, SetOperation, Unpivot};
use crate::diagnostic::Report;

pub(crate) fn rename(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Rename { columns: node.pairs("columns") })
}

pub(crate) fn cast(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Cast { columns: node.pairs("columns"), is_tolerant: node.is_set("try") })
}

pub(crate) fn drop_columns(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Drop { columns: node.texts("columns") })
}

pub(crate) fn union(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let allow_missing = node.is_set("allow_missing");
    let is_by_position = node.word("by") == Some("position");
    if is_by_position && allow_missing {
        let message = "columns that are matched by their place cannot be missing";
        let span = node.spanned("allow_missing").map_or(node.span, |text| text.span);
        report.error("spec::parameters", span, &node.path_of("allow_missing"), message).hint =
            Some("leave `by` out: columns are matched by name".to_owned());
        return None;
    }
    Some(Operation::Set(if is_by_position {
        SetOperation::UnionByPosition
    } else {
        SetOperation::UnionByName { allow_missing }
    }))
}

pub(crate) fn intersect(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Set(SetOperation::Intersect { all: node.is_set("all") }))
}

pub(crate) fn except(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Set(SetOperation::Except { all: node.is_set("all") }))
}

pub(crate) fn sort(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    let is_within_partitions = node.is_set("within_partitions");
    Some(Operation::Sort { by: node.texts("by"), is_within_partitions })
}

pub(crate) fn limit(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    let offset = node.number("offset").unwrap_or(0);
    Some(Operation::Limit { rows: node.number("rows")?, offset })
}

pub(crate) fn sample(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Sample {
        share: node.text("share")?,
        with_replacement: node.is_set("with_replacement"),
        seed: node.number("seed"),
    })
}

pub(crate) fn explode(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let explode = Explode {
        column: node.text("column")?,
        names: node.texts("as"),
        position: node.text("position"),
        is_outer: node.is_set("outer"),
    };
    let message = match explode.names.len() {
        0 if explode.position.is_some() => "`position` needs `as`: a name for the elements",
        3.. => {
            "`as` has one name for the elements of an array, or two for keys and values of a map"
        }
        _ => return Some(Operation::Explode(explode)),
    };
    let span = node.spanned("as").map_or(node.span, |text| text.span);
    report.error("spec::parameters", span, &node.path_of("as"), message);
    None
}

pub(crate) fn fill_nulls(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::FillNulls { values: node.literal_by_name("values") })
}

pub(crate) fn drop_nulls(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let least: Option<u32> = node.number("at_least");
    let rule = match (least, node.word("when")) {
        (Some(_), Some(_)) => {
            let message = "`at_least` and `when` say the same in two ways";
            let span = node.spanned("at_least").map_or(node.span, |text| text.span);
            report.error("spec::parameters", span, &node.path_of("at_least"), message).hint =
                Some("leave one of them out".to_owned());
            return None;
        }
        (Some(least), None) => NullRule::Fewer(least),
        (None, Some("all")) => NullRule::All,
        (None, _) => NullRule::Any,
    };
    Some(Operation::DropNulls { columns: node.texts("columns"), rule })
}

pub(crate) fn repartition(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let (partitions, by) = (node.number("partitions"), node.texts("by"));
    let is_by_range = node.is_set("by_range");
    let message = if partitions.is_none() && by.is_empty() {
        "a repartition needs `partitions`, `by` or both"
    } else if is_by_range && by.is_empty() {
        "`by_range` needs `by`"
    } else {
        return Some(Operation::Repartition { partitions, by, is_by_range });
    };
    report.error("spec::missing-parameter", node.span, node.path, message);
    None
}

pub(crate) fn coalesce(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Coalesce { partitions: node.number("partitions")? })
}

pub(crate) fn cache(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Cache { level: node.word("level") })
}

pub(crate) fn checkpoint(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Checkpoint { is_local: node.is_set("local") })
}

pub(crate) fn unpivot(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Unpivot(Unpivot {
        ids: node.texts("ids"),
        values: node.texts("values"),
        name_column: node.text("name_column").unwrap_or_else(|| "name".to_owned()),
        value_column: node.text("value_column").unwrap_or_else(|| "value".to_owned()),
    }))
}
