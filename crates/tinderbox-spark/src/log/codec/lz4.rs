use super::Codec;
use super::blocks::BlockFormat;
use super::input::Input;
use std::io::{self, Read};
use twox_hash::XxHash32;

/// The block stream of lz4-java (`LZ4BlockOutputStream`), not LZ4's own frame format.
///
/// A block: `LZ4Block`, a token (method and size class), compressed and raw length and checksum as
/// little-endian 32 bits, data. A raw length of zero ends a stream, and another one may follow. The end may be
/// missing: a driver that died writes none.
#[derive(Default)]
pub(super) struct Lz4 {
    packed: Vec<u8>,
}

const MAGIC: &[u8; 8] = b"LZ4Block";
/// The low four bits of a token: blocks have at most `1 << (10 + class)` raw bytes, 32 MiB.
const SMALLEST_CLASS: u8 = 10;
const METHOD_RAW: u8 = 0x10;
const METHOD_LZ4: u8 = 0x20;
/// `LZ4BlockOutputStream.DEFAULT_SEED`.
const SEED: u32 = 0x9747_b28c;
/// `StreamingXXHash32.asChecksum` keeps 28 bits.
const CHECKSUM_BITS: u32 = 0x0fff_ffff;

impl BlockFormat for Lz4 {
    const CODEC: Codec = Codec::Lz4;
    /// `spark.io.compression.lz4.blockSize`.
    const BLOCK_BYTES: usize = 32 * 1024;

    fn read_block(&mut self, input: &mut Input<impl Read>, raw: &mut Vec<u8>) -> io::Result<bool> {
        if input.is_at_end()? {
            return Ok(false);
        }
        let start = input.offset();
        let magic: [u8; 8] = input.array("a block header")?;
        if &magic != MAGIC {
            return Err(input.damaged(start, "a block begins with `LZ4Block`, this one does not"));
        }
        let [token] = input.array("a block header")?;
        let packed_length = u32::from_le_bytes(input.array("a block header")?);
        let raw_length = u32::from_le_bytes(input.array("a block header")?);
        let checksum = u32::from_le_bytes(input.array("a block header")?);

        let method = token & 0xf0;
        let limit = 1_u64 << (SMALLEST_CLASS + (token & 0x0f));
        // LZ4's own bound for bytes that do not compress.
        let packed_limit = u64::from(raw_length) + u64::from(raw_length) / 255 + 16;
        let fits = match method {
            METHOD_RAW => packed_length == raw_length,
            METHOD_LZ4 => u64::from(packed_length) <= packed_limit,
            _ => return Err(input.damaged(start, format_args!("unknown block type {token:#04x}"))),
        };
        if u64::from(raw_length) > limit || !fits || (raw_length == 0) != (packed_length == 0) {
            let what = format_args!(
                "impossible block lengths, {packed_length} bytes for {raw_length} (limit {limit})"
            );
            return Err(input.damaged(start, what));
        }
        if raw_length == 0 {
            return match checksum {
                0 => Ok(true),
                _ => Err(input.damaged(start, "the end of the stream has a checksum")),
            };
        }
        // At most 32 MiB by the check above.
        let (packed_length, raw_length) = (packed_length as usize, raw_length as usize);
        if method == METHOD_RAW {
            input.bytes(packed_length, raw, "a block")?;
        } else {
            input.bytes(packed_length, &mut self.packed, "a block")?;
            raw.resize(raw_length, 0);
            match lz4_flex::block::decompress_into(&self.packed, raw) {
                Ok(count) if count == raw_length => {}
                Ok(count) => {
                    let what = format_args!("a block of {raw_length} bytes has only {count}");
                    return Err(input.damaged(start, what));
                }
                Err(error) => return Err(input.damaged(start, error)),
            }
        }
        if XxHash32::oneshot(SEED, raw) & CHECKSUM_BITS != checksum {
            return Err(input.damaged(start, "the checksum of a block does not match"));
        }
        Ok(true)
    }

    fn write_head(&mut self, _packed: &mut Vec<u8>) {}

    fn write_block(&mut self, raw: &[u8], packed: &mut Vec<u8>) -> io::Result<()> {
        let checksum = XxHash32::oneshot(SEED, raw) & CHECKSUM_BITS;
        let compressed = lz4_flex::block::compress(raw);
        if compressed.len() < raw.len() {
            write_one(METHOD_LZ4, &compressed, raw.len(), checksum, packed)
        } else {
            write_one(METHOD_RAW, raw, raw.len(), checksum, packed)
        }
    }

    fn write_end(&mut self, packed: &mut Vec<u8>) {
        packed.extend_from_slice(MAGIC);
        packed.push(METHOD_RAW | SIZE_CLASS);
        packed.extend_from_slice(&[0; 12]);
    }
}

/// Of 32 KiB.
const SIZE_CLASS: u8 = 5;

fn write_one(
    method: u8,
    data: &[u8],
    raw_length: usize,
    checksum: u32,
    packed: &mut Vec<u8>,
) -> io::Result<()> {
    packed.extend_from_slice(MAGIC);
    packed.push(method | SIZE_CLASS);
    for length in [data.len(), raw_length] {
        let length = u32::try_from(length).map_err(io::Error::other)?;
        packed.extend_from_slice(&length.to_le_bytes());
    }
    packed.extend_from_slice(&checksum.to_le_bytes());
    packed.extend_from_slice(data);
    Ok(())
}
