//! Attempts on a real standalone cluster, asked about as the program asks about every engine.

use crate::cluster::Cluster as Running;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tinderbox_engine::{
    Cluster, Error, Identity, Intent, Launch, Outcome, Program, StandaloneMaster, StandaloneTarget,
    Status, Target, Trace,
};
use tinderbox_model::{AttemptNumber, RunId};

const ENDS: Duration = Duration::from_secs(300);
const GRACE: Duration = Duration::from_secs(10);

const SLEEPS: &str = r#"import os
import time
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("any name").getOrCreate()
print("counted", spark.range(1000).count(), "with", os.environ["TINDERBOX_SECRET_KEY"], flush=True)
time.sleep(600)
"#;

const COUNTS: &str = r#"from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("counted", spark.range(1000).rdd.map(lambda row: row.id).count(), flush=True)
spark.stop()
"#;

pub(crate) struct Attempts<'a> {
    pub(crate) cluster: Cluster,
    pub(crate) target: StandaloneTarget,
    pub(crate) running: &'a Running,
    pub(crate) conf: BTreeMap<String, String>,
}

impl<'a> Attempts<'a> {
    pub(crate) fn of(
        running: &'a Running,
        master: &StandaloneMaster,
        version: &str,
        conf: BTreeMap<String, String>,
    ) -> Self {
        let target = StandaloneTarget {
            address: running.address.clone(),
            token_secret: None,
            spark_version: version.to_owned(),
            python: None,
            staging: None,
        };
        Self { cluster: Cluster::Standalone(master.clone()), target, running, conf }
    }

    fn intent(&self, run: &str) -> Intent {
        let folder = self.running.path("runs").join(run).join("1");
        Intent::new(folder, &RunId::new(run), AttemptNumber(1))
            .on(Target::Standalone(Box::new(self.target.clone())))
    }

    fn launch<'l>(&'l self, program: &'l str) -> Launch<'l> {
        Launch {
            program: Program::PySpark(program),
            working_directory: Path::new("/"),
            conf: &self.conf,
            master: None,
            cores: None,
            listener: None,
            environment: BTreeMap::new(),
            secrets: BTreeMap::from([("TINDERBOX_SECRET_KEY".to_owned(), "hunter2".to_owned())]),
        }
    }

    async fn until(
        &self,
        identity: &Identity,
        what: &str,
        holds: impl Fn(&Status, &str) -> bool,
    ) -> Status {
        let end = Instant::now() + ENDS;
        loop {
            let status = self.cluster.status(identity).await.expect("a status");
            self.cluster.copy_log(identity, &["hunter2".to_owned()]).await.expect("a log");
            let log = identity.intent().driver_log().tail(1 << 20).expect("a log").text;
            if holds(&status, &log) {
                return status;
            }
            assert!(Instant::now() < end, "waited in vain until {what}: {status:?}\n{log}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// All that can happen to an attempt, with one cluster and few drivers.
    pub(crate) async fn are_launched_found_followed_and_ended(&self) {
        self.found_after_a_lost_answer_and_cancelled().await;
        self.ends_by_itself().await;
        self.waits_and_is_cancelled().await;
    }

    async fn found_after_a_lost_answer_and_cancelled(&self) {
        let intent = self.intent("sleeps");
        assert_eq!(self.cluster.find(&intent).await.expect("a trace"), Trace::NotLaunched);
        let launched = self.cluster.launch(&intent, &self.launch(SLEEPS)).await.expect("launched");
        let again = self.cluster.launch(&intent, &self.launch(SLEEPS)).await;
        assert!(matches!(again, Err(Error::AlreadyLaunched { .. })), "{again:?}");
        let identity = launched.identity;
        self.until(&identity, "it counts", |_, log| log.contains("counted 1000")).await;
        let log = identity.intent().driver_log().tail(1 << 20).expect("a log").text;
        assert!(log.contains("with *********(redacted)") && !log.contains("hunter2"), "{log}");

        // The caller died before it could note the master's answer.
        fs::remove_file(intent.directory.join("driver")).expect("noted");
        let found = self.cluster.find(&intent).await.expect("a trace");
        assert_eq!(found, Trace::Started(identity.clone()));
        // Another attempt of the same run, asked for and never heard of, is not taken for it.
        let other = Intent { marker: "sleeps/11".to_owned(), ..self.intent("never") };
        fs::create_dir_all(&other.directory).expect("a folder");
        fs::write(other.directory.join("launched"), "").expect("a mark");
        let trace = self.cluster.find(&other).await.expect("a trace");
        assert!(
            matches!(&trace, Trace::Unknown { why } if why.contains("none of its drivers is ours")),
            "{trace:?}"
        );
        let long_ago = std::time::SystemTime::now() - Duration::from_secs(600);
        let mark =
            fs::File::options().write(true).open(other.directory.join("launched")).expect("a mark");
        mark.set_modified(long_ago).expect("a time");
        assert_eq!(self.cluster.find(&other).await.expect("a trace"), Trace::NeverStarted);

        let ended = self.cluster.cancel(&identity, GRACE).await.expect("ended");
        assert!(matches!(ended, Status::Ended { outcome: Outcome::Killed, .. }), "{ended:?}");
        assert!(intent.was_cancelled());
        assert_eq!(self.cluster.cancel(&identity, GRACE).await.expect("harmless"), ended);
    }

    async fn ends_by_itself(&self) {
        let intent = self.intent("counts");
        let launched = self.cluster.launch(&intent, &self.launch(COUNTS)).await.expect("launched");
        let identity = launched.identity;
        let ended = self.until(&identity, "it ends", |status, _| status.is_final()).await;
        assert_eq!(ended.exit_code(), Some(0), "{ended:?}");
        let log = identity.intent().driver_log().tail(1 << 20).expect("a log").text;
        assert!(log.contains("counted 1000"), "{log}");
        let events: Vec<PathBuf> = fs::read_dir(intent.shared_folder().join("eventlog"))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        assert_eq!(events.len(), 1, "{events:?}");
        self.cluster.clean_up(&identity).await.expect("cleaned");
    }

    async fn waits_and_is_cancelled(&self) {
        let mut much = self.launch(COUNTS);
        let conf = [("spark.driver.memory".to_owned(), "64g".to_owned())];
        let conf = self.conf.clone().into_iter().chain(conf).collect();
        much.conf = &conf;
        let intent = self.intent("waits");
        let identity = self.cluster.launch(&intent, &much).await.expect("accepted").identity;
        let status = self.cluster.status(&identity).await.expect("a status");
        assert!(matches!(status, Status::Waiting { reason: Some(_) }), "{status:?}");
        fs::remove_file(intent.directory.join("driver")).expect("noted");
        let found = self.cluster.find(&intent).await.expect("a trace");
        assert!(
            matches!(&found, Trace::Unknown { why } if why.contains("1 of its drivers cannot be told")),
            "{found:?}"
        );
        let ended = self.cluster.cancel(&identity, GRACE).await.expect("ended");
        assert!(matches!(ended, Status::Ended { outcome: Outcome::Killed, .. }), "{ended:?}");
    }
}
