//! Expressions as PySpark's Connect client builds them (`pyspark.sql.connect.expressions`).

use spark_connect_proto::expression::sort_order::{NullOrdering, SortDirection};
use spark_connect_proto::expression::{
    self, Alias, Cast, ExprType, ExpressionString, SortOrder, UnresolvedAttribute,
    UnresolvedFunction, UnresolvedStar, Window, cast, literal,
};
use spark_connect_proto::{Expression, expression::Literal};
use tinderbox_spec::{SortKey, is_expression};

fn expression(kind: ExprType) -> Expression {
    Expression { common: None, expr_type: Some(kind) }
}

/// `F.expr`: a text in SQL.
pub(super) fn sql(text: &str) -> Expression {
    expression(ExprType::ExpressionString(ExpressionString { expression: text.to_owned() }))
}

/// `F.col`: a name, in which points are steps and backquotes quote; `*` and `t.*` are all columns.
pub(super) fn attribute(name: &str) -> Expression {
    if name == "*" || name.ends_with(".*") {
        let unparsed_target = (name != "*").then(|| name.to_owned());
        return expression(ExprType::UnresolvedStar(UnresolvedStar {
            unparsed_target,
            plan_id: None,
        }));
    }
    let attribute =
        UnresolvedAttribute { unparsed_identifier: name.to_owned(), ..Default::default() };
    expression(ExprType::UnresolvedAttribute(attribute))
}

/// A column by its whole name, in which points are no steps into a struct.
pub(super) fn whole(name: &str) -> Expression {
    attribute(&format!("`{}`", name.replace('`', "``")))
}

/// Points are steps into structs; other names that are no words stand in backquotes.
pub(super) fn path(name: &str) -> Expression {
    attribute(&tinderbox_spec::quoted_name(name))
}

/// A column's name as it is, anything else as a SQL expression.
pub(super) fn column(key: &str) -> Expression {
    if is_expression(key) { sql(key) } else { attribute(key) }
}

pub(super) fn call(name: &str, arguments: Vec<Expression>) -> Expression {
    function(name, arguments, false)
}

pub(super) fn function(name: &str, arguments: Vec<Expression>, is_distinct: bool) -> Expression {
    expression(ExprType::UnresolvedFunction(UnresolvedFunction {
        function_name: name.to_owned(),
        arguments,
        is_distinct,
        ..Default::default()
    }))
}

pub(super) fn lit(value: Literal) -> Expression {
    expression(ExprType::Literal(value))
}

pub(super) fn text(value: &str) -> Expression {
    lit(literal_of(literal::LiteralType::String(value.to_owned())))
}

pub(super) fn boolean(value: bool) -> Expression {
    lit(literal_of(literal::LiteralType::Boolean(value)))
}

pub(super) fn int(value: i32) -> Expression {
    lit(literal_of(literal::LiteralType::Integer(value)))
}

fn literal_of(kind: literal::LiteralType) -> Literal {
    Literal { literal_type: Some(kind), ..Default::default() }
}

/// A value with the type that PySpark gives it (`LiteralExpression._infer_type`): int, long, or double.
pub(super) fn literal(value: &tinderbox_spec::Literal) -> Literal {
    use literal::LiteralType;
    literal_of(match value {
        tinderbox_spec::Literal::Text(text) => LiteralType::String(text.clone()),
        tinderbox_spec::Literal::Boolean(value) => LiteralType::Boolean(*value),
        tinderbox_spec::Literal::Number(number) => match (number.parse(), number.parse()) {
            (Ok(int), _) => LiteralType::Integer(int),
            (_, Ok(long)) => LiteralType::Long(long),
            _ => LiteralType::Double(number.parse().unwrap_or(f64::NAN)),
        },
    })
}

pub(super) fn alias_of(value: Expression, names: Vec<String>) -> Alias {
    Alias { expr: Some(Box::new(value)), name: names, metadata: None }
}

pub(super) fn alias(value: Expression, name: &str) -> Expression {
    expression(ExprType::Alias(Box::new(alias_of(value, vec![name.to_owned()]))))
}

pub(super) fn aliases(value: Expression, names: Vec<String>) -> Expression {
    expression(ExprType::Alias(Box::new(alias_of(value, names))))
}

pub(super) fn cast(value: Expression, to: &str) -> Expression {
    expression(ExprType::Cast(Box::new(Cast {
        expr: Some(Box::new(value)),
        cast_to_type: Some(cast::CastToType::TypeStr(to.to_owned())),
        ..Default::default()
    })))
}

/// `column.getField(name)`.
pub(super) fn field(value: Expression, name: &str) -> Expression {
    expression(ExprType::UnresolvedExtractValue(Box::new(expression::UnresolvedExtractValue {
        child: Some(Box::new(value)),
        extraction: Some(Box::new(text(name))),
    })))
}

/// A key of an order with its directions written out, as PySpark does.
pub(super) fn sort_order(key: &str) -> SortOrder {
    let key = SortKey::parse(key);
    let (direction, nulls_first) = if key.is_descending {
        (SortDirection::Descending, key.nulls_first.unwrap_or(false))
    } else {
        (SortDirection::Ascending, key.nulls_first.unwrap_or(true))
    };
    let nulls =
        if nulls_first { NullOrdering::SortNullsFirst } else { NullOrdering::SortNullsLast };
    SortOrder {
        child: Some(Box::new(column(key.expression))),
        direction: direction.into(),
        null_ordering: nulls.into(),
    }
}

/// The order as an expression, where ranges are wanted.
pub(super) fn ordered(key: &str) -> Expression {
    expression(ExprType::SortOrder(Box::new(sort_order(key))))
}

/// `value.over(window)`.
pub(super) fn over(value: Expression, partition_by: &[String], order_by: &[String]) -> Expression {
    expression(ExprType::Window(Box::new(Window {
        window_function: Some(Box::new(value)),
        partition_spec: partition_by.iter().map(|key| column(key)).collect(),
        order_spec: order_by.iter().map(|key| sort_order(key)).collect(),
        frame_spec: None,
    })))
}

/// All of them hold; there is at least one.
pub(super) fn all(conditions: impl IntoIterator<Item = Expression>) -> Option<Expression> {
    conditions.into_iter().reduce(|left, right| call("and", vec![left, right]))
}

/// Any of them holds.
pub(super) fn any(conditions: impl IntoIterator<Item = Expression>) -> Option<Expression> {
    conditions.into_iter().reduce(|left, right| call("or", vec![left, right]))
}
