//! Every codec: logs that Spark's own classes wrote, round trips, cuts and damage.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use tinderbox_spark::event_name;
use tinderbox_spark::log::{Codec, Lines, zstd_frames};

/// One log of each codec of Spark 3.5.8.
fn spark_logs() -> Vec<(PathBuf, Codec, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/codecs");
    let mut logs = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let codec = Codec::of_name(path.to_str().unwrap());
        if codec != Codec::Plain {
            let bytes = fs::read(&path).unwrap();
            logs.push((path, codec, bytes));
        }
    }
    assert_eq!(logs.len(), 4);
    logs
}

/// What can be decoded, and why it ended.
fn decode(codec: Codec, bytes: &[u8]) -> (Vec<u8>, Option<io::Error>) {
    let mut decoded = Vec::new();
    let mut reader = codec.decode(bytes).unwrap();
    let error = reader.read_to_end(&mut decoded).err();
    if let Some(error) = &error {
        let again = reader.read(&mut [0; 16]).unwrap_err().to_string();
        assert_eq!(again, error.to_string());
    }
    (decoded, error)
}

/// `pieces` with a flush between them.
fn encode(codec: Codec, pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = codec.encode(Vec::new()).unwrap();
    for piece in pieces {
        encoder.write_all(piece).unwrap();
        encoder.flush().unwrap();
    }
    encoder.finish().unwrap()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[test]
fn logs_of_every_codec_of_spark_have_the_events_that_spark_reads_from_them() {
    let answers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/codecs/expected.json");
    let answers: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(answers).unwrap()).unwrap();
    for (path, codec, bytes) in spark_logs() {
        let expected = &answers[path.file_name().unwrap().to_str().unwrap()];
        assert_eq!(Codec::of_bytes(&bytes), codec, "{codec}");
        let (decoded, error) = decode(codec, &bytes);
        assert!(error.is_none(), "{codec}: {error:?}");
        assert_eq!(expected["bytes"], decoded.len(), "{codec}");
        assert_eq!(expected["crc32"], crc32(&decoded), "{codec}");

        let mut events = BTreeMap::<String, usize>::new();
        let mut lines = Lines::new(codec.decode(&bytes[..]).unwrap());
        while let Some(line) = lines.read().unwrap() {
            *events.entry(event_name(line.bytes).unwrap().into()).or_default() += 1;
        }
        assert_eq!(expected["events"], serde_json::to_value(&events).unwrap(), "{codec}");
    }
}

#[test]
fn several_streams_in_one_file_are_one_log() {
    for (_, codec, bytes) in spark_logs() {
        let (once, _) = decode(codec, &bytes);
        let ours = encode(codec, std::slice::from_ref(&once));
        let (all, error) = decode(codec, &[&bytes[..], &ours, &bytes].concat());
        assert!(error.is_none(), "{codec}: {error:?}");
        assert_eq!(all, once.repeat(3), "{codec}");
    }
}

#[test]
fn frames_of_a_spark_log_are_found_without_decoding() {
    let (_, codec, bytes) =
        spark_logs().into_iter().find(|(_, codec, _)| *codec == Codec::Zstd).unwrap();
    let (whole, _) = decode(codec, &bytes);
    let mut frames = zstd_frames(&bytes);
    let mut joined = Vec::new();
    let mut count = 0;
    for range in &mut frames {
        let (text, error) = decode(codec, &bytes[range]);
        assert!(error.is_none() && text.ends_with(b"\n"), "a frame holds whole lines");
        joined.extend(text);
        count += 1;
    }
    assert!(count > 5, "one frame for each flush, {count} were found");
    assert_eq!((frames.end(), frames.damage()), (bytes.len(), None));
    assert_eq!(joined, whole);
}

#[test]
fn cut_logs_of_spark_give_what_comes_before_the_cut() {
    for (_, codec, bytes) in spark_logs() {
        let (whole, _) = decode(codec, &bytes);
        let mut longest = 0;
        // Every cut near an edge of a block, others by a step that hits all remainders.
        for at in (0..bytes.len()).step_by(97).chain(bytes.len() - 64..bytes.len()) {
            let (decoded, error) = decode(codec, &bytes[..at]);
            assert!(whole.starts_with(&decoded), "{codec} cut at {at}");
            assert!(decoded.len() >= longest || at >= bytes.len() - 64, "{codec} cut at {at}");
            longest = longest.max(decoded.len());
            if let Some(error) = error {
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{codec} cut at {at}");
            }
        }
    }
}

#[test]
fn a_cut_zstd_frame_gives_its_whole_blocks() {
    let noise: Vec<u8> =
        (0..1_000_000_u32).flat_map(|n| n.wrapping_mul(n ^ 0x9e37_79b1).to_le_bytes()).collect();
    let bytes = encode(Codec::Zstd, std::slice::from_ref(&noise));
    let (decoded, error) = decode(Codec::Zstd, &bytes[..bytes.len() / 2]);
    assert_eq!(error.unwrap().kind(), ErrorKind::UnexpectedEof);
    assert!(decoded.len() > noise.len() / 3 && noise.starts_with(&decoded));
}

#[test]
fn damage_is_named_with_codec_place_and_reason() {
    let lz4 = encode(Codec::Lz4, &[b"one\n".to_vec(), b"two\n".to_vec()]);
    let second = 21 + 4;
    let changed = |at: usize, byte: u8| {
        let mut bytes = lz4.clone();
        bytes[at] = byte;
        bytes
    };
    let mut large = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    large.extend([0x7f; 8]);
    for (codec, bytes, message) in [
        (
            Codec::Lz4,
            changed(second, b'X'),
            "lz4 data is damaged at byte 25 of the file: a block begins with `LZ4Block`, this one does not",
        ),
        (
            Codec::Lz4,
            changed(second + 21, b'T'),
            "lz4 data is damaged at byte 25 of the file: the checksum of a block does not match",
        ),
        (
            Codec::Lz4,
            changed(second + 16, 0x7f),
            "lz4 data is damaged at byte 25 of the file: impossible block lengths, 4 bytes for 2130706436 (limit 32768)",
        ),
        (
            Codec::Lz4,
            changed(second + 8, 0x35),
            "lz4 data is damaged at byte 25 of the file: unknown block type 0x35",
        ),
        (
            Codec::Snappy,
            large,
            "snappy data is damaged at byte 16 of the file: impossible block length 2139062143",
        ),
        (
            Codec::Snappy,
            b"\0\0\0\x04text".to_vec(),
            "snappy data is damaged at byte 0 of the file: the header is missing",
        ),
        (
            Codec::Lzf,
            b"ZV\0\0\x02{}{\"Event\"".to_vec(),
            "lzf data is damaged at byte 7 of the file: a chunk begins with `ZV`, this one does not",
        ),
        (
            Codec::Lzf,
            b"ZV\x01\0\x02\0\x05\x00{".to_vec(),
            "lzf data is damaged at byte 0 of the file: a chunk does not hold its 5 bytes",
        ),
    ] {
        let error = decode(codec, &bytes).1.unwrap();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidData, message));
    }
    for codec in [Codec::Zstd, Codec::Gzip] {
        let text = b"{\"Event\":\"SparkListenerLogStart\"}\n".to_vec();
        let mut bytes = encode(codec, std::slice::from_ref(&text));
        bytes.extend_from_slice(b"no frame, no member, only text");
        let (decoded, error) = decode(codec, &bytes);
        let error = error.unwrap();
        assert_eq!(decoded, text, "what comes before the damage counts");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let place = format!("{codec} data is damaged at byte ");
        assert!(error.to_string().starts_with(&place), "{error}");
    }
}

#[test]
fn a_failing_disk_is_no_damage() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(ErrorKind::PermissionDenied, "the disk says no"))
        }
    }
    for codec in Codec::ALL {
        let log = encode(codec, &[b"one\n".to_vec()]);
        let mut decoded = Vec::new();
        let mut reader = codec.decode(log[..log.len() - 1].chain(Failing)).unwrap();
        let error = reader.read_to_end(&mut decoded).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{codec}: {error}");
    }
}

#[test]
fn an_empty_file_is_an_empty_log_in_every_codec() {
    for codec in Codec::ALL {
        let (decoded, error) = decode(codec, b"");
        assert!(decoded.is_empty() && error.is_none(), "{codec}: {error:?}");
        let (decoded, error) = decode(codec, &encode(codec, &[]));
        assert!(decoded.is_empty() && error.is_none(), "{codec}: {error:?}");
    }
}

/// Text that compresses, bytes that do not, and long repetitions.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..2000),
        prop::collection::vec("[a-c]{1,6}", 0..4000).prop_map(|words| words.concat().into_bytes()),
        (any::<u8>(), 0..200_000_usize).prop_map(|(byte, count)| vec![byte; count]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_encoded_is_decoded(pieces in prop::collection::vec(piece(), 0..5)) {
        let whole = pieces.concat();
        for codec in Codec::ALL {
            let (decoded, error) = decode(codec, &encode(codec, &pieces));
            prop_assert!(error.is_none(), "{}: {:?}", codec, error);
            prop_assert!(decoded == whole, "{}", codec);
        }
    }

    #[test]
    fn a_cut_gives_a_prefix(pieces in prop::collection::vec(piece(), 0..5), part in 0.0..1.0) {
        let whole = pieces.concat();
        for codec in Codec::ALL {
            let bytes = encode(codec, &pieces);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the length")]
            let at = (bytes.len() as f64 * part) as usize;
            let (decoded, error) = decode(codec, &bytes[..at]);
            prop_assert!(whole.starts_with(&decoded), "{} cut at {}", codec, at);
            if let Some(error) = error {
                prop_assert!(error.kind() == ErrorKind::UnexpectedEof, "{}: {}", codec, error);
            }
        }
    }

    #[test]
    fn a_changed_byte_keeps_what_comes_before(
        pieces in prop::collection::vec(piece(), 1..5),
        part in 0.0..1.0,
        byte: u8,
    ) {
        for codec in Codec::ALL {
            let mut bytes = encode(codec, &pieces);
            if bytes.is_empty() {
                continue;
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the length")]
            let at = (bytes.len() as f64 * part) as usize;
            let (before, _) = decode(codec, &bytes[..at]);
            bytes[at] = byte;
            let (decoded, _) = decode(codec, &bytes);
            // Gzip and zstd decode on until something is impossible.
            let is_kept = decoded.starts_with(&before);
            prop_assert!(is_kept || matches!(codec, Codec::Gzip | Codec::Zstd), "{}", codec);
        }
    }
}
