//! A Kubernetes cluster whose drivers are a few lines of shell, which note that they were started and work for a while.

use crate::place::Place;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use tinderbox_testcluster::{Config, Image, TestCluster};

pub struct Pods {
    pub cluster: TestCluster,
    ledger: PathBuf,
}

/// The run is among the properties that the driver is given.
const SUBMIT: &str = "#!/bin/sh\nwhile [ \"$1\" != --properties-file ]; do shift; done\n\
                      sed -n 's/^spark\\.tinderbox\\.run=//p' \"$2\" >> \"LEDGER\"\necho works\nsleep 0.4\n";

impl Pods {
    pub fn start(place: &Place) -> Self {
        let home = place.path("pods-spark");
        let ledger = place.path("ledger");
        fs::create_dir_all(home.join("bin")).unwrap();
        let submit = home.join("bin/spark-submit");
        fs::write(&submit, SUBMIT.replace("LEDGER", ledger.to_str().unwrap())).unwrap();
        fs::set_permissions(&submit, fs::Permissions::from_mode(0o755)).unwrap();
        let cluster = TestCluster::start(Config {
            images: BTreeMap::from([("spark:test".to_owned(), Image::spark(home))]),
            namespaces: vec!["jobs".to_owned()],
            ..Config::default()
        })
        .unwrap();
        Self { cluster, ledger }
    }

    /// The runs that were started, each as often as it was.
    pub fn started(&self) -> Vec<String> {
        let ledger = fs::read_to_string(&self.ledger).unwrap_or_default();
        ledger.lines().map(str::to_owned).collect()
    }

    /// Pods that are left in the namespace.
    pub fn left(&self) -> usize {
        self.cluster.list("pods", "jobs").len()
    }
}
