mod blocks;
mod encoder;
mod gzip;
mod input;
mod lz4;
mod lzf;
mod snappy;
mod zstd;

pub use encoder::Encoder;

use self::blocks::BlockReader;
use self::gzip::GzipReader;
use self::input::Sticky;
use self::lz4::Lz4;
use self::lzf::Lzf;
use self::snappy::Snappy;
use self::zstd::ZstdReader;
use super::layout;
use crate::Error;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};

/// How the bytes of a log file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not at all.
    Plain,
    /// Concatenated zstd frames, one per flush of Spark's writer.
    Zstd,
    /// lz4-java's block stream.
    Lz4,
    /// Snappy blocks behind an xerial header.
    Snappy,
    /// LZF chunks.
    Lzf,
    /// Gzip members. Not Spark's own; log shippers and Databricks pack parts with it.
    Gzip,
}

/// Decoded bytes are read in pieces of this size.
const BUFFER_BYTES: usize = 256 * 1024;

impl Codec {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Plain, Self::Zstd, Self::Lz4, Self::Snappy, Self::Lzf, Self::Gzip];

    /// The codec that a file name tells: its last dot part, without `.inprogress` and `.compact`. Anything
    /// else is [`Codec::Plain`].
    pub fn of_name(name: &str) -> Self {
        match layout::without_state(name).rsplit_once('.').map(|(_, suffix)| suffix) {
            Some("zstd" | "zst") => Self::Zstd,
            Some("lz4") => Self::Lz4,
            Some("snappy") => Self::Snappy,
            Some("lzf") => Self::Lzf,
            Some("gz" | "gzip") => Self::Gzip,
            _ => Self::Plain,
        }
    }

    /// The codec that the first bytes tell, for files that lost their suffix; eight bytes are enough.
    /// [`Codec::Plain`] when they tell none.
    pub fn of_bytes(head: &[u8]) -> Self {
        const MAGIC: [(&[u8], Codec); 5] = [
            (&[0x28, 0xb5, 0x2f, 0xfd], Codec::Zstd),
            (b"LZ4Block", Codec::Lz4),
            (b"\x82SNAPPY\0", Codec::Snappy),
            (b"ZV", Codec::Lzf),
            (&[0x1f, 0x8b], Codec::Gzip),
        ];
        MAGIC.into_iter().find(|(magic, _)| head.starts_with(magic)).map_or(Self::Plain, |(_, c)| c)
    }

    /// A reader of the decoded bytes. Holds one block or zstd window, whatever the file claims.
    ///
    /// A file that ends inside a frame, block or member reads as `UnexpectedEof` after everything that can be
    /// decoded before; damage as `InvalidData` with codec, offset in the compressed file and what is wrong.
    ///
    /// # Errors
    /// [`Error::Decoder`] when the decoder cannot be set up.
    pub fn decode<'r>(
        self,
        input: impl Read + Send + 'r,
    ) -> Result<Box<dyn BufRead + Send + 'r>, Error> {
        Ok(match self {
            Self::Plain => Box::new(BufReader::with_capacity(BUFFER_BYTES, input)),
            Self::Zstd => {
                let reader = ZstdReader::new(input)
                    .map_err(|source| Error::Decoder { codec: self, source })?;
                buffered(reader)
            }
            Self::Lz4 => buffered(BlockReader::new(input, Lz4::default())),
            Self::Snappy => buffered(BlockReader::new(input, Snappy::default())),
            Self::Lzf => buffered(BlockReader::new(input, Lzf::default())),
            Self::Gzip => buffered(GzipReader::new(input)),
        })
    }

    /// A writer that compresses in the framing of Spark's own writer; [`Encoder::finish`] ends it.
    ///
    /// # Errors
    /// When the encoder cannot be set up.
    pub fn encode<W: Write>(self, output: W) -> io::Result<Encoder<W>> {
        Encoder::new(self, output)
    }
}

fn buffered<'r>(reader: impl Read + Send + 'r) -> Box<dyn BufRead + Send + 'r> {
    Box::new(BufReader::with_capacity(BUFFER_BYTES, Sticky::new(reader)))
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "no codec",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Snappy => "snappy",
            Self::Lzf => "lzf",
            Self::Gzip => "gzip",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Codec;

    #[test]
    fn codec_is_the_last_dot_part_without_state_suffixes() {
        for (name, codec) in [
            ("local-1", Codec::Plain),
            ("app-2.inprogress", Codec::Plain),
            ("app-2.zstd.inprogress", Codec::Zstd),
            ("events_3_app-2.zstd.compact", Codec::Zstd),
            ("events_3_app-2.zstd.compact.inprogress", Codec::Zstd),
            ("app-2.zst", Codec::Zstd),
            ("app-2.lz4", Codec::Lz4),
            ("app-2.snappy", Codec::Snappy),
            ("app-2.lzf", Codec::Lzf),
            ("eventlog-2021-06-15--15-00.gz", Codec::Gzip),
            ("my.job.log", Codec::Plain),
        ] {
            assert_eq!(Codec::of_name(name), codec, "{name}");
        }
    }

    #[test]
    fn codec_is_seen_in_the_first_bytes() {
        assert_eq!(Codec::of_bytes(&::zstd::encode_all(&b"{}"[..], 0).unwrap()), Codec::Zstd);
        assert_eq!(Codec::of_bytes(b"LZ4Block\x25"), Codec::Lz4);
        assert_eq!(Codec::of_bytes(b"\x82SNAPPY\0\0\0\0\x01"), Codec::Snappy);
        assert_eq!(Codec::of_bytes(b"ZV\x01\x00\x10"), Codec::Lzf);
        assert_eq!(Codec::of_bytes(&[0x1f, 0x8b, 8]), Codec::Gzip);
        assert_eq!(Codec::of_bytes(b"{\"Event\":"), Codec::Plain);
        assert_eq!(Codec::of_bytes(b""), Codec::Plain);
    }
}
