//! A cluster to try things on by hand: prints its address and runs until its input ends.
//!
//! `cargo run -p tinderbox-testcluster --example serve -- spark:3.5=$SPARK_HOME /opt/app=$PWD`: images with the
//! `SPARK_HOME` that they contain, and folders that all of them have.

use std::io::Read as _;
use tinderbox_testcluster::{Config, Image, TestCluster};

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::default();
    for name in ["PATH", "JAVA_HOME"] {
        config.environment.extend(std::env::var(name).map(|value| (name.to_owned(), value)));
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let pairs: Vec<(&str, &str)> =
        arguments.iter().filter_map(|argument| argument.split_once('=')).collect();
    let folders = || pairs.iter().filter(|(name, _)| name.starts_with('/'));
    let with_folders =
        |image: Image| folders().fold(image, |image, (inside, here)| image.with(inside, here));
    for (name, home) in pairs.iter().filter(|(name, _)| !name.starts_with('/')) {
        config.images.insert((*name).to_owned(), with_folders(Image::spark(home)));
    }
    config.images.insert("plain".to_owned(), with_folders(Image::plain()));
    let cluster = TestCluster::start(config)?;
    println!("{}", cluster.url());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
