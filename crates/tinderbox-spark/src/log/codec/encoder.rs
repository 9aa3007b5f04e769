use super::Codec;
use super::blocks::BlockWriter;
use super::lz4::Lz4;
use super::lzf::Lzf;
use super::snappy::Snappy;
use super::zstd::ZstdWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt;
use std::io::{self, Write};

/// Compresses a log in the framing that Spark uses. Made by [`Codec::encode`].
///
/// A flush makes everything before it readable: it ends a zstd frame, a block or a chunk. What was written
/// after the last flush is lost unless [`Encoder::finish`] is called.
pub struct Encoder<W: Write>(Framing<W>);

enum Framing<W: Write> {
    Plain(W),
    Zstd(Box<ZstdWriter<W>>),
    Lz4(Box<BlockWriter<W, Lz4>>),
    Snappy(Box<BlockWriter<W, Snappy>>),
    Lzf(Box<BlockWriter<W, Lzf>>),
    Gzip(Box<GzEncoder<W>>),
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(codec: Codec, output: W) -> io::Result<Self> {
        Ok(Self(match codec {
            Codec::Plain => Framing::Plain(output),
            Codec::Zstd => Framing::Zstd(Box::new(ZstdWriter::new(output)?)),
            Codec::Lz4 => Framing::Lz4(Box::new(BlockWriter::new(output, Lz4::default()))),
            Codec::Snappy => Framing::Snappy(Box::new(BlockWriter::new(output, Snappy::default()))),
            Codec::Lzf => Framing::Lzf(Box::new(BlockWriter::new(output, Lzf::default()))),
            Codec::Gzip => Framing::Gzip(Box::new(GzEncoder::new(output, Compression::fast()))),
        }))
    }

    /// Writes what is held back and the end of the format, and gives the writer back.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Framing::Plain(mut output) => output.flush().map(|()| output),
            Framing::Zstd(writer) => writer.finish(),
            Framing::Lz4(writer) => writer.finish(),
            Framing::Snappy(writer) => writer.finish(),
            Framing::Lzf(writer) => writer.finish(),
            Framing::Gzip(writer) => writer.finish(),
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match &mut self.0 {
            Framing::Plain(output) => output,
            Framing::Zstd(writer) => writer,
            Framing::Lz4(writer) => writer,
            Framing::Snappy(writer) => writer,
            Framing::Lzf(writer) => writer,
            Framing::Gzip(writer) => writer,
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }
}

impl<W: Write> fmt::Debug for Encoder<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoder")
    }
}
