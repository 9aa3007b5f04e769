//! Rows as lines of CSV and JSON.

use super::columns::Cells;
use super::schema::DataSetTable;
use arrow_array::{Array, RecordBatch};
use jiff::Timestamp;
use std::io::Write;

/// The first line.
pub(super) fn csv_head(table: DataSetTable) -> Vec<u8> {
    let names: Vec<_> = table.columns().iter().map(|column| column.name).collect();
    format!("{}\n", names.join(",")).into_bytes()
}

/// A line for each row.
pub(super) fn csv(table: DataSetTable, batch: &RecordBatch, out: &mut Vec<u8>) {
    let columns = cells(table, batch);
    out.reserve(batch.num_rows() * columns.len() * 10);
    for row in 0..batch.num_rows() {
        for (index, (_, cells)) in columns.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if cells.is_missing(row) {
                continue;
            }
            match text_of(cells, row) {
                Some(text) => csv_text(out, text),
                None => plain(out, cells, row),
            }
        }
        out.push(b'\n');
    }
}

/// An object for each row.
pub(super) fn json_lines(table: DataSetTable, batch: &RecordBatch, out: &mut Vec<u8>) {
    let columns = cells(table, batch);
    out.reserve(batch.num_rows() * columns.len() * 28);
    for row in 0..batch.num_rows() {
        for (index, (name, cells)) in columns.iter().enumerate() {
            out.push(if index == 0 { b'{' } else { b',' });
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            if cells.is_missing(row) {
                out.extend_from_slice(b"null");
            } else if let Some(text) = text_of(cells, row) {
                json_text(out, text);
            } else if matches!(cells, Cells::Time(_)) {
                out.push(b'"');
                plain(out, cells, row);
                out.push(b'"');
            } else {
                plain(out, cells, row);
            }
        }
        out.extend_from_slice(b"}\n");
    }
}

fn cells(table: DataSetTable, batch: &RecordBatch) -> Vec<(&'static str, Cells<'_>)> {
    let columns = table.columns().iter().zip(batch.columns());
    columns.filter_map(|(spec, array)| Some((spec.name, Cells::of(spec.kind, array)?))).collect()
}

fn text_of<'a>(cells: &Cells<'a>, row: usize) -> Option<&'a str> {
    match cells {
        Cells::Text(array) => Some(array.value(row)),
        Cells::Word(codes, words) => {
            let code = usize::try_from(codes.value(row)).ok()?;
            (code < words.len()).then(|| words.value(code))
        }
        _ => None,
    }
}

/// What needs no quotes. Writing to a vector does not fail.
fn plain(out: &mut Vec<u8>, cells: &Cells<'_>, row: usize) {
    let _ = match cells {
        Cells::Int(array) => write!(out, "{}", array.value(row)),
        // Always with a point, so that readers that guess types do not see a whole number.
        Cells::Float(array) => write!(out, "{:?}", array.value(row)),
        Cells::Bool(array) => write!(out, "{}", array.value(row)),
        Cells::Time(array) => {
            let time = Timestamp::from_microsecond(array.value(row)).unwrap_or_default();
            // The zone is left out: all times are UTC.
            write!(out, "{}", time.strftime("%Y-%m-%dT%H:%M:%S%.3f"))
        }
        Cells::Text(_) | Cells::Word(..) => Ok(()),
    };
}

fn csv_text(out: &mut Vec<u8>, text: &str) {
    if !text.contains([',', '"', '\n', '\r']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

fn json_text(out: &mut Vec<u8>, text: &str) {
    // Writing text to a vector does not fail.
    let _ = serde_json::to_writer(out, text);
}
