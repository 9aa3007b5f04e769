use crate::Error;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use std::fs::File;
use std::path::Path;

/// The names of the columns of any Parquet file, in order. Only its footer is read.
///
/// # Errors
/// [`Error::Open`], and [`Error::Damaged`] for what is no Parquet file.
pub fn parquet_columns(path: &Path) -> Result<Vec<String>, Error> {
    let opened = File::open(path);
    let file = opened.map_err(|source| Error::Open { path: path.to_owned(), source })?;
    let reader = SerializedFileReader::new(file).map_err(|error| Error::Damaged {
        path: path.to_owned(),
        what: "Parquet file",
        source: error.into(),
    })?;
    let schema = reader.metadata().file_metadata().schema();
    Ok(schema.get_fields().iter().map(|field| field.name().to_owned()).collect())
}
