//! Codecs that Spark's writers know, by format.

use crate::diagnostic::Report;
use crate::nearest::nearest;
use crate::operation::build::Parameters;
use crate::tree::Spanned;

/// Endings of compressed files that Hadoop's codecs read.
/// Source: `getDefaultExtension` of the codecs in `org.apache.hadoop.io.compress`.
pub(crate) const ENDINGS: &[&str] = &[".gz", ".bz2", ".deflate", ".snappy", ".lz4", ".zst"];

/// Codecs by format; the first one is Spark's default.
///
/// Source: `ParquetOptions.shortParquetCompressionCodecNames`, `OrcOptions.shortOrcCompressionCodecNames`,
/// `org.apache.spark.sql.avro.AvroCompressionCodec` and, for text, `CompressionCodecs` (in Spark 4
/// `HadoopCompressionCodec`) in `org.apache.spark.sql.catalyst.util`; Iceberg's `write.parquet.compression-codec`.
const CODECS: &[(&str, &[&str])] = &[
    (
        "parquet",
        &["snappy", "none", "uncompressed", "gzip", "zstd", "lz4", "lz4_raw", "lzo", "brotli"],
    ),
    ("orc", &["snappy", "none", "uncompressed", "zlib", "zstd", "lz4", "lzo"]),
    ("avro", &["snappy", "uncompressed", "deflate", "bzip2", "xz", "zstandard"]),
    ("iceberg", &["zstd", "gzip", "snappy", "lz4", "brotli", "uncompressed"]),
];

/// Of csv, json, text and xml.
const TEXT_CODECS: &[&str] = &["none", "uncompressed", "gzip", "bzip2", "deflate", "snappy", "lz4"];

/// The codecs of a format in the document's words; without a format those of Parquet, as Spark makes tables.
pub(crate) fn of(format: Option<&str>) -> &'static [&'static str] {
    let format = match format {
        None | Some("delta") => "parquet",
        Some(format) => format,
    };
    CODECS.iter().find(|(name, _)| *name == format).map_or(TEXT_CODECS, |(_, codecs)| codecs)
}

/// The writer's option for a codec. Other common names of the same codec are taken: `zstd` of Avro is `zstandard`.
pub(crate) fn option(
    format: Option<&str>,
    codec: &Spanned,
    node: &Parameters<'_>,
    report: &mut Report<'_>,
) -> Option<(String, String)> {
    let codecs = of(format);
    let lower = codec.text.to_lowercase();
    let same = match (format, lower.as_str()) {
        (Some("avro"), "zstd") => "zstandard",
        (Some("avro"), "none") => "uncompressed",
        (Some("orc"), "gzip" | "deflate") => "zlib",
        (_, "gz") => "gzip",
        (_, other) => other,
    };
    if let Some(known) = codecs.iter().find(|known| **known == same) {
        let key = if format == Some("iceberg") { "compression-codec" } else { "compression" };
        return Some((key.to_owned(), (*known).to_owned()));
    }
    let name = format.unwrap_or("parquet");
    let message = format!("there is no codec `{}` for {name}", codec.text);
    report.error("spec::codec", codec.span, &node.path_of("compression"), message).hint =
        Some(match nearest(&lower, codecs.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of: {}", codecs.join(", ")),
        });
    None
}
