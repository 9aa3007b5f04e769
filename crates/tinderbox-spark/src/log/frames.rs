use std::iter::FusedIterator;
use std::ops::Range;

/// Finds the whole zstd frames at the beginning of `bytes` without decoding them: only headers of frames and
/// blocks are looked at, eight or so bytes in 128 KiB.
///
/// For decoding frames in parallel and for going on at the edge of a frame. `bytes` may be any piece of a file
/// that begins at such an edge and may end inside a frame:
///
/// ```
/// use tinderbox_spark::log::zstd_frames;
/// # fn read_more(_: &mut Vec<u8>) -> bool { false }
/// let mut buffer = Vec::new();
/// while read_more(&mut buffer) {
///     let mut frames = zstd_frames(&buffer);
///     for range in &mut frames {
///         let _frame = &buffer[range]; // decode it, here or elsewhere
///     }
///     let whole = frames.end();
///     buffer.drain(..whole);
/// }
/// ```
///
/// Spark ends a frame at each flush, so frames are small and begin with a line, but neither is promised: a log
/// packed by the zstd program is one frame. A caller whose buffer reaches its limit without a whole frame
/// decodes as a stream, with [`Codec::decode`](super::Codec::decode).
pub fn zstd_frames(bytes: &[u8]) -> ZstdFrames<'_> {
    ZstdFrames { bytes, end: 0, damage: None }
}

/// Ranges of whole frames, in their order and without gaps. Skippable frames, which decode to nothing, are
/// among them.
#[derive(Debug, Clone)]
pub struct ZstdFrames<'b> {
    bytes: &'b [u8],
    end: usize,
    damage: Option<&'static str>,
}

impl ZstdFrames<'_> {
    /// Where the last frame that was returned ends: everything before is whole, what follows is not or was not
    /// looked at yet.
    pub fn end(&self) -> usize {
        self.end
    }

    /// What is wrong at [`ZstdFrames::end`], when more bytes would not make a frame of it. `None` for a partial
    /// frame. Only headers are checked: a decoder may still refuse a frame.
    pub fn damage(&self) -> Option<&'static str> {
        self.damage
    }
}

impl Iterator for ZstdFrames<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        match frame_length(&self.bytes[self.end..]) {
            Ok(length) => {
                let start = self.end;
                self.end += length;
                Some(start..self.end)
            }
            Err(Stop::Partial) => None,
            Err(Stop::Damaged(what)) => {
                self.damage = Some(what);
                None
            }
        }
    }
}

impl FusedIterator for ZstdFrames<'_> {}

enum Stop {
    Partial,
    Damaged(&'static str),
}

const FRAME_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// `0x184D2A50` to `0x184D2A5F`, the first byte without its low four bits.
const SKIPPABLE_MAGIC: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];
/// `Block_Maximum_Size` of RFC 8878.
const MAX_BLOCK_BYTES: usize = 128 * 1024;

/// The length of the frame at the beginning of `bytes`, by RFC 8878.
fn frame_length(bytes: &[u8]) -> Result<usize, Stop> {
    let [first, rest @ ..] = array::<4>(bytes, 0)?;
    if [first & 0xf0, rest[0], rest[1], rest[2]] == SKIPPABLE_MAGIC {
        let length = u32::from_le_bytes(array(bytes, 4)?) as usize;
        return whole(bytes, length.saturating_add(8));
    }
    if [first, rest[0], rest[1], rest[2]] != FRAME_MAGIC {
        return Err(Stop::Damaged("no frame begins here"));
    }
    let [descriptor] = array(bytes, 4)?;
    if descriptor & 0b1000 != 0 {
        return Err(Stop::Damaged("a frame has a reserved bit set"));
    }
    let single_segment = descriptor & 0b10_0000 != 0;
    let window = usize::from(!single_segment);
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 0b11)];
    let content_size = match descriptor >> 6 {
        0 => usize::from(single_segment),
        bits => 1 << bits,
    };
    let mut at = 5 + window + dictionary + content_size;
    loop {
        let [low, middle, high] = array(bytes, at)?;
        let header = u32::from_le_bytes([low, middle, high, 0]);
        let size = (header >> 3) as usize;
        if size > MAX_BLOCK_BYTES {
            return Err(Stop::Damaged("a block is larger than 128 KiB"));
        }
        at += 3 + match header >> 1 & 0b11 {
            // One byte, repeated.
            1 => 1,
            0 | 2 => size,
            _ => return Err(Stop::Damaged("a block has the reserved type")),
        };
        if header & 1 == 1 {
            let checksum = if descriptor & 0b100 == 0 { 0 } else { 4 };
            return whole(bytes, at + checksum);
        }
    }
}

fn whole(bytes: &[u8], length: usize) -> Result<usize, Stop> {
    if length <= bytes.len() { Ok(length) } else { Err(Stop::Partial) }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Stop> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(Stop::Partial)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// All kinds of frames: large and empty, with and without checksum and content size, skippable.
    fn frames() -> Vec<Vec<u8>> {
        // Neither constant nor compressible at once: blocks of all types.
        let noise: Vec<u8> =
            (0..300_000_u32).map(|n| n.wrapping_mul(n ^ 0x9e37).to_le_bytes()[1]).collect();
        let mut checked = zstd::Encoder::new(Vec::new(), 3).unwrap();
        checked.include_checksum(true).unwrap();
        checked.write_all(&noise).unwrap();
        vec![
            zstd::encode_all(&noise[..], 1).unwrap(),
            checked.finish().unwrap(),
            zstd::encode_all(&[b'x'; 400_000][..], 1).unwrap(),
            zstd::bulk::compress(&noise[..70_000], 1).unwrap(),
            zstd::bulk::compress(b"{}\n", 1).unwrap(),
            vec![0x5c, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3],
            zstd::encode_all(&b""[..], 1).unwrap(),
        ]
    }

    #[test]
    fn every_kind_of_frame_is_found_at_its_edges() {
        let frames = frames();
        let bytes = frames.concat();
        let mut found = zstd_frames(&bytes);
        for frame in &frames {
            assert_eq!(&bytes[found.next().unwrap()], frame);
        }
        assert_eq!((found.next(), found.end(), found.damage()), (None, bytes.len(), None));
    }

    #[test]
    fn a_cut_frame_is_left_for_later() {
        let first = zstd::encode_all(&b"one\n"[..], 1).unwrap();
        for frame in frames() {
            let bytes = [&first[..], &frame].concat();
            for cut in first.len()..bytes.len() {
                let mut found = zstd_frames(&bytes[..cut]);
                assert_eq!(found.by_ref().count(), 1, "cut at {cut}");
                assert_eq!((found.end(), found.damage()), (first.len(), None), "cut at {cut}");
            }
        }
    }

    #[test]
    fn what_can_be_no_frame_is_named() {
        let frame = zstd::encode_all(&b"one\n"[..], 1).unwrap();
        let mut reserved = frame.clone();
        reserved[4] |= 8;
        let mut block = frame.clone();
        block[6] |= 6;
        for (bytes, damage) in [
            (&b"{\"Event\":"[..], "no frame begins here"),
            (&reserved, "a frame has a reserved bit set"),
            (&block, "a block has the reserved type"),
        ] {
            let bytes = [&frame[..], bytes].concat();
            let mut found = zstd_frames(&bytes);
            assert_eq!(found.by_ref().count(), 1);
            assert_eq!((found.end(), found.damage()), (frame.len(), Some(damage)));
        }
    }
}
