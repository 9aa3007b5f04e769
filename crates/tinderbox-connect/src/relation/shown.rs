//! Relations as text for people: a line for each, its inputs below it, expressions as SQL has them. What is executed is the message,
//! of which this leaves out what nobody asks for.

use proto::expression::literal::LiteralType;
use proto::expression::sort_order::SortDirection;
use proto::expression::{ExprType, SortOrder, cast::CastToType};
use proto::read::ReadType;
use proto::relation::RelType;
use proto::{Expression, Relation};
use spark_connect_proto as proto;

/// The lines of a relation, each with its line feed.
pub(crate) fn shown(relation: &Relation) -> String {
    let mut text = String::new();
    show(relation, 0, &mut text);
    text
}

fn show(relation: &Relation, depth: usize, text: &mut String) {
    let (line, inputs) = described(relation);
    text.push_str(&"  ".repeat(depth));
    text.push_str(&line);
    text.push('\n');
    inputs.into_iter().for_each(|input| show(input, depth + 1, text));
}

/// What a relation is, and what it reads.
fn described(relation: &Relation) -> (String, Vec<&Relation>) {
    let Some(kind) = &relation.rel_type else { return ("Nothing".to_owned(), Vec::new()) };
    match kind {
        RelType::Read(read) => (read_line(read), Vec::new()),
        RelType::Project(project) => {
            (format!("Project {}", list(&project.expressions)), one(&project.input))
        }
        RelType::Filter(filter) => {
            let condition = filter.condition.as_ref().map(expression).unwrap_or_default();
            (format!("Filter {condition}"), one(&filter.input))
        }
        RelType::Join(join) => {
            let on = match &join.join_condition {
                Some(condition) => format!(" on {}", expression(condition)),
                None if join.using_columns.is_empty() => String::new(),
                None => format!(" using {}", join.using_columns.join(", ")),
            };
            let kind =
                join.join_type().as_str_name().trim_start_matches("JOIN_TYPE_").to_lowercase();
            let sides = [join.left.as_deref(), join.right.as_deref()];
            (format!("Join {kind}{on}"), sides.into_iter().flatten().collect())
        }
        RelType::SetOp(set) => {
            let kind = set.set_op_type().as_str_name().trim_start_matches("SET_OP_TYPE_");
            let all = if set.is_all() { " all" } else { "" };
            let sides = [set.left_input.as_deref(), set.right_input.as_deref()];
            (format!("{}{all}", capital(kind)), sides.into_iter().flatten().collect())
        }
        RelType::Sort(sort) => (format!("Sort {}", orders(&sort.order)), one(&sort.input)),
        RelType::Limit(limit) => (format!("Limit {}", limit.limit), one(&limit.input)),
        RelType::Offset(offset) => (format!("Offset {}", offset.offset), one(&offset.input)),
        RelType::Aggregate(aggregate) => {
            let keys = match aggregate.grouping_expressions.as_slice() {
                [] => String::new(),
                keys => format!(" by {}", list(keys)),
            };
            let outputs = list(&aggregate.aggregate_expressions);
            (format!("Aggregate {outputs}{keys}"), one(&aggregate.input))
        }
        RelType::Sql(sql) => (format!("SQL {}", in_one_line(&sql.query)), Vec::new()),
        RelType::WithRelations(with) => {
            let root = with.root.as_deref().map(|root| described(root).0).unwrap_or_default();
            (root, with.references.iter().collect())
        }
        RelType::WithColumns(with) => {
            let columns = with.aliases.iter().map(aliased).collect::<Vec<_>>().join(", ");
            (format!("WithColumns {columns}"), one(&with.input))
        }
        RelType::WithColumnsRenamed(renamed) => {
            let names = renamed.renames.iter();
            let names = names.map(|name| format!("{} AS {}", name.col_name, name.new_col_name));
            (format!("Rename {}", names.collect::<Vec<_>>().join(", ")), one(&renamed.input))
        }
        RelType::Drop(drop) => (format!("Drop {}", drop.column_names.join(", ")), one(&drop.input)),
        RelType::Deduplicate(rows) => {
            let by = if rows.column_names.is_empty() {
                "all columns".to_owned()
            } else {
                rows.column_names.join(", ")
            };
            (format!("Deduplicate by {by}"), one(&rows.input))
        }
        RelType::SubqueryAlias(alias) => (format!("As {}", alias.alias), one(&alias.input)),
        RelType::Sample(sample) => (format!("Sample {}", sample.upper_bound), one(&sample.input)),
        RelType::Repartition(rows) => {
            (format!("Repartition {}", rows.num_partitions), one(&rows.input))
        }
        RelType::RepartitionByExpression(rows) => {
            (format!("Repartition by {}", list(&rows.partition_exprs)), one(&rows.input))
        }
        RelType::FillNa(fill) => (format!("FillNulls {}", fill.cols.join(", ")), one(&fill.input)),
        RelType::DropNa(drop) => (format!("DropNulls {}", drop.cols.join(", ")), one(&drop.input)),
        RelType::Unpivot(unpivot) => {
            (format!("Unpivot {}", list(&unpivot.ids)), one(&unpivot.input))
        }
        RelType::ToDf(named) => {
            (format!("Named {}", named.column_names.join(", ")), one(&named.input))
        }
        RelType::Hint(hint) => (format!("Hint {}", hint.name), one(&hint.input)),
        RelType::LocalRelation(local) => {
            (format!("Rows of {}", local.schema.as_deref().unwrap_or("no schema")), Vec::new())
        }
        // Nothing that this crate builds; its name is the best that can be said.
        other => (variant(&format!("{other:?}")).to_owned(), Vec::new()),
    }
}

/// What a relation with one input reads.
fn one(input: &Option<Box<Relation>>) -> Vec<&Relation> {
    input.as_deref().into_iter().collect()
}

fn read_line(read: &proto::Read) -> String {
    match &read.read_type {
        Some(ReadType::NamedTable(table)) => format!("Table {}", table.unparsed_identifier),
        Some(ReadType::DataSource(source)) => {
            let mut options: Vec<String> =
                source.options.iter().map(|(key, value)| format!("{key}={value}")).collect();
            options.sort();
            let options = if options.is_empty() {
                String::new()
            } else {
                format!(" ({})", options.join(", "))
            };
            format!("Read {} {}{options}", source.format(), source.paths.join(", "))
        }
        None => "Read".to_owned(),
    }
}

fn list(expressions: &[Expression]) -> String {
    expressions.iter().map(expression).collect::<Vec<_>>().join(", ")
}

fn orders(orders: &[SortOrder]) -> String {
    orders.iter().map(order).collect::<Vec<_>>().join(", ")
}

fn order(order: &SortOrder) -> String {
    let child = order.child.as_deref().map(expression).unwrap_or_default();
    let is_descending = order.direction() == SortDirection::Descending;
    format!("{child}{}", if is_descending { " DESC" } else { "" })
}

fn aliased(alias: &proto::expression::Alias) -> String {
    let value = alias.expr.as_deref().map(expression).unwrap_or_default();
    format!("{value} AS {}", alias.name.join(", "))
}

fn expression(value: &Expression) -> String {
    match &value.expr_type {
        Some(ExprType::UnresolvedAttribute(attribute)) => attribute.unparsed_identifier.clone(),
        Some(ExprType::ExpressionString(text)) => in_one_line(&text.expression),
        Some(ExprType::UnresolvedStar(star)) => {
            star.unparsed_target.clone().unwrap_or_else(|| "*".to_owned())
        }
        Some(ExprType::Literal(literal)) => literal_text(literal.literal_type.as_ref()),
        Some(ExprType::Alias(alias)) => aliased(alias),
        Some(ExprType::UnresolvedFunction(function)) => {
            let distinct = if function.is_distinct { "DISTINCT " } else { "" };
            format!("{}({distinct}{})", function.function_name, list(&function.arguments))
        }
        Some(ExprType::Cast(cast)) => {
            let child = cast.expr.as_deref().map(expression).unwrap_or_default();
            let to = match &cast.cast_to_type {
                Some(CastToType::TypeStr(text)) => text.clone(),
                _ => "…".to_owned(),
            };
            format!("CAST({child} AS {to})")
        }
        Some(ExprType::SortOrder(key)) => order(key),
        Some(ExprType::Window(window)) => {
            let function = window.window_function.as_deref().map(expression).unwrap_or_default();
            let by = list(&window.partition_spec);
            format!("{function} OVER (PARTITION BY {by} ORDER BY {})", orders(&window.order_spec))
        }
        Some(ExprType::UnresolvedExtractValue(part)) => {
            let child = part.child.as_deref().map(expression).unwrap_or_default();
            format!("{child}[{}]", part.extraction.as_deref().map(expression).unwrap_or_default())
        }
        Some(other) => format!("{}(…)", variant(&format!("{other:?}"))),
        None => String::new(),
    }
}

fn literal_text(value: Option<&LiteralType>) -> String {
    match value {
        Some(LiteralType::String(text)) => format!("'{}'", text.replace('\'', "\\'")),
        Some(LiteralType::Integer(value)) => value.to_string(),
        Some(LiteralType::Long(value)) => value.to_string(),
        Some(LiteralType::Double(value)) => value.to_string(),
        Some(LiteralType::Boolean(value)) => value.to_string(),
        Some(other) => format!("{other:?}"),
        None => "NULL".to_owned(),
    }
}

/// The name of a variant in its debug form.
fn variant(text: &str) -> &str {
    text.split(['(', ' ']).next().unwrap_or(text)
}

fn capital(word: &str) -> String {
    let lower = word.to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::Rows;
    use super::super::expression::{alias, call, int, sql, text};

    #[test]
    fn inputs_stand_below_what_reads_them() {
        let rows = Rows::table("orders")
            .filter(sql("amount >\n  10"))
            .project(vec![alias(call("upper", vec![text("it's")]), "name")])
            .join(
                Rows::table("customers"),
                spark_connect_proto::join::JoinType::LeftOuter,
                &["id".to_owned()],
                None,
            )
            .limit(3)
            .with_columns(vec![("one".to_owned(), int(1))]);
        let expected = "\
WithColumns 1 AS one
  Limit 3
    Join left_outer using id
      Project upper('it\\'s') AS name
        Filter amount > 10
          Table orders
      Table customers
";
        assert_eq!(super::shown(&rows.into_relation()), expected);
    }
}
