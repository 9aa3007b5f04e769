//! Drivers on real standalone clusters of Spark 3.5 and 4, asked for over REST.

use crate::cluster::Cluster;
use crate::real_spark::{host, spark};
use crate::standalone_attempt::Attempts;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tinderbox_engine::{
    DriverRequest, DriverState, DriverStatus, Error, LocalSpark, StandaloneAddress,
    StandaloneMaster, java_module_options,
};

const ENDS: Duration = Duration::from_secs(300);

const COUNTS: &str = r#"import org.apache.spark.sql.SparkSession;

public class Counts {
    public static void main(String[] args) {
        SparkSession spark = SparkSession.builder().getOrCreate();
        System.out.println("counted " + spark.range(0, Long.parseLong(args[0]), 1, 2).count());
        spark.stop();
    }
}
"#;

const PYTHON: &str = r#"import sys
import time
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("counted", spark.range(0, int(sys.argv[1]), 1, 2).rdd.map(lambda row: row.id).count(), flush=True)
if sys.argv[2] == "fails":
    raise ValueError("as wanted")
if sys.argv[2] == "sleeps":
    time.sleep(600)
spark.stop()
"#;

fn master(address: StandaloneAddress) -> StandaloneMaster {
    // The program does it when it starts; a second time changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    StandaloneMaster::new(address, None).expect("a client")
}

struct Bench {
    cluster: Cluster,
    master: StandaloneMaster,
    version: String,
}

impl Bench {
    fn conf(&self, name: &str) -> BTreeMap<String, String> {
        let one = [
            ("spark.app.name", name),
            ("spark.driver.memory", "600m"),
            ("spark.executor.memory", "600m"),
            ("spark.executor.cores", "1"),
            ("spark.cores.max", "1"),
            ("spark.ui.enabled", "false"),
            ("spark.driver.extraJavaOptions", java_module_options(&self.version)),
        ];
        one.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn java(&self, name: &str, jar: String) -> DriverRequest {
        DriverRequest {
            spark_version: self.version.clone(),
            resource: jar,
            main_class: "Counts".to_owned(),
            arguments: vec!["1000".to_owned()],
            conf: self.conf(name),
            environment: BTreeMap::new(),
        }
    }

    fn python(&self, name: &str, program: &str, what: &str) -> DriverRequest {
        let request = DriverRequest {
            spark_version: self.version.clone(),
            resource: program.to_owned(),
            main_class: String::new(),
            arguments: vec!["1000".to_owned(), what.to_owned()],
            conf: self.conf(name),
            environment: BTreeMap::new(),
        };
        request.of_python(&self.cluster.address.master)
    }

    async fn until(&self, driver: &str, holds: impl Fn(&DriverStatus) -> bool) -> DriverStatus {
        let end = Instant::now() + ENDS;
        loop {
            let status = self.master.status(driver).await.expect("an answer").expect("known");
            if holds(&status) {
                return status;
            }
            let log = || self.cluster.driver_output(driver, "stderr");
            assert!(Instant::now() < end, "{status:?} for too long\n{}", log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn ended(&self, driver: &str, state: DriverState) -> DriverStatus {
        let status = self.until(driver, |status| status.state.is_final()).await;
        assert_eq!(status.state, state, "{}", self.cluster.driver_output(driver, "stderr"));
        status
    }
}

fn on_a_cluster_of(version: &str) {
    let Some((spark, _turn)) = spark(version) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(drivers_are_started_followed_and_killed(&spark));
}

async fn drivers_are_started_followed_and_killed(spark: &LocalSpark) {
    let host = host();
    let cluster = Cluster::start(spark, &host);
    let master = master(cluster.address.clone());
    let bench = Bench { cluster, master, version: spark.version().text.clone() };
    let end = Instant::now() + ENDS;
    loop {
        let seen = bench.master.cluster().await.expect("the master's page");
        if seen.workers.iter().filter(|worker| worker.state == "ALIVE").count() == 2 {
            assert_eq!(seen.status, "ALIVE");
            assert_eq!(seen.workers[0].memory().0, 2 << 30);
            break;
        }
        assert!(Instant::now() < end, "{seen:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let jar = bench.cluster.jar("Counts", COUNTS);
    let program = bench.cluster.write("program.py", PYTHON);
    let create = async |request: &DriverRequest| bench.master.create(request).await.expect("an id");
    let java = create(&bench.java("java", jar)).await;
    bench.ended(&java, DriverState::Finished).await;
    assert_eq!(bench.cluster.driver_output(&java, "stdout"), "counted 1000\n");

    let python = create(&bench.python("python", &program, "ends")).await;
    bench.ended(&python, DriverState::Finished).await;
    // Python's warnings stand there too (`PythonRunner`).
    assert!(bench.cluster.driver_output(&python, "stdout").ends_with("counted 1000\n"));
    let seen = bench.master.cluster().await.expect("the master's page");
    let names: Vec<&str> = seen.completed.iter().map(|one| one.name.as_str()).collect();
    assert!(names.contains(&"java") && names.contains(&"python"), "{names:?}");

    let fails = create(&bench.python("fails", &program, "fails")).await;
    bench.ended(&fails, DriverState::Failed).await;
    assert!(bench.cluster.driver_output(&fails, "stdout").contains("ValueError: as wanted"));

    let missing = create(&bench.java("missing", "/nowhere/none.jar".to_owned())).await;
    let status = bench.ended(&missing, DriverState::Error).await;
    assert!(status.message.as_deref().is_some_and(|said| said.contains("none.jar")), "{status:?}");

    let sleeps = create(&bench.python("sleeps", &program, "sleeps")).await;
    let output = || bench.cluster.driver_output(&sleeps, "stdout");
    bench.until(&sleeps, |_| output().contains("counted")).await;
    assert!(bench.master.kill(&sleeps).await.expect("an answer"));
    bench.ended(&sleeps, DriverState::Killed).await;
    assert!(!bench.master.kill(&sleeps).await.expect("an answer"), "it has ended");
    let unknown = bench.master.status("driver-20200101000000-0001").await.expect("an answer");
    assert_eq!(unknown, None);
    let conf = bench.conf("attempt");
    let attempts = Attempts::of(&bench.cluster, &bench.master, &bench.version, conf);
    attempts.are_launched_found_followed_and_ended().await;
}

#[test]
fn rows_9_3_and_9_15_drivers_are_started_followed_and_killed_on_3_5() {
    on_a_cluster_of("3.5");
}

#[test]
fn rows_9_3_and_9_15_drivers_are_started_followed_and_killed_on_4() {
    on_a_cluster_of("4");
}

#[tokio::test]
async fn a_master_that_is_not_there_was_not_asked() {
    let nobody = "http://127.0.0.1:1".to_owned();
    let address = StandaloneAddress {
        master: "spark://127.0.0.1:1".to_owned(),
        rest: nobody.clone(),
        web: nobody,
    };
    let master = master(address);
    let request = DriverRequest {
        spark_version: "3.5.8".to_owned(),
        resource: "/a.jar".to_owned(),
        main_class: "A".to_owned(),
        arguments: Vec::new(),
        conf: BTreeMap::new(),
        environment: BTreeMap::new(),
    };
    let error = master.create(&request).await.expect_err("nobody");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.hint().is_some());
}
