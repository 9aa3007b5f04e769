//! First inputs of the targets, made from logs of real applications.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use tinderbox_spark::event_name;
use tinderbox_spark::log::{Codec, zstd_frames};

/// One input.
pub struct Seed {
    /// Of [`super::checks::TARGETS`].
    pub target: &'static str,
    /// A file name that is unique within its target.
    pub name: String,
    /// The input.
    pub bytes: Vec<u8>,
}

/// Longer lines and pieces make the search slow and teach it nothing new.
const MAX_BYTES: usize = 12 * 1024;

/// Seeds from all logs below `fixtures`, in a fixed order.
pub fn seeds_of(fixtures: &Path) -> io::Result<Vec<Seed>> {
    let mut seeds = Seeds { all: Vec::new() };
    let mut files = Vec::new();
    files_below(fixtures, &mut files)?;
    files.sort();
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(file)?;
        let codec = Codec::of_bytes(&bytes);
        names.push(name.clone());
        if codec == Codec::Plain && !bytes.starts_with(b"{\"Event\"") {
            continue;
        }
        let id = format!("{at:02}");
        let first = Codec::ALL.iter().position(|one| *one == codec).unwrap_or(0);
        let head = &bytes[..bytes.len().min(MAX_BYTES)];
        seeds.codec(first, format!("{id}-{codec}-cut"), head);
        if codec == Codec::Zstd {
            zstd_seeds(&id, &bytes, &mut seeds);
        }
        let mut text = Vec::new();
        codec.decode(&bytes[..]).map_err(io::Error::other)?.read_to_end(&mut text)?;
        line_seeds(&id, &text, &mut seen, &mut seeds)?;
    }
    seeds.push("layout", String::from("fixtures"), names.join("\n").into_bytes());
    for (at, directory) in DIRECTORIES.iter().enumerate() {
        seeds.push("layout", format!("directory-{at}"), directory.join("\n").into_bytes());
    }
    Ok(seeds.all)
}

/// Names as Spark's writers, its history server, Databricks and copying tools leave them.
const DIRECTORIES: [&[&str]; 4] = [
    &[
        "app-1",
        "app-1_2.zstd.inprogress",
        "app-1.lz4",
        "a.snappy",
        "a.lzf",
        ".app-1.crc",
        "_SUCCESS",
    ],
    &[
        "events_1_a.zstd",
        "events_2_a.zstd.compact",
        "events_2_a.zstd",
        "events_10_a.zstd",
        "events_3_a.zstd.compact.inprogress",
        "appstatus_a.inprogress",
    ],
    &["eventlog", "eventlog-2021-06-15--16-00.gz", "eventlog-2021-06-15--15-00.gz"],
    &["eventlog_v2_app-1_2", "events_18446744073709551615_a", "a._COPYING_", "b_$folder$"],
];

struct Seeds {
    all: Vec<Seed>,
}

impl Seeds {
    fn push(&mut self, target: &'static str, name: String, bytes: Vec<u8>) {
        self.all.push(Seed { target, name, bytes });
    }

    fn codec(&mut self, first: usize, name: String, bytes: &[u8]) {
        let first = u8::try_from(first).unwrap_or(0);
        self.push("codecs", name, [&[first], bytes].concat());
    }
}

fn zstd_seeds(id: &str, bytes: &[u8], seeds: &mut Seeds) {
    let small: Vec<u8> = zstd_frames(bytes)
        .filter(|range| range.len() < 4096)
        .take(4)
        .flat_map(|range| bytes[range].to_vec())
        .collect();
    seeds.push("zstd_frames", format!("{id}-frames"), small);
    let cut = &bytes[..bytes.len().min(MAX_BYTES)];
    seeds.push("zstd_frames", format!("{id}-cut"), cut.to_vec());
}

/// A line of each event, a piece of the log, and that piece in every codec.
fn line_seeds(
    id: &str,
    text: &[u8],
    seen: &mut BTreeSet<String>,
    seeds: &mut Seeds,
) -> io::Result<()> {
    let mut story = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let name = event_name(line).map(|name| name.to_string()).unwrap_or_default();
        if line.len() > MAX_BYTES {
            continue;
        }
        if story.len() + line.len() < MAX_BYTES {
            story.extend_from_slice(line);
        }
        if seen.insert(name.clone()) {
            let name = name.rsplit(['.', '$']).next().unwrap_or_default().to_owned();
            seeds.push("lines_and_fold", format!("{id}-{name}"), line.to_vec());
        }
    }
    for (first, codec) in Codec::ALL.into_iter().enumerate() {
        let mut encoder = codec.encode(Vec::new())?;
        let piece = &story[..story.len().min(3000)];
        for part in piece.chunks(1000) {
            encoder.write_all(part)?;
            encoder.flush()?;
        }
        seeds.codec(first, format!("{id}-{first}-ours"), &encoder.finish()?);
    }
    seeds.push("lines_and_fold", format!("{id}-story"), story);
    Ok(())
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files_below(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
