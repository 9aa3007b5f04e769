use super::Codec;
use super::input::Input;
use std::io::{self, Read, Write};

/// A format of independent blocks, each with its lengths before it.
pub(super) trait BlockFormat {
    /// Whose format it is.
    const CODEC: Codec;
    /// Raw bytes of a block that our writer makes: Spark's default size.
    const BLOCK_BYTES: usize;

    /// Decodes the next block into `raw`, which is empty and may stay so. `false` at the end of the file.
    fn read_block(&mut self, input: &mut Input<impl Read>, raw: &mut Vec<u8>) -> io::Result<bool>;

    /// Appends what stands before all blocks.
    fn write_head(&mut self, packed: &mut Vec<u8>);

    /// Appends a block of at least one and at most [`Self::BLOCK_BYTES`] raw bytes.
    fn write_block(&mut self, raw: &[u8], packed: &mut Vec<u8>) -> io::Result<()>;

    /// Appends what stands behind all blocks.
    fn write_end(&mut self, packed: &mut Vec<u8>);
}

/// Decodes one block at a time; holds one block, compressed and raw.
pub(super) struct BlockReader<R, F> {
    input: Input<R>,
    format: F,
    raw: Vec<u8>,
    taken: usize,
}

impl<R: Read, F: BlockFormat> BlockReader<R, F> {
    pub(super) fn new(reader: R, format: F) -> Self {
        Self { input: Input::new(F::CODEC, reader), format, raw: Vec::new(), taken: 0 }
    }
}

impl<R: Read, F: BlockFormat> Read for BlockReader<R, F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.raw.len() && !out.is_empty() {
            self.raw.clear();
            self.taken = 0;
            match self.format.read_block(&mut self.input, &mut self.raw) {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(error) => {
                    self.raw.clear();
                    return Err(error);
                }
            }
        }
        let count = (&self.raw[self.taken..]).read(out)?;
        self.taken += count;
        Ok(count)
    }
}

/// Collects raw bytes into blocks. A flush ends the block that is open.
pub(super) struct BlockWriter<W, F> {
    output: W,
    format: F,
    raw: Vec<u8>,
    packed: Vec<u8>,
}

impl<W: Write, F: BlockFormat> BlockWriter<W, F> {
    pub(super) fn new(output: W, mut format: F) -> Self {
        let mut packed = Vec::new();
        format.write_head(&mut packed);
        Self { output, format, raw: Vec::with_capacity(F::BLOCK_BYTES), packed }
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.end_block()?;
        self.format.write_end(&mut self.packed);
        self.flush()?;
        Ok(self.output)
    }

    fn end_block(&mut self) -> io::Result<()> {
        if !self.raw.is_empty() {
            self.format.write_block(&self.raw, &mut self.packed)?;
            self.raw.clear();
        }
        self.output.write_all(&self.packed)?;
        self.packed.clear();
        Ok(())
    }
}

impl<W: Write, F: BlockFormat> Write for BlockWriter<W, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.raw.len() == F::BLOCK_BYTES {
            self.end_block()?;
        }
        let count = bytes.len().min(F::BLOCK_BYTES - self.raw.len());
        self.raw.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end_block()?;
        self.output.flush()
    }
}
