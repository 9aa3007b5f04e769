//! A Spark of a few lines of shell, which notes that it was started and works for a while.

use crate::place::Place;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct FakeSpark {
    root: PathBuf,
}

/// Says which attempt it was started for, before anything else.
const SUBMIT: &str =
    "#!/bin/sh\necho \"$TINDERBOX_ATTEMPT\" >> \"LEDGER\"\necho works\nsleep 0.4\n";

impl FakeSpark {
    pub fn make(place: &Place) -> Self {
        let root = place.path("fake");
        let submit = SUBMIT.replace("LEDGER", root.join("ledger").to_str().unwrap());
        Self::with_submit(place, &submit)
    }

    /// With another `spark-submit`.
    pub fn with_submit(place: &Place, submit: &str) -> Self {
        let root = place.path("fake");
        fs::create_dir_all(root.join("spark/jars")).unwrap();
        fs::write(root.join("spark/jars/spark-core_2.12-3.5.8.jar"), "").unwrap();
        executable(&root.join("spark/bin/spark-submit"), submit);
        executable(
            &root.join("java/bin/java"),
            "#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n",
        );
        Self { root }
    }

    /// Lets a program see no other Spark.
    pub fn be_the_only_one(&self, command: &mut Command) {
        command.env("TINDERBOX_SPARK_HOMES", self.root.join("spark"));
        command.env("SPARK_HOME", self.root.join("spark"));
        command.env("JAVA_HOME", self.root.join("java"));
    }

    /// The runs that were started, in order, each as often as it was.
    pub fn started(&self) -> Vec<String> {
        let ledger = fs::read_to_string(self.root.join("ledger")).unwrap_or_default();
        ledger.lines().map(|line| line.split_once('/').unwrap().0.to_owned()).collect()
    }
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
