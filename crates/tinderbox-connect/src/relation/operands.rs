//! What is computed with. Some of what Sail computes differs from Spark with decimals or floating-point numbers only:
//! arithmetic with decimals has another precision and scale (`DecimalPrecision`, `DecimalType.fromLiteral`), a double
//! becomes another text. That is refused unless the types are known to be others.

use super::verified::{Entry, Status, construct, entry};
use crate::query::{Token, tokens};
use crate::schema::Schema;
use spark_connect_proto::data_type::{Kind, StructField};
use sqlparser::ast::{
    BinaryOperator, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator,
    Value, Visit, Visitor,
};
use sqlparser::dialect::SparkSqlDialect;
use sqlparser::parser::Parser;
use std::ops::ControlFlow;

/// What is computed with, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Precision and scale.
    Decimal(u32, u32),
    /// An integer, which becomes a decimal of so many digits beside one.
    Integer(u32),
    /// An integer as it is written: Spark takes as many digits as it has, Sail ten or more.
    Digits,
    /// A double.
    Double,
    /// A float, which Spark makes a double beside a decimal, and Sail does not.
    Float,
    /// An array, map or struct.
    Nested,
    Date,
    Time,
    Binary,
    Text,
    Boolean,
    /// None of these.
    Other,
    Unknown,
}

/// Largest precision of a decimal; beyond it Spark gives up digits behind the point
/// (`DecimalType.adjustPrecisionScale`).
const MOST: u32 = 38;
const ARITHMETIC: [&str; 5] = ["+", "-", "*", "/", "%"];
/// What makes texts of all that they are given.
const TO_TEXT: [&str; 7] =
    ["cast", "try_cast", "string", "concat", "concat_ws", "format_string", "printf"];

/// What differs, and is looked at more closely: parts of texts from a place that is written out are equal.
pub(super) const BY_PLACE: [&str; 2] = ["substring", "substr"];
/// How the list calls that.
const FROM_A_PLACE: &str = "SUBSTRING of text from a place";

/// Whether columns must be known to check a text.
pub(super) fn is_concerned(text: &str) -> bool {
    let tokens = tokens(text);
    tokens.iter().enumerate().any(|(at, token)| match token {
        Token::Sign(sign) => ARITHMETIC.contains(sign) || *sign == "||" || *sign == "::",
        Token::Word(word) | Token::Quoted(word) => {
            tokens.get(at + 1) == Some(&Token::Sign("("))
                && (TO_TEXT.contains(&word.to_lowercase().as_str())
                    || BY_PLACE.contains(&word.to_lowercase().as_str())
                    || entry(word).is_some_and(Entry::has_scope))
        }
        _ => false,
    })
}

/// The first thing in an expression or query that Sail computes differently with what it is given.
pub(super) fn problem(text: &str, schemas: &[&Schema]) -> Option<String> {
    if !is_concerned(text) {
        return None;
    }
    let (has_decimals, has_binary) = (has_decimals(text, schemas), has_binary(text, schemas));
    let mut search = Search { schemas, has_decimals, has_binary };
    let lower = text.to_lowercase();
    let unread = || match BY_PLACE.iter().find(|name| lower.contains(**name)) {
        Some(name) => Some((*name).to_owned()),
        None => has_decimals.then(|| "arithmetic with decimals".to_owned()),
    };
    let text = plain(text);
    let Ok(mut parser) = Parser::new(&SparkSqlDialect {}).try_with_sql(&text) else {
        return unread();
    };
    let is_query = matches!(tokens(&text).first(), Some(Token::Word(word))
        if ["select", "with", "from", "values", "table"].contains(&word.to_lowercase().as_str()));
    let flow = if is_query {
        match parser.parse_statements() {
            Ok(statements) => statements.visit(&mut search),
            Err(_) => return unread(),
        }
    } else {
        match parser.parse_expr() {
            Ok(expression) => expression.visit(&mut search),
            Err(_) => return unread(),
        }
    };
    flow.break_value()
}

/// Whether decimals can be among what a text computes with: as literals, types or columns.
fn has_decimals(text: &str, schemas: &[&Schema]) -> bool {
    tokens(text).iter().any(|token| match token {
        Token::Number(number) => matches!(class_of_number(number), Class::Decimal(..)),
        Token::Word(word) | Token::Quoted(word) => {
            ["decimal", "dec", "numeric", "to_number", "try_to_number"]
                .contains(&word.to_lowercase().as_str())
                || field(schemas, word).is_some_and(has_decimal)
        }
        // A star may be any column.
        Token::Sign("*") => schemas.iter().any(|schema| schema.fields().iter().any(has_decimal)),
        _ => false,
    })
}

/// The same of binary data.
fn has_binary(text: &str, schemas: &[&Schema]) -> bool {
    let makes = |name: &str| entry(name).is_some_and(|entry| entry.kind == "binary");
    let is_binary = |column: &crate::Column| column.kind.contains("binary");
    schemas.iter().any(|schema| schema.columns().iter().any(is_binary))
        || tokens(text).iter().any(|token| match token {
            Token::Word(word) => {
                makes(word) || ["x", "binary"].contains(&word.to_lowercase().as_str())
            }
            Token::Quoted(word) => makes(word),
            _ => false,
        })
}

fn has_decimal(field: &StructField) -> bool {
    fn inside(kind: Option<&Kind>) -> bool {
        let of = |data_type: &Option<Box<spark_connect_proto::DataType>>| {
            inside(data_type.as_ref().and_then(|data_type| data_type.kind.as_ref()))
        };
        match kind {
            Some(Kind::Decimal(_)) => true,
            Some(Kind::Array(array)) => of(&array.element_type),
            Some(Kind::Map(map)) => of(&map.key_type) || of(&map.value_type),
            Some(Kind::Struct(columns)) => columns.fields.iter().any(has_decimal),
            _ => false,
        }
    }
    inside(field.data_type.as_ref().and_then(|data_type| data_type.kind.as_ref()))
}

fn field<'a>(schemas: &[&'a Schema], name: &str) -> Option<&'a StructField> {
    let mut fields = schemas.iter().flat_map(|schema| schema.fields());
    fields.find(|field| field.name.eq_ignore_ascii_case(name))
}

struct Search<'a> {
    schemas: &'a [&'a Schema],
    /// Whether what is not known can be a decimal.
    has_decimals: bool,
    /// Whether it can be binary data.
    has_binary: bool,
}

impl Visitor for Search<'_> {
    type Break = String;

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<String> {
        let problem = match expression {
            Expr::BinaryOp { left, op, right } => self.operation(left, op, right),
            Expr::Function(function) if BY_PLACE.contains(&name_of(function).as_str()) => {
                Some("substring".to_owned())
            }
            Expr::Function(function) => {
                self.function(&name_of(function), &self.arguments(function))
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr }
                if !matches!(**expr, Expr::Value(_)) && self.may_be_decimal(self.class(expr)) =>
            {
                Some("- of decimals".to_owned())
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let from = substring_from.as_deref().into_iter();
                self.part(expr, from.chain(substring_for.as_deref()))
            }
            Expr::Floor { expr, .. } => self.function("floor", &[self.class(expr)]),
            Expr::Ceil { expr, .. } => self.function("ceil", &[self.class(expr)]),
            Expr::Cast { expr, data_type, .. } => conversion(self.class(expr), data_type),
            _ => None,
        };
        problem.map_or(ControlFlow::Continue(()), ControlFlow::Break)
    }
}

/// Functions whose result is of the type of their arguments.
const SAME_TYPE: [&str; 22] = [
    "abs",
    "any_value",
    "coalesce",
    "first",
    "first_value",
    "greatest",
    "if",
    "ifnull",
    "lag",
    "last",
    "last_value",
    "lead",
    "least",
    "max",
    "min",
    "mode",
    "nanvl",
    "negative",
    "nullif",
    "nvl",
    "positive",
    "round",
];

impl Search<'_> {
    fn operation(&self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<String> {
        let (left, right) = (self.class(left), self.class(right));
        let sign = op.to_string();
        if sign == "||" {
            return self.function("concat", &[left, right]);
        }
        let is_other =
            ARITHMETIC.contains(&sign.as_str()) && self.result(left, op, right).is_none();
        is_other.then(|| format!("{sign} of decimals"))
    }

    fn function(&self, name: &str, arguments: &[Class]) -> Option<String> {
        let has_floating =
            arguments.iter().any(|class| matches!(class, Class::Double | Class::Float));
        if has_floating && TO_TEXT.contains(&name) {
            return Some(format!("{name} of floating-point numbers"));
        }
        let entry = entry(name).filter(|entry| entry.status == Status::Differs)?;
        if entry.is_for_decimals && arguments.iter().any(|class| self.may_be_decimal(*class)) {
            return Some(format!("{name} of decimals"));
        }
        let is_unknown = arguments.contains(&Class::Unknown);
        if entry.is_for_doubles && (has_floating || is_unknown) {
            return Some(format!("{name} of floating-point numbers"));
        }
        if entry.is_for_dates && (arguments.contains(&Class::Date) || is_unknown) {
            return Some(format!("{name} of dates"));
        }
        let is_unknown = is_unknown && self.has_binary;
        if entry.is_for_binary && (arguments.contains(&Class::Binary) || is_unknown) {
            return Some(format!("{name} of binary data"));
        }
        (entry.is_equal_for_times && !arguments.contains(&Class::Time))
            .then(|| format!("{name} of anything but timestamps"))
    }

    /// A part of a text: of another value, or from a place that is computed, it is refused.
    fn part<'e>(&self, of: &Expr, places: impl Iterator<Item = &'e Expr>) -> Option<String> {
        let is_written = |place: &Expr| match place {
            Expr::Value(value) => {
                matches!(&value.value, Value::Number(number, _) if number.parse::<u32>().is_ok_and(|n| n > 0))
            }
            _ => false,
        };
        let is_equal = construct(FROM_A_PLACE).is_some_and(|entry| entry.status == Status::Equal);
        let is_known = self.class(of) == Class::Text && places.into_iter().all(is_written);
        (!is_equal || !is_known).then(|| "substring".to_owned())
    }

    fn class(&self, expression: &Expr) -> Class {
        match expression {
            Expr::Nested(inner) | Expr::Substring { expr: inner, .. } => self.class(inner),
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => {
                self.class(expr)
            }
            Expr::Value(value) => match &value.value {
                Value::Number(number, _) => class_of_number(number),
                Value::SingleQuotedString(_) => Class::Text,
                Value::Boolean(_) => Class::Boolean,
                _ => Class::Other,
            },
            Expr::Identifier(name) => self.column(&name.value),
            Expr::CompoundIdentifier(names) => match names.as_slice() {
                [_, column] => self.column(&column.value),
                _ => Class::Unknown,
            },
            Expr::Cast { data_type, .. } => class_of_type(data_type),
            Expr::BinaryOp { left, op, right } => {
                self.result(self.class(left), op, self.class(right)).unwrap_or(Class::Unknown)
            }
            Expr::Case { conditions, else_result, .. } => {
                let results = conditions.iter().map(|when| self.class(&when.result));
                let otherwise = else_result.iter().map(|otherwise| self.class(otherwise));
                common(results.chain(otherwise))
            }
            Expr::Function(function) => {
                let arguments = self.arguments(function);
                match name_of(function).as_str() {
                    name if SAME_TYPE.contains(&name) => common(arguments.into_iter()),
                    name => self.class_of_call(name, &arguments),
                }
            }
            Expr::Trim { .. } => Class::Text,
            Expr::Position { .. } | Expr::Extract { .. } => Class::Integer(10),
            Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::In { .. }
            | Expr::Between { .. }
            | Expr::Like { .. } => Class::Boolean,
            Expr::Interval(_) => Class::Other,
            Expr::TypedString(typed) => class_of_type(&typed.data_type),
            _ => Class::Unknown,
        }
    }

    /// By the type that its example has.
    fn class_of_call(&self, name: &str, arguments: &[Class]) -> Class {
        let kind = entry(name).map_or("", |entry| entry.kind);
        let has_decimal = arguments.iter().any(|class| self.may_be_decimal(*class));
        let has_floating =
            arguments.iter().any(|class| matches!(class, Class::Double | Class::Float));
        match kind {
            "" => Class::Unknown,
            "double" | "float" if has_decimal => Class::Unknown,
            "double" | "float" => Class::Double,
            "tinyint" | "smallint" | "int" | "bigint" if name == "sum" && has_floating => {
                Class::Double
            }
            "tinyint" | "smallint" | "int" | "bigint" if name == "sum" && has_decimal => {
                Class::Unknown
            }
            "tinyint" | "smallint" | "int" | "bigint" => Class::Integer(20),
            kind if kind.starts_with("decimal") && has_decimal => Class::Unknown,
            kind if kind.starts_with("decimal") && has_floating => Class::Double,
            "date" => Class::Date,
            "timestamp" => Class::Time,
            "binary" => Class::Binary,
            "string" => Class::Text,
            "boolean" => Class::Boolean,
            kind if kind.contains('<') => Class::Nested,
            _ => Class::Other,
        }
    }

    fn column(&self, name: &str) -> Class {
        let kind =
            field(self.schemas, name).and_then(|field| field.data_type.as_ref()?.kind.as_ref());
        match kind {
            Some(Kind::Decimal(decimal)) => Class::Decimal(
                decimal.precision.unwrap_or(10).unsigned_abs(),
                decimal.scale.unwrap_or(0).unsigned_abs(),
            ),
            Some(Kind::Byte(_)) => Class::Integer(3),
            Some(Kind::Short(_)) => Class::Integer(5),
            Some(Kind::Integer(_)) => Class::Integer(10),
            Some(Kind::Long(_)) => Class::Integer(20),
            Some(Kind::Date(_)) => Class::Date,
            Some(Kind::Timestamp(_)) => Class::Time,
            Some(Kind::Binary(_)) => Class::Binary,
            Some(Kind::String(_)) => Class::Text,
            Some(Kind::Boolean(_)) => Class::Boolean,
            Some(Kind::Float(_)) => Class::Float,
            Some(Kind::Double(_)) => Class::Double,
            Some(Kind::Struct(_) | Kind::Array(_) | Kind::Map(_)) => Class::Nested,
            None => Class::Unknown,
            Some(_) => Class::Other,
        }
    }

    fn arguments(&self, function: &sqlparser::ast::Function) -> Vec<Class> {
        let FunctionArguments::List(list) = &function.args else { return Vec::new() };
        let arguments = list.args.iter().map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => self.class(argument),
            FunctionArg::Unnamed(_) => Class::Other,
            _ => Class::Unknown,
        });
        arguments.collect()
    }
}

impl Search<'_> {
    fn may_be_decimal(&self, class: Class) -> bool {
        match class {
            Class::Decimal(..) => true,
            Class::Unknown | Class::Nested => self.has_decimals,
            _ => false,
        }
    }

    /// What comes out of an operation; `None` when it is not known to be the same on Sail.
    fn result(&self, left: Class, op: &BinaryOperator, right: Class) -> Option<Class> {
        use BinaryOperator::{Divide, Minus, Modulo, Multiply, Plus};
        if !matches!(op, Plus | Minus | Multiply | Divide | Modulo) {
            return Some(Class::Other);
        }
        let has_decimal = self.may_be_decimal(left) || self.may_be_decimal(right);
        if left == Class::Double || right == Class::Double {
            return Some(Class::Double);
        }
        if left == Class::Float || right == Class::Float {
            return (!has_decimal).then_some(Class::Float);
        }
        if !has_decimal {
            return Some(match op {
                Divide => Class::Double,
                // Dates, times and intervals among them.
                _ if left == Class::Time || right == Class::Time => Class::Time,
                _ if left == Class::Date || right == Class::Date => Class::Date,
                _ if [left, right].contains(&Class::Other) => Class::Other,
                _ if [left, right].contains(&Class::Unknown) => Class::Unknown,
                _ => Class::Integer(20),
            });
        }
        let digits = |class| match class {
            Class::Decimal(precision, scale) => Some((precision, scale)),
            Class::Integer(precision) => Some((precision, 0)),
            _ => None,
        };
        let ((p, s), (q, t)) = (digits(left)?, digits(right)?);
        let scale = s.max(t);
        let whole = p.saturating_sub(s).max(q.saturating_sub(t));
        let (precision, scale) = match op {
            Plus | Minus => (whole + scale + 1, scale),
            Multiply => (p + q + 1, s + t),
            _ => return None,
        };
        (precision <= MOST).then_some(Class::Decimal(precision, scale))
    }
}

fn name_of(function: &sqlparser::ast::Function) -> String {
    function.name.to_string().replace('`', "").to_lowercase()
}

/// The type that several have in common.
fn common(classes: impl Iterator<Item = Class>) -> Class {
    classes
        .reduce(|left, right| match (left, right) {
            (left, right) if left == right => left,
            (Class::Double, _) | (_, Class::Double) => Class::Double,
            (Class::Integer(p), Class::Integer(q)) => Class::Integer(p.max(q)),
            (Class::Digits, Class::Integer(p)) | (Class::Integer(p), Class::Digits) => {
                Class::Integer(p)
            }
            (Class::Other, other) | (other, Class::Other) => other,
            _ => Class::Unknown,
        })
        .unwrap_or(Class::Unknown)
}

/// The name of a conversion, where the list has it and it is not equal. What is not known may be any.
fn conversion(from: Class, to: &DataType) -> Option<String> {
    let to = to.to_string().to_uppercase();
    let to = match to.split('(').next().unwrap_or_default().trim() {
        "STRING" | "VARCHAR" | "CHAR" => "STRING",
        "DECIMAL" | "DEC" | "NUMERIC" => "DECIMAL",
        "LONG" | "BIGINT" => "BIGINT",
        "INTEGER" | "INT" | "SMALLINT" | "SHORT" | "TINYINT" | "BYTE" => "INT",
        "DOUBLE" | "DOUBLE PRECISION" => "DOUBLE",
        "FLOAT" | "REAL" => "FLOAT",
        "BOOLEAN" => "BOOLEAN",
        "DATE" => "DATE",
        "TIMESTAMP" => "TIMESTAMP",
        _ => return None,
    };
    let sources: &[&str] = match from {
        Class::Text => &["text"],
        Class::Double | Class::Float => &["double"],
        Class::Integer(_) | Class::Digits => &["integer"],
        Class::Decimal(..) => &["decimal"],
        Class::Boolean => &["boolean"],
        Class::Date => &["date"],
        Class::Time => &["timestamp"],
        Class::Nested => &["nested"],
        Class::Unknown => &["text", "double", "nested", "timestamp"],
        Class::Binary | Class::Other => &[],
    };
    let names = sources.iter().map(|from| format!("CAST {from} AS {to}"));
    let mut differing =
        names.filter(|name| construct(name).is_some_and(|entry| entry.status != Status::Equal));
    differing.next()
}

fn class_of_type(data_type: &DataType) -> Class {
    let name = data_type.to_string().to_lowercase();
    let name = name.split('(').next().unwrap_or_default();
    match name {
        "decimal" | "dec" | "numeric" => match data_type {
            DataType::Decimal(sqlparser::ast::ExactNumberInfo::PrecisionAndScale(p, s)) => {
                let digits = |value| u32::try_from(value).unwrap_or(MOST);
                Class::Decimal(digits(i128::from(*p)), digits(i128::from(*s)))
            }
            _ => Class::Unknown,
        },
        "double" | "double precision" => Class::Double,
        "float" | "real" => Class::Float,
        "tinyint" | "byte" | "smallint" | "short" | "int" | "integer" => Class::Integer(10),
        "bigint" | "long" => Class::Integer(20),
        "date" => Class::Date,
        "timestamp" => Class::Time,
        "binary" => Class::Binary,
        "string" | "varchar" | "char" => Class::Text,
        "boolean" => Class::Boolean,
        name if name.contains('<') => Class::Nested,
        _ => Class::Other,
    }
}

/// `1.5` is a decimal in Spark; `1.5e0` and `1.5D` are doubles.
fn class_of_number(number: &str) -> Class {
    let lower = number.to_lowercase();
    let (digits, suffix) = match lower.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => lower.split_at(at),
        None => (lower.as_str(), ""),
    };
    match suffix {
        "bd" => {}
        "" if digits.contains('.') => {}
        "" => return Class::Digits,
        "l" | "s" | "y" => return Class::Integer(20),
        "f" => return Class::Float,
        _ => return Class::Double,
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(MOST);
    let scale = length(fraction);
    Class::Decimal((length(whole.trim_start_matches('0')) + scale).max(1), scale)
}

/// As the parser takes it: it knows no suffixes of numbers and other escapes in texts.
fn plain(text: &str) -> String {
    let pieces = tokens(text).into_iter().map(|token| match token {
        Token::Word(word) => word.to_owned(),
        Token::Quoted(name) => format!("`{name}`"),
        Token::Text(_) => "'x'".to_owned(),
        Token::Sign(sign) => sign.to_owned(),
        Token::Number(number) => {
            let digits = number.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            match class_of_number(number) {
                Class::Double | Class::Float if !digits.to_lowercase().contains('e') => {
                    format!("{digits}e0")
                }
                Class::Decimal(..) if !digits.contains('.') => format!("{digits}."),
                _ => digits.to_owned(),
            }
        }
    });
    pieces.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
