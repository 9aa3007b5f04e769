//! The checks of the fuzz targets on stable Rust: seeds, inputs that once failed, and mutations of them.
//!
//! `TINDERBOX_FUZZ_SEED` repeats a run; otherwise the day chooses, so that every day tries others.
//! `TINDERBOX_FUZZ_MUTATIONS` is the number of mutations of each target.

#[path = "../../../../fuzz/src/checks.rs"]
mod checks;
#[path = "../../../../fuzz/src/seeds.rs"]
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn number_from(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// The seed that was asked for, else the one of the day.
pub fn seed() -> u64 {
    number_from("TINDERBOX_FUZZ_SEED").unwrap_or_else(seed_of_today)
}

fn seed_of_today() -> u64 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    seconds / (24 * 3600)
}

/// Inputs of one target: the seeds, then the files that once failed.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut inputs: Vec<(String, Vec<u8>)> = seeds::seeds_of(&fixtures)
        .unwrap()
        .into_iter()
        .filter(|seed| seed.target == target)
        .map(|seed| (seed.name, seed.bytes))
        .collect();
    assert!(inputs.len() > 3, "{target} has seeds");
    if let Ok(entries) = fs::read_dir(repository().join("fuzz/regressions").join(target)) {
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        inputs.extend(paths.into_iter().map(|path| {
            let bytes = fs::read(&path).unwrap();
            (path.display().to_string(), bytes)
        }));
    }
    inputs
}

fn check(target: &str) {
    let (_, function) = checks::TARGETS.into_iter().find(|(name, _)| *name == target).unwrap();
    let inputs = inputs(target);
    let seed = seed();
    let mutations = number_from("TINDERBOX_FUZZ_MUTATIONS").unwrap_or(3000);
    let run = |what: &str, bytes: &[u8]| {
        if catch_unwind(AssertUnwindSafe(|| function(bytes))).is_err() {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}-failed"));
            fs::write(&file, bytes).unwrap();
            panic!(
                "{target} fails on {what} (TINDERBOX_FUZZ_SEED={seed}); the input is {}",
                file.display()
            );
        }
    };
    for (name, bytes) in &inputs {
        run(name, bytes);
    }
    let mut random = Random(seed);
    for number in 0..mutations {
        let (name, bytes) = &inputs[random.below(inputs.len())];
        let (_, other) = &inputs[random.below(inputs.len())];
        let mut bytes = bytes.clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, other, &mut random);
        }
        run(&format!("mutation {number} of {name}"), &bytes);
    }
}

#[test]
fn codecs_take_any_bytes() {
    check("codecs");
}

#[test]
fn zstd_frames_take_any_bytes() {
    check("zstd_frames");
}

#[test]
fn lines_and_fold_take_any_bytes() {
    check("lines_and_fold");
}

#[test]
fn layout_takes_any_names() {
    check("layout");
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    const WILD: [&[u8]; 8] = [
        b"0",
        b"-1",
        b"18446744073709551616",
        b"1e999",
        b"null",
        b"\xff\xff\xff\xff",
        b"\n",
        b"{}",
    ];
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(40)).min(bytes.len());
    match random.below(7) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => drop(bytes.splice(at..at, other.iter().copied().skip(random.below(64)).take(64))),
        3 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        4 => {
            drop(bytes.splice(at..end.min(at + 4), WILD[random.below(WILD.len())].iter().copied()));
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}
