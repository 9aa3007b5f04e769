//! `corpus FIXTURES CORPUS`: writes the seeds below CORPUS, a folder for each target. Inputs that a fuzzer has
//! found there stay.

use std::path::PathBuf;
use std::{env, fs, io};
use tinderbox_fuzz::seeds::seeds_of;

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(fixtures), Some(corpus)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: corpus FIXTURES CORPUS"));
    };
    let seeds = seeds_of(&fixtures)?;
    for seed in &seeds {
        let folder = corpus.join(seed.target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{}", seed.name)), &seed.bytes)?;
    }
    println!("{} seeds", seeds.len());
    Ok(())
}
