//! Attempts on the test cluster, asked about as the program asks about every engine. Their Spark is a shell, because none of
//! this needs a JVM.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tinderbox_engine::{
    Cluster, ExitCategory, ExitReason, Identity, Intent, KubernetesAccess, KubernetesRuns,
    KubernetesTarget, Launch, Listener, Outcome, Placement, Program, Status, Target, Trace,
};
use tinderbox_model::{AttemptNumber, RunId};
use tinderbox_testcluster::{Config, Image, TestCluster, Trouble};

/// Generous: the machine may be busy with other things.
const LIMIT: Duration = Duration::from_secs(180);
const GRACE: Duration = Duration::from_secs(2);
/// Runs the program, the last of its arguments, as a shell does.
const SHELL_SPARK: &str = "#!/bin/sh\nfor last; do :; done\nexec sh \"${last#local://}\"\n";
const SLEEPS: &str = "echo begun with $TINDERBOX_SECRET_KEY\nexec sleep 600\n";

struct Bench {
    server: TestCluster,
    cluster: Cluster,
    target: KubernetesTarget,
    conf: BTreeMap<String, String>,
    folder: TempDir,
}

impl Bench {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("spark");
        fs::create_dir_all(home.join("bin")).expect("a folder");
        let program = home.join("bin/spark-submit");
        fs::write(&program, SHELL_SPARK).expect("a file");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
        let images = BTreeMap::from([("spark:test".to_owned(), Image::spark(&home))]);
        let server = TestCluster::start(Config { images, ..Config::default() }).expect("a cluster");
        let access =
            KubernetesAccess::Address { server: server.url(), token_file: None, ca_file: None };
        let target = KubernetesTarget {
            access: access.clone(),
            namespace: "default".to_owned(),
            image: "spark:test".to_owned(),
            spark_version: "3.5.8".to_owned(),
            service_account: None,
            image_pull_secrets: Vec::new(),
            driver_template: None,
            executor_template: None,
            driver_placement: Placement::default(),
            executor_placement: Placement::default(),
        };
        let cluster = Cluster::Kubernetes(KubernetesRuns::new(access));
        Self { server, cluster, target, conf: BTreeMap::new(), folder }
    }

    fn intent(&self, run: &str) -> Intent {
        let folder = self.folder.path().join("runs").join(run);
        Intent::new(folder, &RunId::new(run), AttemptNumber(1))
            .on(Target::Kubernetes(Box::new(self.target.clone())))
    }

    fn order<'l>(&'l self, program: &'l str) -> Launch<'l> {
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

    async fn launch(&self, run: &str, program: &str) -> Identity {
        let launched = self.cluster.launch(&self.intent(run), &self.order(program)).await;
        launched.expect("launched").identity
    }

    async fn until(&self, identity: &Identity, holds: impl Fn(&Status) -> bool) -> Status {
        let end = Instant::now() + LIMIT;
        loop {
            let status = self.cluster.status(identity).await.expect("a status");
            if holds(&status) {
                return status;
            }
            assert!(Instant::now() < end, "stays {status:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn count(&self, plural: &str) -> usize {
        self.server.list(plural, "default").len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_9_3_a_launch_that_was_cut_off_anywhere_makes_one_driver() {
    let bench = Bench::start();
    // As often as the pod is asked for; objects beside it are asked for once.
    let cuts = [
        ("POST", "/pods", 4, Trouble::Cut),
        ("POST", "/pods", 4, Trouble::AnswerLost),
        ("PATCH", "-driver-svc", 1, Trouble::Cut),
        ("PATCH", "-program", 1, Trouble::AnswerLost),
        ("PATCH", "-program", 1, Trouble::Refused(500, "etcd has no leader".to_owned())),
        ("PATCH", "-conf-map", 1, Trouble::Cut),
    ];
    for (case, (method, part, times, trouble)) in cuts.into_iter().enumerate() {
        let run = format!("cut-{case}");
        let intent = bench.intent(&run);
        assert_eq!(bench.cluster.find(&intent).await.expect("a trace"), Trace::NotLaunched);
        // A cut answer to the request for the pod is nothing that a launch would not mend itself.
        let mends = matches!(trouble, Trouble::AnswerLost) && part == "/pods";
        bench.server.trouble(method, part, times, trouble);
        let launched = bench.cluster.launch(&intent, &bench.order(SLEEPS)).await;
        match &launched {
            Ok(_) => assert!(mends, "case {case}: {method} {part}"),
            Err(error) => {
                assert!(error.may_have_started() && !mends, "{method} {part}: {error}");
                let found = bench.cluster.find(&intent).await.expect("a trace");
                assert_eq!(found, Trace::NotLaunched, "{method} {part}: may be launched again");
            }
        }
        let identity = bench.launch(&run, SLEEPS).await;
        assert_eq!(bench.launch(&run, SLEEPS).await, identity, "it is asked for by its name");
        bench.until(&identity, |status| *status == Status::Running).await;
        fs::remove_file(intent.directory.join("driver")).expect("the mark of a whole launch");
        let found = bench.cluster.find(&intent).await.expect("a trace");
        assert_eq!(found, Trace::Started(identity), "what runs has all that it needs");
    }
    let started = bench.server.started_pods();
    assert_eq!(started.len(), 6, "{started:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_9_5_an_attempt_is_followed_by_a_watch_its_log_copied_and_its_end_told() {
    let bench = Bench::start();
    let sleeps = bench.launch("sleeps", SLEEPS).await;
    let fails = bench.launch("fails", "echo no such customer: 7; exit 3\n").await;
    bench.until(&sleeps, |status| *status == Status::Running).await;
    let ended = bench.until(&fails, Status::is_final).await;
    assert_eq!(ended, Status::Exited { code: 3 });
    let end = Instant::now() + LIMIT;
    loop {
        let seen = bench.cluster.overview(&[&sleeps, &fails]).await.expect("an overview");
        if seen == [Some(Status::Running), None] {
            break;
        }
        assert!(Instant::now() < end, "{seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let requests = bench.server.requests();
    let of_drivers = requests.iter().filter(|one| one.query.contains("spark-role"));
    let lists = of_drivers.filter(|one| !one.query.contains("watch=")).count();
    assert_eq!(lists, 1, "one watch for all drivers, which begins with a list");

    let log =
        |identity: &Identity| identity.intent().driver_log().tail(1 << 20).expect("a log").text;
    while log(&sleeps).is_empty() {
        bench.cluster.copy_log(&sleeps, &["hunter2".to_owned()]).await.expect("copied");
        assert!(Instant::now() < end, "nothing was copied");
    }
    assert_eq!(log(&sleeps), "begun with *********(redacted)\n");
    for _ in 0..2 {
        bench.cluster.copy_log(&fails, &[]).await.expect("copied");
        assert_eq!(log(&fails), "no such customer: 7\n");
    }

    let ended = bench.cluster.cancel(&sleeps, GRACE).await.expect("ended");
    assert!(matches!(ended, Status::Ended { outcome: Outcome::Killed, .. }), "{ended:?}");
    assert_eq!(bench.cluster.cancel(&sleeps, GRACE).await.expect("harmless"), ended);
    assert_eq!(
        bench.cluster.cancel(&fails, GRACE).await.expect("over"),
        Status::Exited { code: 3 }
    );
    for identity in [&sleeps, &fails] {
        bench.cluster.clean_up(identity).await.expect("cleaned up");
    }
    while ["pods", "services", "configmaps", "secrets"].map(|plural| bench.count(plural)) != [0; 4]
    {
        assert!(Instant::now() < end, "something is left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let known = bench.cluster.status(&fails).await.expect("a status");
    assert_eq!(known, Status::Exited { code: 3 }, "also when its pod is gone");
    bench.cluster.copy_log(&fails, &[]).await.expect("its copy stays");
    assert_eq!(log(&fails), "no such customer: 7\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_9_5_pods_that_go_by_other_hands_and_launches_that_are_given_up() {
    let bench = Bench::start();
    let deleted = bench.launch("deleted", SLEEPS).await;
    bench.until(&deleted, |status| *status == Status::Running).await;
    bench.server.remove_node("node-1");
    let ended = bench.until(&deleted, Status::is_final).await;
    assert!(
        matches!(ended, Status::Vanished | Status::Ended { .. } | Status::Exited { .. }),
        "{ended:?}"
    );
    let found = bench.cluster.find(deleted.intent()).await.expect("a trace");
    assert_eq!(
        found,
        Trace::Started(deleted.clone()),
        "it was there once, and is not launched again"
    );
    let told = ExitReason::told(&deleted.intent().directory).expect("a reason");
    assert_eq!(told.category, ExitCategory::Cluster, "{told:?}");

    let bench = Bench::start();
    let intent = bench.intent("given-up");
    bench.server.trouble("PATCH", "-conf-map", 1, Trouble::Cut);
    bench.cluster.launch(&intent, &bench.order(SLEEPS)).await.expect_err("cut off");
    assert_eq!(bench.count("pods"), 1);
    bench.cluster.withdraw(&intent).await.expect("withdrawn");
    assert_eq!(bench.count("pods"), 0);
    bench.cluster.withdraw(&intent).await.expect("nothing is left to withdraw");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_9_5_what_no_pod_could_run_is_refused_before_anything_is_asked() {
    let mut bench = Bench::start();
    let large = format!("# {}\n", "x".repeat(1 << 20));
    let refused = async |bench: &Bench, program: Program<'_>| {
        let intent = bench.intent("refused");
        let order = Launch { program, ..bench.order("") };
        let error = bench.cluster.launch(&intent, &order).await.expect_err("refused");
        assert!(!error.may_have_started(), "{error}");
        format!("{error}\n{}", error.hint().unwrap_or_default())
    };
    let said = refused(&bench, Program::PySpark(&large)).await;
    assert!(
        said.contains("a config map takes 1048576") && said.contains("application.file"),
        "{said}"
    );
    let file = |file| Program::File { file, main_class: None, arguments: &[] };
    let said = refused(&bench, file("jobs/a.py")).await;
    assert!(
        said.contains("jobs/a.py is a file of this machine") && said.contains("local:///PATH"),
        "{said}"
    );
    let said = refused(&bench, file("local:///opt/a.jar")).await;
    assert!(said.contains("main class"), "{said}");
    let with = |bench: &mut Bench, key: &str, value: &str| {
        bench.conf = BTreeMap::from([(key.to_owned(), value.to_owned())]);
    };
    with(&mut bench, "spark.submit.pyFiles", "a/one.py,b/one.py");
    fs::create_dir_all(bench.folder.path().join("a")).expect("a folder");
    fs::write(bench.folder.path().join("a/one.py"), "").expect("a file");
    let order = Launch { working_directory: bench.folder.path(), ..bench.order("") };
    let same = bench.cluster.launch(&bench.intent("refused"), &order).await.expect_err("refused");
    assert!(same.to_string().contains("Python files with different names"), "{same}");
    with(&mut bench, "spark.submit.pyFiles", "../one.py");
    let said = refused(&bench, Program::PySpark("")).await;
    assert!(said.contains("../one.py is a file of this machine"), "{said}");
    let key = "spark.kubernetes.driver.podTemplateFile".to_owned();
    bench.conf.insert(key, "/etc/shadow".to_owned());
    let said = refused(&bench, Program::PySpark("")).await;
    assert!(said.contains("driverTemplate"), "{said}");
    assert_eq!(bench.count("pods"), 0);
}

/// The listener's jar and its token reach the pod, the one in a config map and the other in a secret.
#[tokio::test(flavor = "multi_thread")]
async fn row_9_5_the_listener_goes_with_the_program() {
    let bench = Bench::start();
    let jar = bench.folder.path().join("listener.jar");
    fs::write(&jar, [0_u8, 159, 146, 150]).expect("a file");
    let url = "http://127.0.0.1:1/ingest/live".to_owned();
    let listener = Listener { jar, url, token: "t0ken".to_owned() };
    let program = "cksum <\"${0%/*}/tinderbox-listener.jar\"\necho $TINDERBOX_INGEST_TOKEN | rev\n\
        grep -c TinderboxListener $SPARK_CONF_DIR/spark.properties\n";
    let order = Launch { listener: Some(listener), ..bench.order(program) };
    let launched = bench.cluster.launch(&bench.intent("listens"), &order).await.expect("launched");
    assert!(launched.notes[0].contains("live events only"), "{:?}", launched.notes);
    let objects =
        [bench.server.list("pods", "default"), bench.server.list("configmaps", "default")];
    assert!(!format!("{objects:?}").contains("t0ken"), "in the open");
    bench.until(&launched.identity, Status::is_final).await;
    bench.cluster.copy_log(&launched.identity, &[]).await.expect("copied");
    let log = launched.identity.intent().driver_log().tail(1 << 20).expect("a log").text;
    assert!(log.ends_with("nek0t\n1\n"), "{log}");
}
