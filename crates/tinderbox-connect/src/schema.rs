use crate::answer::Column;
use spark_connect_proto::data_type::{Kind, StructField};
use spark_connect_proto::{DataType, data_type};

/// Names and types of the columns that a relation gives, as a server says.
///
/// Two are equal when a document's author would see no difference: whether a column can be null does not count.
#[derive(Debug, Clone)]
pub struct Schema {
    fields: Vec<StructField>,
    ddl: Option<String>,
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.ddl.is_some() && self.ddl == other.ddl
    }
}

impl Schema {
    /// From what a server answers; `None` when that is no struct.
    pub(crate) fn of(data_type: DataType) -> Option<Self> {
        let Some(Kind::Struct(columns)) = data_type.kind else { return None };
        let ddl = fields_ddl(&columns.fields, " ");
        Some(Self { fields: columns.fields, ddl })
    }

    /// The columns in order, with types in Spark's words.
    pub fn columns(&self) -> Vec<Column> {
        let columns = self.fields.iter().map(|field| Column {
            name: field.name.clone(),
            kind: field
                .data_type
                .as_ref()
                .and_then(|data_type| kind_name(data_type, ":", false))
                .unwrap_or_else(|| "unknown".to_owned()),
        });
        columns.collect()
    }

    pub(crate) fn fields(&self) -> &[StructField] {
        &self.fields
    }

    /// In SQL's DDL form; `None` when a type has no name in SQL.
    pub(crate) fn ddl(&self) -> Option<&str> {
        self.ddl.as_deref()
    }

    /// The columns of texts.
    pub(crate) fn texts(&self) -> Vec<String> {
        let is_text = |field: &&StructField| {
            matches!(&field.data_type, Some(DataType { kind: Some(Kind::String(_)) }))
        };
        self.fields.iter().filter(is_text).map(|field| field.name.clone()).collect()
    }
}

fn fields_ddl(fields: &[StructField], sign: &str) -> Option<String> {
    let fields = fields.iter().map(|field| {
        let kind = kind_name(field.data_type.as_ref()?, ": ", true)?;
        Some(format!("`{}`{sign}{kind}", field.name.replace('`', "``")))
    });
    Some(fields.collect::<Option<Vec<_>>>()?.join(", "))
}

/// The name of a type in SQL (`org.apache.spark.sql.types.DataType.sql`); of structs with names in backquotes or as
/// `simpleString` has them.
fn kind_name(data_type: &DataType, sign: &str, is_quoted: bool) -> Option<String> {
    let name = match data_type.kind.as_ref()? {
        Kind::Null(_) => "void",
        Kind::Boolean(_) => "boolean",
        Kind::Byte(_) => "tinyint",
        Kind::Short(_) => "smallint",
        Kind::Integer(_) => "int",
        Kind::Long(_) => "bigint",
        Kind::Float(_) => "float",
        Kind::Double(_) => "double",
        Kind::Binary(_) => "binary",
        Kind::Date(_) => "date",
        Kind::Timestamp(_) => "timestamp",
        Kind::TimestampNtz(_) => "timestamp_ntz",
        Kind::CalendarInterval(_) => "interval",
        Kind::Variant(_) => "variant",
        Kind::Decimal(decimal) => {
            let (precision, scale) = (decimal.precision.unwrap_or(10), decimal.scale.unwrap_or(0));
            return Some(format!("decimal({precision},{scale})"));
        }
        Kind::String(text) => match text.collation.as_str() {
            "" | "UTF8_BINARY" => "string",
            collation => return Some(format!("string collate {collation}")),
        },
        Kind::Char(text) => return Some(format!("char({})", text.length)),
        Kind::VarChar(text) => return Some(format!("varchar({})", text.length)),
        Kind::YearMonthInterval(interval) => {
            return unit_range(&["year", "month"], interval.start_field, interval.end_field);
        }
        Kind::DayTimeInterval(interval) => {
            let units = ["day", "hour", "minute", "second"];
            return unit_range(&units, interval.start_field, interval.end_field);
        }
        Kind::Array(array) => {
            let element = kind_name(array.element_type.as_ref()?, sign, is_quoted)?;
            return Some(format!("array<{element}>"));
        }
        Kind::Map(map) => {
            let key = kind_name(map.key_type.as_ref()?, sign, is_quoted)?;
            let value = kind_name(map.value_type.as_ref()?, sign, is_quoted)?;
            return Some(format!("map<{key},{value}>"));
        }
        Kind::Struct(data_type::Struct { fields, .. }) if is_quoted => {
            return Some(format!("struct<{}>", fields_ddl(fields, ": ")?));
        }
        Kind::Struct(data_type::Struct { fields, .. }) => {
            let fields = fields.iter().map(|field| {
                let kind = kind_name(field.data_type.as_ref()?, sign, false)?;
                Some(format!("{}{sign}{kind}", field.name))
            });
            return Some(format!("struct<{}>", fields.collect::<Option<Vec<_>>>()?.join(",")));
        }
        _ => return None,
    };
    Some(name.to_owned())
}

/// `interval day to second`: the fields are places in `units`.
fn unit_range(units: &[&str], start: Option<i32>, end: Option<i32>) -> Option<String> {
    let unit = |at: Option<i32>, otherwise: usize| match at {
        Some(at) => usize::try_from(at).ok().and_then(|at| units.get(at)),
        None => units.get(otherwise),
    };
    let (start, end) = (unit(start, 0)?, unit(end, units.len() - 1)?);
    Some(if start == end {
        format!("interval {start}")
    } else {
        format!("interval {start} to {end}")
    })
}
