use super::Codec;
use super::blocks::BlockFormat;
use super::input::Input;
use std::io::{self, Read};

/// Raw Snappy blocks behind a header, the format of xerial's snappy-java (`SnappyOutputStream`).
///
/// Header: eight bytes of magic, version and lowest compatible version as big-endian 32 bits. Then blocks:
/// length as big-endian 32 bits, data. A header may come again anywhere between blocks; its first four bytes
/// are no possible length.
#[derive(Default)]
pub(super) struct Snappy {
    packed: Vec<u8>,
    has_header: bool,
}

const MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
const VERSION: u32 = 1;
/// Raw bytes of a block. `spark.io.compression.snappy.blockSize` is 32 KiB; nobody sets it as high as this.
const MAX_BLOCK_BYTES: usize = 64 * 1024 * 1024;

impl Snappy {
    fn read_header(&mut self, input: &mut Input<impl Read>, start: u64) -> io::Result<()> {
        let rest: [u8; 4] = input.array("a header")?;
        if rest != MAGIC[4..] {
            return Err(input.damaged(start, "a header does not begin with `SNAPPY`"));
        }
        let _version = u32::from_be_bytes(input.array("a header")?);
        let compatible = u32::from_be_bytes(input.array("a header")?);
        if compatible > VERSION {
            let what = format_args!("version {compatible} of the format is unknown");
            return Err(input.damaged(start, what));
        }
        self.has_header = true;
        Ok(())
    }
}

impl BlockFormat for Snappy {
    const CODEC: Codec = Codec::Snappy;
    /// `spark.io.compression.snappy.blockSize`.
    const BLOCK_BYTES: usize = 32 * 1024;

    fn read_block(&mut self, input: &mut Input<impl Read>, raw: &mut Vec<u8>) -> io::Result<bool> {
        if input.is_at_end()? {
            return Ok(false);
        }
        let start = input.offset();
        let head: [u8; 4] = input.array("a block length")?;
        if head == MAGIC[..4] {
            return self.read_header(input, start).map(|()| true);
        }
        if !self.has_header {
            return Err(input.damaged(start, "the header is missing"));
        }
        let length = u32::from_be_bytes(head) as usize;
        if length == 0 || length > snap::raw::max_compress_len(MAX_BLOCK_BYTES) {
            return Err(input.damaged(start, format_args!("impossible block length {length}")));
        }
        input.bytes(length, &mut self.packed, "a block")?;
        let raw_length = match snap::raw::decompress_len(&self.packed) {
            // No element of Snappy makes more than 64 bytes of three.
            Ok(raw_length) if raw_length <= MAX_BLOCK_BYTES.min(length.saturating_mul(32)) => {
                raw_length
            }
            Ok(raw_length) => {
                let what = format_args!("a block of {length} bytes claims to hold {raw_length}");
                return Err(input.damaged(start, what));
            }
            Err(error) => return Err(input.damaged(start, error)),
        };
        raw.resize(raw_length, 0);
        match snap::raw::Decoder::new().decompress(&self.packed, raw) {
            Ok(count) => raw.truncate(count),
            Err(error) => return Err(input.damaged(start, error)),
        }
        Ok(true)
    }

    fn write_head(&mut self, packed: &mut Vec<u8>) {
        packed.extend_from_slice(MAGIC);
        packed.extend_from_slice(&VERSION.to_be_bytes());
        packed.extend_from_slice(&VERSION.to_be_bytes());
    }

    fn write_block(&mut self, raw: &[u8], packed: &mut Vec<u8>) -> io::Result<()> {
        self.packed.resize(snap::raw::max_compress_len(raw.len()), 0);
        let length =
            snap::raw::Encoder::new().compress(raw, &mut self.packed).map_err(io::Error::other)?;
        packed.extend_from_slice(&u32::try_from(length).map_err(io::Error::other)?.to_be_bytes());
        packed.extend_from_slice(&self.packed[..length]);
        Ok(())
    }

    fn write_end(&mut self, _packed: &mut Vec<u8>) {}
}
