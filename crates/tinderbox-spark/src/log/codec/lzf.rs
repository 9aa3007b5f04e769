use super::Codec;
use super::blocks::BlockFormat;
use super::input::Input;
use std::io::{self, Read};

/// LZF chunks of compress-lzf (`LZFOutputStream`).
///
/// `Z`, `V`, a type; type 0: raw length, bytes; type 1: compressed length, raw length, data. Lengths are
/// big-endian 16 bits. There is neither header nor end nor checksum.
#[derive(Default)]
pub(super) struct Lzf {
    packed: Vec<u8>,
    /// Where three bytes were last seen, plus one; for writing.
    seen: Vec<u16>,
}

const RAW: u8 = 0;
const COMPRESSED: u8 = 1;

/// A back reference reaches this far back.
const MAX_DISTANCE: usize = 1 << 13;
const MAX_REFERENCE: usize = 264;
const MAX_LITERALS: usize = 32;
const HASH_BITS: u32 = 13;

impl BlockFormat for Lzf {
    const CODEC: Codec = Codec::Lzf;
    /// `LZFChunk.MAX_CHUNK_LEN`.
    const BLOCK_BYTES: usize = 0xffff;

    fn read_block(&mut self, input: &mut Input<impl Read>, raw: &mut Vec<u8>) -> io::Result<bool> {
        if input.is_at_end()? {
            return Ok(false);
        }
        let start = input.offset();
        let [z, v, kind]: [u8; 3] = input.array("a chunk header")?;
        if [z, v] != *b"ZV" {
            return Err(input.damaged(start, "a chunk begins with `ZV`, this one does not"));
        }
        let length = usize::from(u16::from_be_bytes(input.array("a chunk header")?));
        match kind {
            RAW => input.bytes(length, raw, "a chunk")?,
            COMPRESSED => {
                let raw_length = usize::from(u16::from_be_bytes(input.array("a chunk header")?));
                input.bytes(length, &mut self.packed, "a chunk")?;
                if decompress(&self.packed, raw_length, raw).is_none() {
                    let what = format_args!("a chunk does not hold its {raw_length} bytes");
                    return Err(input.damaged(start, what));
                }
            }
            _ => return Err(input.damaged(start, format_args!("unknown chunk type {kind}"))),
        }
        Ok(true)
    }

    fn write_head(&mut self, _packed: &mut Vec<u8>) {}

    fn write_block(&mut self, raw: &[u8], packed: &mut Vec<u8>) -> io::Result<()> {
        let raw_length = u16::try_from(raw.len()).map_err(io::Error::other)?;
        self.packed.clear();
        compress(raw, &mut self.seen, &mut self.packed);
        match u16::try_from(self.packed.len()) {
            Ok(length) if length < raw_length => {
                packed.extend_from_slice(&[b'Z', b'V', COMPRESSED]);
                packed.extend_from_slice(&length.to_be_bytes());
                packed.extend_from_slice(&raw_length.to_be_bytes());
                packed.extend_from_slice(&self.packed);
            }
            _ => {
                packed.extend_from_slice(&[b'Z', b'V', RAW]);
                packed.extend_from_slice(&raw_length.to_be_bytes());
                packed.extend_from_slice(raw);
            }
        }
        Ok(())
    }

    fn write_end(&mut self, _packed: &mut Vec<u8>) {}
}

/// Control bytes: `000lllll` is followed by `l + 1` literals; `lllddddd dddddddd` repeats `l + 2` bytes from
/// `d + 1` bytes before, and for `lll` of seven another byte of length stands between.
fn decompress(mut packed: &[u8], raw_length: usize, raw: &mut Vec<u8>) -> Option<()> {
    raw.reserve(raw_length);
    while let Some((&control, rest)) = packed.split_first() {
        packed = rest;
        if control < 32 {
            let literals;
            (literals, packed) = packed.split_at_checked(usize::from(control) + 1)?;
            raw.extend_from_slice(literals);
        } else {
            let mut length = usize::from(control >> 5) + 2;
            let mut low;
            (low, packed) = packed.split_first()?;
            if length == 9 {
                length += usize::from(*low);
                (low, packed) = packed.split_first()?;
            }
            let distance = (usize::from(control & 31) << 8) + usize::from(*low) + 1;
            let from = raw.len().checked_sub(distance)?;
            if length <= distance {
                raw.extend_from_within(from..from + length);
            } else {
                // The source runs into its own copy.
                (from..from + length).for_each(|at| raw.push(raw[at]));
            }
        }
        if raw.len() > raw_length {
            return None;
        }
    }
    (raw.len() == raw_length).then_some(())
}

/// Greedy, with the last place of every hash of three bytes.
fn compress(raw: &[u8], seen: &mut Vec<u16>, packed: &mut Vec<u8>) {
    seen.clear();
    seen.resize(1 << HASH_BITS, 0);
    let mut literals = 0;
    let mut at = 0;
    while let Some(&[a, b, c]) = raw.get(at..at + 3) {
        let word = u32::from_be_bytes([0, a, b, c]);
        let slot = (word.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize;
        // At most 0xffff bytes: a place plus one fits.
        let before = std::mem::replace(&mut seen[slot], u16::try_from(at + 1).unwrap_or(0));
        let found = usize::from(before)
            .checked_sub(1)
            .filter(|&from| at - from <= MAX_DISTANCE && raw[from..from + 3] == raw[at..at + 3]);
        let Some(from) = found else {
            at += 1;
            continue;
        };
        write_literals(&raw[literals..at], packed);
        let limit = MAX_REFERENCE.min(raw.len() - at);
        let length = (3..limit).find(|&n| raw[from + n] != raw[at + n]).unwrap_or(limit);
        write_reference(at - from - 1, length - 2, packed);
        at += length;
        literals = at;
    }
    write_literals(&raw[literals..], packed);
}

fn write_literals(literals: &[u8], packed: &mut Vec<u8>) {
    for run in literals.chunks(MAX_LITERALS) {
        packed.push(low_byte(run.len() - 1));
        packed.extend_from_slice(run);
    }
}

fn write_reference(distance: usize, length: usize, packed: &mut Vec<u8>) {
    packed.push(low_byte(length.min(7) << 5 | distance >> 8));
    if length >= 7 {
        packed.push(low_byte(length - 7));
    }
    packed.push(low_byte(distance & 0xff));
}

fn low_byte(number: usize) -> u8 {
    number.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_may_run_into_their_own_copy() {
        let mut raw = Vec::new();
        // One literal `a`, then 9 + 1 bytes from one byte before.
        assert_eq!(decompress(&[0, b'a', 0xe0, 1, 0], 11, &mut raw), Some(()));
        assert_eq!(raw, b"aaaaaaaaaaa");
    }

    #[test]
    fn impossible_chunks_are_refused() {
        for packed in [
            &[0x20, 0][..],   // a reference before the beginning
            &[0, b'a', 0x20], // half a reference
            &[3, b'a', b'b'], // too few literals
            &[1, b'a', b'b'], // more bytes than promised
            &[],              // fewer
            &[0, b'a', 0xe0, 255, 0],
        ] {
            assert_eq!(decompress(packed, 1, &mut Vec::new()), None, "{packed:?}");
        }
    }

    #[test]
    fn text_becomes_smaller() {
        let text = "{\"Event\":\"SparkListenerTaskEnd\",\"Stage ID\":0}\n".repeat(100);
        let mut packed = Vec::new();
        compress(text.as_bytes(), &mut Vec::new(), &mut packed);
        assert!(packed.len() < text.len() / 10, "{}", packed.len());
        let mut raw = Vec::new();
        assert_eq!(decompress(&packed, text.len(), &mut raw), Some(()));
        assert_eq!(raw, text.as_bytes());
    }
}
