use super::Codec;
use super::input::Input;
use std::io::{self, ErrorKind, Read, Write};
use zstd::stream::raw::{self, InBuffer, Operation, OutBuffer};

/// Zstd frames one after the other. Of a cut frame all whole blocks are delivered.
pub(super) struct ZstdReader<R: Read>(zstd::Decoder<'static, Input<R>>);

impl<R: Read> ZstdReader<R> {
    pub(super) fn new(reader: R) -> io::Result<Self> {
        zstd::Decoder::with_buffer(Input::new(Codec::Zstd, reader)).map(Self)
    }
}

impl<R: Read> Read for ZstdReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let result = self.0.read(out);
        let input = self.0.get_mut();
        match result {
            Ok(count) => Ok(count),
            Err(error) if input.failed() || error.kind() == ErrorKind::Interrupted => Err(error),
            // No byte at all is an empty log.
            Err(_) if input.offset() == 0 && input.is_at_end()? => Ok(0),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(input.cut("a frame")),
            Err(error) => Err(input.damaged(input.offset(), error)),
        }
    }
}

/// Ends a frame at every flush, like `ZStdCompressionCodec.compressedContinuousOutputStream`.
pub(super) struct ZstdWriter<W> {
    output: W,
    encoder: raw::Encoder<'static>,
    packed: Vec<u8>,
    open: bool,
}

/// `spark.io.compression.zstd.level`.
const LEVEL: i32 = 1;
const PACKED_BYTES: usize = 32 * 1024;

impl<W: Write> ZstdWriter<W> {
    pub(super) fn new(output: W) -> io::Result<Self> {
        let encoder = raw::Encoder::new(LEVEL)?;
        Ok(Self { output, encoder, packed: vec![0; PACKED_BYTES], open: false })
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.output)
    }
}

impl<W: Write> Write for ZstdWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut input = InBuffer::around(bytes);
        while input.pos() < bytes.len() {
            self.open = true;
            let mut output = OutBuffer::around(self.packed.as_mut_slice());
            self.encoder.run(&mut input, &mut output)?;
            self.output.write_all(output.as_slice())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.open {
            let mut output = OutBuffer::around(self.packed.as_mut_slice());
            self.open = self.encoder.finish(&mut output, true)? > 0;
            self.output.write_all(output.as_slice())?;
            if !self.open {
                self.encoder.reinit()?;
            }
        }
        self.output.flush()
    }
}
