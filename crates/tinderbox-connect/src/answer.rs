use crate::Error;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch, TimestampMicrosecondArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{ArrowError, DataType, SchemaRef, TimeUnit};
use serde_json::{Map, Number, Value};

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name; names may repeat.
    pub name: String,
    /// Its type in Spark's words, for example `bigint`, `array<string>`.
    pub kind: String,
}

/// The rows of a query.
#[derive(Debug, Clone)]
pub struct Answer {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    has_more: bool,
}

impl Answer {
    /// From all batches of an answer, cut to `rows`.
    pub(crate) fn new(batches: Vec<RecordBatch>, rows: u32) -> Result<Self, Error> {
        let Some(schema) = batches.first().map(RecordBatch::schema) else {
            // Sail ends like this when a task of it has died.
            return Err(Error::Answer { problem: "the server ended without one".to_owned() });
        };
        let mut left = usize::try_from(rows).unwrap_or(usize::MAX);
        let mut has_more = false;
        let mut kept = Vec::new();
        for batch in batches {
            let taken = batch.num_rows().min(left);
            has_more |= taken < batch.num_rows();
            left -= taken;
            if taken > 0 {
                kept.push(batch.slice(0, taken));
            }
        }
        Ok(Self { schema, batches: kept, has_more })
    }

    /// The columns, in order.
    pub fn columns(&self) -> Vec<Column> {
        let fields = self.schema.fields().iter();
        fields
            .map(|field| Column { name: field.name().clone(), kind: kind(field.data_type()) })
            .collect()
    }

    /// All rows of one batch.
    pub(crate) fn from_batch(batch: RecordBatch) -> Self {
        Self { schema: batch.schema(), batches: vec![batch], has_more: false }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// The rows as Arrow.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Whether the query has more rows than the limit let through.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// The rows as JSON, one array of values each. Integers, floating-point numbers and booleans are JSON's; decimals,
    /// dates, times (those with a zone in UTC), intervals and binary data are texts, and so are NaN and infinities; arrays, structs and maps are
    /// arrays and objects.
    ///
    /// # Errors
    /// [`Error::Answer`] on a type that cannot be written.
    pub fn rows(&self) -> Result<Vec<Vec<Value>>, Error> {
        let mut rows = Vec::new();
        for batch in &self.batches {
            let cells = batch.columns().iter().map(|column| Cells::new(column.as_ref()));
            let cells = cells.collect::<Result<Vec<_>, _>>().map_err(|error| unreadable(&error))?;
            for row in 0..batch.num_rows() {
                let values = cells.iter().map(|column| column.value(row));
                rows.push(values.collect::<Result<_, _>>().map_err(|error| unreadable(&error))?);
            }
        }
        Ok(rows)
    }
}

impl Answer {
    /// The names of the columns, each once: where one repeats, the later ones get a number, as in `id`, `id_2`.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for field in self.schema.fields() {
            let name = field.name();
            let free = std::iter::once(name.clone())
                .chain((2..).map(|n| format!("{name}_{n}")))
                .find(|name| !names.contains(name));
            names.extend(free);
        }
        names
    }
}

/// Adds the batches of one Arrow IPC stream, as each message of Spark Connect holds one.
pub(crate) fn decode(data: &[u8], batches: &mut Vec<RecordBatch>) -> Result<(), Error> {
    let reader = StreamReader::try_new(data, None).map_err(|error| unreadable(&error))?;
    let schema = reader.schema();
    let before = batches.len();
    for batch in reader {
        batches.push(batch.map_err(|error| unreadable(&error))?);
    }
    if batches.len() == before {
        // The schema must not be lost with the rows.
        batches.push(RecordBatch::new_empty(schema));
    }
    Ok(())
}

fn unreadable(error: &ArrowError) -> Error {
    Error::Answer { problem: error.to_string() }
}

/// Reads the values of a column one by one.
enum Cells<'a> {
    Integer(&'a dyn Array, ArrayFormatter<'a>),
    Float(&'a dyn Array),
    Boolean(&'a dyn Array),
    /// With a time zone, which says how Spark shows it and not which moment it is.
    Moment(&'a dyn Array),
    List(&'a dyn Array, Box<dyn Fn(usize) -> std::ops::Range<usize> + 'a>, Box<Cells<'a>>),
    Struct(&'a dyn Array, Vec<(&'a str, Cells<'a>)>),
    Map(
        &'a dyn Array,
        Box<dyn Fn(usize) -> std::ops::Range<usize> + 'a>,
        ArrayFormatter<'a>,
        Box<Cells<'a>>,
    ),
    Text(&'a dyn Array, ArrayFormatter<'a>),
}

impl<'a> Cells<'a> {
    fn new(array: &'a dyn Array) -> Result<Self, ArrowError> {
        let text = |array| ArrayFormatter::try_new(array, &FORMAT);
        Ok(match array.data_type() {
            kind if kind.is_integer() => Self::Integer(array, text(array)?),
            DataType::Float32 | DataType::Float64 => Self::Float(array),
            DataType::Boolean => Self::Boolean(array),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Self::Moment(array),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Self::List(
                    array,
                    ranges(list.value_offsets()),
                    Box::new(Self::new(list.values().as_ref())?),
                )
            }
            DataType::Struct(fields) => {
                let columns = fields.iter().zip(array.as_struct().columns());
                let cells = columns.map(|(field, column)| {
                    Ok((field.name().as_str(), Self::new(column.as_ref())?))
                });
                Self::Struct(array, cells.collect::<Result<_, ArrowError>>()?)
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let values = Box::new(Self::new(map.values().as_ref())?);
                Self::Map(array, ranges(map.value_offsets()), text(map.keys().as_ref())?, values)
            }
            _ => Self::Text(array, text(array)?),
        })
    }

    fn value(&self, row: usize) -> Result<Value, ArrowError> {
        let (Self::Integer(array, ..)
        | Self::Float(array)
        | Self::Boolean(array)
        | Self::Moment(array)
        | Self::List(array, ..)
        | Self::Struct(array, ..)
        | Self::Map(array, ..)
        | Self::Text(array, ..)) = self;
        if array.is_null(row) {
            return Ok(Value::Null);
        }
        Ok(match self {
            Self::Integer(_, text) => {
                let text = text.value(row).try_to_string()?;
                text.parse::<i64>().map_or(Value::String(text), Value::from)
            }
            Self::Float(array) => float(*array, row),
            Self::Boolean(array) => Value::Bool(array.as_boolean().value(row)),
            Self::Moment(array) => moment(*array, row),
            Self::List(_, range, values) => {
                let items = range(row).map(|item| values.value(item));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Self::Struct(_, columns) => {
                let fields =
                    columns.iter().map(|(name, cells)| Ok(((*name).to_owned(), cells.value(row)?)));
                Value::Object(fields.collect::<Result<Map<_, _>, ArrowError>>()?)
            }
            Self::Map(_, range, keys, values) => {
                let entries = range(row)
                    .map(|entry| Ok((keys.value(entry).try_to_string()?, values.value(entry)?)));
                Value::Object(entries.collect::<Result<Map<_, _>, ArrowError>>()?)
            }
            Self::Text(_, text) => Value::String(text.value(row).try_to_string()?),
        })
    }
}

const FORMAT: FormatOptions<'static> = FormatOptions::new();

fn ranges<'a>(offsets: &'a [i32]) -> Box<dyn Fn(usize) -> std::ops::Range<usize> + 'a> {
    // Offsets of Arrow are never negative.
    let at =
        move |row: usize| offsets.get(row).and_then(|at| usize::try_from(*at).ok()).unwrap_or(0);
    Box::new(move |row| at(row)..at(row + 1))
}

/// Values that are given as numbers, as texts.
pub(crate) mod text_of {
    use super::{ArrayFormatter, FORMAT, TimestampMicrosecondArray, Value};
    use arrow_array::Date32Array;

    /// Days since 1970.
    pub(crate) fn date(days: i32) -> Value {
        let array = Date32Array::from(vec![days]);
        let text = ArrayFormatter::try_new(&array, &FORMAT).map(|text| text.value(0).to_string());
        text.map_or_else(|_| Value::from(days), Value::String)
    }

    /// Microseconds since 1970, in UTC.
    pub(crate) fn moment(micros: i64) -> Value {
        super::moment(&TimestampMicrosecondArray::from(vec![micros]), 0)
    }
}

/// RFC 3339 in UTC; the number of microseconds where no calendar goes so far.
fn moment(array: &dyn Array, row: usize) -> Value {
    let array = array.as_primitive::<TimestampMicrosecondType>();
    match array.value_as_datetime(row) {
        Some(time) => Value::String(time.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()),
        None => Value::from(array.value(row)),
    }
}

fn float(array: &dyn Array, row: usize) -> Value {
    let value = match array.as_primitive_opt::<Float64Type>() {
        Some(array) => array.value(row),
        None => f64::from(array.as_primitive::<Float32Type>().value(row)),
    };
    Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number)
}

/// Spark's name of a type (`org.apache.spark.sql.types.DataType.simpleString`).
fn kind(kind_of: &DataType) -> String {
    let word = match kind_of {
        DataType::Null => "void",
        DataType::Boolean => "boolean",
        DataType::Int8 => "tinyint",
        DataType::Int16 => "smallint",
        DataType::Int32 => "int",
        DataType::Int64 => "bigint",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "binary",
        DataType::Date32 => "date",
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => "timestamp",
        DataType::Timestamp(TimeUnit::Microsecond, None) => "timestamp_ntz",
        DataType::Decimal128(precision, scale) => return format!("decimal({precision},{scale})"),
        DataType::List(item) => return format!("array<{}>", kind(item.data_type())),
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|f| format!("{}:{}", f.name(), kind(f.data_type())));
            return format!("struct<{}>", fields.collect::<Vec<_>>().join(","));
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                let (key, value) = (fields[0].data_type(), fields[1].data_type());
                return format!("map<{},{}>", kind(key), kind(value));
            }
            _ => "map",
        },
        other => return other.to_string().to_lowercase(),
    };
    word.to_owned()
}
