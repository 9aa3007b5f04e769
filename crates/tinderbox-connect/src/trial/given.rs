//! Rows of a document as Arrow.

use crate::Error;
use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_json::ReaderBuilder;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use spark_connect_proto::data_type::{Kind, StructField};
use std::fmt::Write as _;
use std::sync::Arc;
use tinderbox_spec::TestRow;

/// Universal time as arrow-json knows it without a list of the world's zones.
const UTC: &str = "+00:00";

/// The type with its moments in [`UTC`]: a zone says how a moment is shown, not which it is.
pub(super) fn in_utc(kind: &DataType) -> DataType {
    let field = |field: &Arc<Field>| {
        Arc::new(field.as_ref().clone().with_data_type(in_utc(field.data_type())))
    };
    match kind {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some(UTC.into())),
        DataType::List(element) => DataType::List(field(element)),
        DataType::Map(entries, is_sorted) => DataType::Map(field(entries), *is_sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        other => other.clone(),
    }
}

/// The columns as Arrow has them (`org.apache.spark.sql.util.ArrowUtils`).
///
/// # Errors
/// The name of a type that rows of a document cannot have.
pub(super) fn arrow_schema(fields: &[StructField]) -> Result<SchemaRef, String> {
    Ok(Arc::new(Schema::new(arrow_fields(fields)?)))
}

fn arrow_fields(fields: &[StructField]) -> Result<Fields, String> {
    let fields = fields.iter().map(|field| {
        let kind = field.data_type.as_ref().and_then(|kind| kind.kind.as_ref());
        Ok(Field::new(&field.name, arrow_type(kind)?, true))
    });
    fields.collect()
}

fn arrow_type(kind: Option<&Kind>) -> Result<DataType, String> {
    let part = |part: &Option<Box<spark_connect_proto::DataType>>| {
        arrow_type(part.as_ref().and_then(|part| part.kind.as_ref()))
    };
    Ok(match kind {
        Some(Kind::Null(_)) => DataType::Null,
        Some(Kind::Boolean(_)) => DataType::Boolean,
        Some(Kind::Byte(_)) => DataType::Int8,
        Some(Kind::Short(_)) => DataType::Int16,
        Some(Kind::Integer(_)) => DataType::Int32,
        Some(Kind::Long(_)) => DataType::Int64,
        Some(Kind::Float(_)) => DataType::Float32,
        Some(Kind::Double(_)) => DataType::Float64,
        Some(Kind::String(_) | Kind::Char(_) | Kind::VarChar(_)) => DataType::Utf8,
        Some(Kind::Binary(_)) => DataType::Binary,
        Some(Kind::Date(_)) => DataType::Date32,
        Some(Kind::Timestamp(_)) => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        Some(Kind::TimestampNtz(_)) => DataType::Timestamp(TimeUnit::Microsecond, None),
        Some(Kind::Decimal(decimal)) => {
            let precision = u8::try_from(decimal.precision.unwrap_or(10));
            let scale = i8::try_from(decimal.scale.unwrap_or(0));
            match (precision, scale) {
                (Ok(precision), Ok(scale)) => DataType::Decimal128(precision, scale),
                _ => return Err("decimal".to_owned()),
            }
        }
        Some(Kind::Array(array)) => {
            DataType::List(Arc::new(Field::new("element", part(&array.element_type)?, true)))
        }
        Some(Kind::Struct(fields)) => DataType::Struct(arrow_fields(&fields.fields)?),
        Some(Kind::Map(map)) => {
            let key = Field::new("key", part(&map.key_type)?, false);
            let value = Field::new("value", part(&map.value_type)?, true);
            let entries = DataType::Struct(Fields::from(vec![key, value]));
            DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
        }
        Some(Kind::CalendarInterval(_) | Kind::YearMonthInterval(_) | Kind::DayTimeInterval(_)) => {
            return Err("interval".to_owned());
        }
        Some(Kind::Variant(_)) => return Err("variant".to_owned()),
        _ => return Err("unknown".to_owned()),
    })
}

/// The rows, cast to the columns. A column that a row does not have is null there; the names of columns count without case,
/// as in Spark.
pub(super) fn batch(
    name: &str,
    schema: &SchemaRef,
    rows: &[TestRow],
) -> Result<RecordBatch, Error> {
    let failed = |error: &ArrowError| Error::Given {
        name: name.to_owned(),
        problem: error.to_string().trim_start_matches("Json error: ").to_owned(),
    };
    let mut lines = String::new();
    for row in rows {
        let columns = row.0.iter().map(|(name, value)| {
            let field =
                schema.fields().iter().find(|field| field.name().eq_ignore_ascii_case(name));
            (field.map_or(name, |field| field.name()).clone(), value.clone())
        });
        let _ = writeln!(lines, "{}", TestRow(columns.collect()));
    }
    let reader = ReaderBuilder::new(Arc::clone(schema))
        .with_strict_mode(true)
        .with_coerce_primitive(true)
        .with_batch_size(rows.len().max(1))
        .build(lines.as_bytes());
    let mut reader = reader.map_err(|error| failed(&error))?;
    match reader.next() {
        Some(batch) => batch.map_err(|error| failed(&error)),
        None => Ok(RecordBatch::new_empty(Arc::clone(schema))),
    }
}

/// The batch as an Arrow stream.
pub(super) fn ipc(batch: &RecordBatch) -> Result<Vec<u8>, Error> {
    let write = || {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
        writer.write(batch)?;
        writer.into_inner()
    };
    write().map_err(|error: ArrowError| Error::Answer { problem: error.to_string() })
}
