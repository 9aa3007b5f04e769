//! What holds for any bytes. Each function panics when it does not.

#![allow(clippy::expect_used, reason = "a check that panics has found something")]

use std::io::{BufRead, ErrorKind, Read, Write};
use tinderbox_spark::Fold;
use tinderbox_spark::log::{
    self, Codec, LogKind, Parts, application_name, classify, fold_lines, zstd_frames as frames_of,
};

/// Panics when something does not hold for these bytes.
pub type Check = fn(&[u8]);

/// A target's name and its check.
pub const TARGETS: [(&str, Check); 4] = [
    ("codecs", codecs),
    ("zstd_frames", zstd_frames),
    ("lines_and_fold", lines_and_fold),
    ("layout", layout),
];

/// Decoded bytes are looked at up to here: a few bytes of zstd may hold gigabytes.
const DECODED_BYTES: u64 = 4 * 1024 * 1024;

/// The first byte chooses the codec, the others are decoded: nothing but the two kinds of error, the same
/// bytes in whatever pieces the file is read, and encoding what came out gives it back.
pub fn codecs(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else {
        return;
    };
    let codec = Codec::ALL[usize::from(first) % Codec::ALL.len()];
    let (decoded, error) = decode(codec, data);
    if let Some((kind, message)) = &error {
        assert!(
            matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::InvalidData),
            "{codec}: {kind:?} {message}"
        );
        assert!(message.starts_with(&codec.to_string()), "{message}");
    }
    if data.len() <= 4096 {
        let (in_pieces, same_error) = decode(codec, Pieces(data));
        // Zstd and gzip drop what they decoded in the same call before they met the damage. Where a call ends
        // depends on the pieces, so one of both may come to the limit and the other to the damage behind it.
        let drops = matches!(codec, Codec::Zstd | Codec::Gzip)
            && [&error, &same_error]
                .into_iter()
                .flatten()
                .any(|(kind, _)| *kind == ErrorKind::InvalidData);
        let lengths = [decoded.len(), in_pieces.len()];
        let [shorter, longer] = [lengths[0].min(lengths[1]), lengths[0].max(lengths[1])];
        let shared = if drops { shorter } else { longer };
        assert!(
            decoded.get(..shared).is_some_and(|all| Some(all) == in_pieces.get(..shared)),
            "{codec}: reading in pieces changes what is read"
        );
        // With a whole frame before it libzstd also compares the size that its head announces when the last block is
        // empty; in pieces it does not, and goes on to whatever ends the bytes behind it. The bytes are the same.
        let (kind, same_kind) = (error.map(|(kind, _)| kind), same_error.map(|(kind, _)| kind));
        let is_stricter = codec == Codec::Zstd
            && kind == Some(ErrorKind::InvalidData)
            && matches!(same_kind, None | Some(ErrorKind::UnexpectedEof));
        if !drops || ((longer as u64) < DECODED_BYTES && !is_stricter) {
            assert_eq!(kind, same_kind, "{codec}: reading in pieces changes the error");
        }
    }
    if decoded.len() <= 64 * 1024 {
        let mut encoder = codec.encode(Vec::new()).expect("an encoder in memory");
        let half = decoded.len() / 2;
        encoder.write_all(&decoded[..half]).expect("a write into memory");
        encoder.flush().expect("a flush into memory");
        encoder.write_all(&decoded[half..]).expect("a write into memory");
        let encoded = encoder.finish().expect("an end in memory");
        let (again, error) = decode(codec, &encoded[..]);
        assert_eq!(error, None, "{codec}: what we encode can be decoded");
        assert!(again == decoded, "{codec}: what we encode is what we decode");
    }
}

/// Frames follow each other without gap, a cut finds a prefix of them, and the decoder agrees with where they
/// end.
pub fn zstd_frames(data: &[u8]) {
    let mut frames = frames_of(data);
    let mut edges = vec![0];
    let mut joined = Vec::new();
    let mut whole_error = None;
    for range in &mut frames {
        assert_eq!(Some(&range.start), edges.last());
        assert!(range.start < range.end && range.end <= data.len());
        edges.push(range.end);
        if whole_error.is_none() && joined.len() < 1 << 20 {
            let (decoded, error) = decode(Codec::Zstd, &data[range]);
            joined.extend_from_slice(&decoded);
            let kind = error.as_ref().map(|(kind, _)| *kind);
            assert_ne!(kind, Some(ErrorKind::UnexpectedEof), "a whole frame is not cut");
            whole_error = error;
        }
    }
    assert_eq!(Some(&frames.end()), edges.last());
    let rest = &data[frames.end()..];
    if rest.is_empty() {
        assert_eq!(frames.damage(), None);
    } else {
        let (_, error) = decode(Codec::Zstd, rest);
        assert!(
            error.is_some() || decode(Codec::Zstd, rest).0.len() as u64 == DECODED_BYTES,
            "what is no whole frame cannot be decoded to its end: {:?}",
            frames.damage()
        );
    }
    if (joined.len() as u64) < DECODED_BYTES {
        let (decoded, _) = decode(Codec::Zstd, data);
        let shared = joined.len().min(decoded.len());
        assert!(joined[..shared] == decoded[..shared], "frames alone and in a row are the same");
    }
    for cut in [data.len() / 3, data.len() / 2, data.len().saturating_sub(1)] {
        let mut fewer = frames_of(&data[..cut]);
        let count = fewer.by_ref().count();
        assert_eq!(fewer.end(), edges[count], "cut at {cut}");
        assert!(edges.get(count + 1).is_none_or(|&edge| edge > cut), "cut at {cut}");
    }
}

/// Any bytes as a plain log: every line is seen once, and the fold takes them all.
pub fn lines_and_fold(data: &[u8]) {
    let mut expected = data.iter().filter(|&&byte| byte == b'\n').count();
    expected += usize::from(data.last().is_some_and(|&byte| byte != b'\n'));
    let mut lines = log::Lines::new(data);
    let mut count = 0;
    while let Some(line) = lines.read().expect("a slice does not fail") {
        count += 1;
        assert!(!line.bytes.contains(&b'\n'));
        assert!(line.ended || count == expected, "only the last line has no end");
    }
    assert_eq!(count, expected);

    let mut fold = Fold::new();
    let mut tasks = 0;
    fold_lines(data, Codec::Plain, &mut fold, &mut |_| tasks += 1).expect("plain needs no decoder");
    assert!(tasks <= expected, "a line ends one task at most");
    let live = fold.application();
    let application = fold.finish();
    assert_eq!(live.stages.len(), application.stages.len());
    assert_eq!(live.jobs.len(), application.jobs.len());
    let bad = application.completeness.bad_lines;
    assert!(usize::try_from(bad).is_ok_and(|bad| bad <= expected), "{bad} bad lines");
}

/// Lines as names of files in a directory: parts come in their order, whatever the order of the names.
pub fn layout(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let names: Vec<&str> = text.lines().collect();
    for name in &names {
        assert!(name.contains(application_name(name)));
        if let Some(LogKind::File { codec, in_progress }) = classify(name, false) {
            assert_eq!(codec, Codec::of_name(name));
            assert_eq!(in_progress, name.ends_with(".inprogress"));
            assert!(!name.starts_with(['.', '_']));
        }
        assert!(matches!(classify(name, true), None | Some(LogKind::Rolling)));
    }
    let parts = Parts::of(names.iter().copied());
    assert_eq!(parts, Parts::of(names.iter().rev().copied()), "the order of names has no meaning");
    let Some(parts) = parts else {
        return;
    };
    assert!(!parts.parts.is_empty());
    assert!(parts.missing.len() <= 10);
    assert!(parts.parts.is_sorted_by_key(|part| part.index));
    assert!(
        parts.parts[1..].iter().all(|part| !part.compact),
        "nothing comes before a compact part"
    );
    for part in &parts.parts {
        assert!(names.contains(&part.name.as_str()));
        assert!(!part.name.ends_with(".compact.inprogress"));
        assert!(!parts.missing.contains(&part.index));
    }
}

/// Hands out one to seven bytes at a time.
struct Pieces<'b>(&'b [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = (self.0.len() % 7 + 1).min(out.len()).min(self.0.len());
        self.0.read(&mut out[..count])
    }
}

fn decode(codec: Codec, input: impl Read + Send) -> (Vec<u8>, Option<(ErrorKind, String)>) {
    let mut decoded = Vec::new();
    let reader: Box<dyn BufRead + '_> = codec.decode(input).expect("a decoder");
    let result = reader.take(DECODED_BYTES).read_to_end(&mut decoded);
    (decoded, result.err().map(|error| (error.kind(), error.to_string())))
}
