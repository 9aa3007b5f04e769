//! Profiles of Kubernetes: jobs whose driver and executors are pods of a test cluster, which executes them as processes.

use crate::place::{Place, Server, Spark, free_address, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use tinderbox_testcluster::{Config, Image, TestCluster, Trouble};

/// Generous: the machine may be busy with other things.
const LIMIT: Duration = Duration::from_secs(240);
const DRIVER: &str = "spark-kubernetes-driver";

/// A Spark that does what this test wants of it, and no more.
const IDLE_SPARK: &str = "#!/bin/sh\necho the driver runs\nexec sleep 600\n";
const SLEEPS: &str = "import time\nfrom pyspark.sql import SparkSession\n\n\
    spark = SparkSession.builder.getOrCreate()\nprint('counted', spark.range(9).count(), flush=True)\ntime.sleep(600)\n";

const JOB: &str = r#"
name: by-country
pipeline:
  sources:
    - {id: people, type: csv, path: people.csv, options: {header: true}, expectations: [{not_null: country, on_fail: warn}, {row_count: {min: 4}, on_fail: warn}]}
  transformations:
    - {id: loud, type: udf, input: people, file: shout.py, function: shout, columns: {loud: [country]}, returns: string}
    - {id: counted, type: aggregate, input: loud, group_by: [loud], aggregations: {n: count(*)}}
  sinks:
    - {id: out, type: csv, path: OUT, input: counted, mode: overwrite}
"#;

const COUNTS: &str = "import sys\nfrom pyspark.sql import SparkSession\n\n\
    spark = SparkSession.builder.getOrCreate()\n\
    print(spark.version, 'counted', spark.range(int(sys.argv[1])).repartition(3).count(), flush=True)\n";

struct Lab {
    place: Place,
    cluster: TestCluster,
    /// Of the Spark in the image.
    version: &'static str,
}

impl Lab {
    /// A cluster with the namespaces `jobs` and `small`, whose image `spark:test` has this Spark.
    fn start(spark_home: impl FnOnce(&Place) -> std::path::PathBuf) -> Self {
        let place = Place::new();
        std::fs::create_dir(place.path("app")).unwrap();
        place.write("app/sleeps.py", SLEEPS);
        place.write("app/counts.py", COUNTS);
        place.write("people.csv", "name,country\nAnn,FR\nBob,DE\nCas,FR\n");
        let image = Image::spark(spark_home(&place)).with("/opt/app", place.path("app"));
        let value = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
        let cluster = TestCluster::start(Config {
            environment: ["PATH", "JAVA_HOME", "HOME", "LANG"]
                .into_iter()
                .filter_map(value)
                .collect(),
            images: BTreeMap::from([("spark:test".to_owned(), image)]),
            namespaces: vec!["jobs".to_owned(), "small".to_owned()],
            ..Config::default()
        })
        .unwrap();
        let lab = Self { place, cluster, version: "3.5" };
        lab.kubeconfig("kubeconfig", &lab.cluster.url());
        lab
    }

    fn kubeconfig(&self, name: &str, server: &str) {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: lab\n\
             clusters: [{{name: lab, cluster: {{server: '{server}'}}}}]\n\
             users: [{{name: me, user: {{}}}}]\ncontexts: [{{name: lab, context: {{cluster: lab, user: me}}}}]\n"
        );
        self.place.write(name, &text);
    }

    /// Stores a profile; `more` are further lines of its section.
    fn apply(&self, name: &str, kubeconfig: &str, more: &str) {
        let text = format!(
            "name: {name}\nengine: kubernetes\nkubernetes:\n  kubeconfig: {}\n{more}\n\
             properties:\n  spark.eventLog.dir: file:{}\n  spark.ui.enabled: false\n\
             cluster:\n  version: \"{}\"\n  driver: {{memory: 600m}}\n  executor: {{instances: 1, cores: 1, memory: 512m}}\n",
            self.place.path(kubeconfig).display(),
            self.place.path("events").display(),
            self.version,
        );
        let file = self.place.write(&format!("{name}.yaml"), &text);
        let stored = self.place.ask_json(&["cluster", "apply", file.to_str().unwrap()]);
        assert_eq!((&stored["name"], &stored["engine"]), (&name.into(), &"kubernetes".into()));
    }

    /// A job that reads and writes at addresses that pods know, with a function of the user's.
    fn job(&self) -> String {
        let at = |name: &str| self.place.path(name).display().to_string();
        self.place.write("shout.py", "def shout(text):\n    return text.upper() + \"!\"\n");
        let text = JOB.replace("people.csv", &at("people.csv")).replace("OUT", &at("out"));
        self.place.write("by-country.yaml", &text).display().to_string()
    }

    fn submit(&self, server: &Server, job: &str, profile: &str) -> Run<'_> {
        let submitted = self.place.ask_json(&["run", job, "--engine", profile, "--detach"]);
        let id = submitted["job"]["job_id"].as_str().unwrap().to_owned();
        Run { lab: self, url: server.url.clone(), id }
    }

    /// What the command says of a job that fails at once.
    fn failure(&self, job: &str, profile: &str) -> String {
        let output = self.place.ask(&["run", job, "--engine", profile]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn nothing_is_left(&self) {
        wait_for("a namespace without objects", LIMIT, || {
            let left = ["pods", "services", "configmaps", "secrets"]
                .map(|plural| self.cluster.list(plural, "jobs").len());
            (left == [0; 4] && self.cluster.process_groups().is_empty()).then_some(())
        });
    }
}

struct Run<'a> {
    lab: &'a Lab,
    url: String,
    id: String,
}

impl Run<'_> {
    fn pod(&self) -> String {
        format!("tb-{}-1-driver", self.id)
    }

    fn until(&self, state: &str) -> Value {
        wait_for(&format!("state {state} of {}", self.id), LIMIT, || {
            let detail = crate::place::get_json(&format!("{}/api/jobs/{}", self.url, self.id))?;
            (detail["job"]["state"] == state).then_some(detail)
        })
    }

    fn error(&self) -> String {
        self.until("failed")["job"]["error"].as_str().unwrap().to_owned()
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&self.lab.place.ask(&["logs", &self.id]).stdout).into_owned()
    }

    fn cancel(&self) {
        self.lab.place.ask(&["cancel", &self.id]);
        self.until("cancelled");
    }
}

/// A home of Spark with a program that waits.
fn idle(place: &Place) -> std::path::PathBuf {
    let home = place.path("idle-spark");
    std::fs::create_dir_all(home.join("bin")).unwrap();
    let program = home.join("bin/spark-submit");
    std::fs::write(&program, IDLE_SPARK).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    home
}

#[test]
fn row_9_5_what_goes_wrong_on_kubernetes_is_told() {
    let lab = Lab::start(idle);
    let here = "  namespace: jobs\n  image: spark:test";
    lab.apply("pods", "kubeconfig", here);
    lab.apply(
        "no-image",
        "kubeconfig",
        "  namespace: jobs\n  image: spark:nowhere\nstartTimeout: 4s",
    );
    lab.apply("small", "kubeconfig", "  namespace: small\n  image: spark:test");
    lab.kubeconfig("away", &format!("http://{}", free_address()));
    lab.apply("away", "away", here);
    let server = Server::start(&lab.place, free_address());
    let job = lab.job();
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"},
        "spec": {"hard": {"pods": "0"}}});
    lab.cluster.create("small", quota).unwrap();

    let [no_image, evicted, hungry, cancelled] =
        ["no-image", "pods", "pods", "pods"].map(|profile| lab.submit(&server, &job, profile));
    let away = lab.failure(&job, "away");
    assert!(away.contains("does not answer") && away.contains("kubectl cluster-info"), "{away}");
    let small = lab.failure(&job, "small");
    assert!(
        small.contains("exceeded quota: none") && small.contains("kubectl describe quota -n small"),
        "{small}"
    );
    a_file_of_this_machine_is_refused(&lab);

    for run in [&evicted, &hungry, &cancelled] {
        run.until("running");
    }
    assert!(lab.cluster.evict("jobs", &evicted.pod(), "The node was low on resource: memory."));
    assert!(lab.cluster.run_out_of_memory("jobs", &hungry.pod(), DRIVER));
    let error = evicted.error();
    assert!(error.contains("was evicted: The node was low on resource"), "{error}");
    let error = hungry.error();
    assert!(
        error.contains("at its memory limit") && error.contains("spark.driver.memory"),
        "{error}"
    );
    cancelled.cancel();
    assert_eq!(cancelled.log(), "the driver runs\n");
    let error = no_image.error();
    assert!(
        error.contains("did not start it within 4 s") && error.contains("check the image's name"),
        "{error}"
    );
    lab.nothing_is_left();
}

fn a_file_of_this_machine_is_refused(lab: &Lab) {
    let file = lab.place.path("app/sleeps.py").display().to_string();
    let output = lab.place.ask(&["submit", "--engine", "pods", &file]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("a file of this machine, which no pod can read"), "{said}");
    assert!(said.contains("local:///PATH"), "{said}");
}

/// Neither an API server that cuts connections nor a server of ours that is killed makes a second pod or loses one.
#[test]
fn row_9_3_pods_are_found_again_after_a_server_that_was_killed() {
    let lab = Lab::start(idle);
    lab.apply("pods", "kubeconfig", "  namespace: jobs\n  image: spark:test");
    let mut server = Server::start(&lab.place, free_address());
    // As often as a launch asks for its pod: what became of it is looked for, and it is launched again.
    lab.cluster.trouble("POST", "/pods", 4, Trouble::Cut);
    let run = lab.submit(&server, &lab.job(), "pods");
    run.until("running");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let server = Server::start(&lab.place, free_address());
    let run = Run { url: server.url.clone(), ..run };
    run.until("running");
    assert_eq!(lab.cluster.started_pods().len(), 1);
    run.cancel();
    lab.nothing_is_left();
}

#[test]
fn real_spark_rows_2_1_2_6_3_2_6_9_and_9_3_to_9_6_run_in_pods_on_3_5() {
    let Some(spark) = Spark::three() else { return };
    let lab = Lab::start(|_| spark.home());
    std::fs::create_dir(lab.place.path("events")).unwrap();
    lab.apply("pods", "kubeconfig", "  namespace: jobs\n  image: spark:test");
    let server = Server::start(&lab.place, free_address());
    let tested = lab.place.ask_json(&["cluster", "test", "pods"]);
    let works = |step: &Value| (step["step"].clone(), step["works"].clone());
    let steps: Vec<_> = tested["steps"].as_array().unwrap().iter().map(works).collect();
    let all = ["submission", "driver", "executors", "event log", "end"];
    assert_eq!(steps, all.map(|step| (step.into(), true.into())), "{tested}");

    let done = lab.place.ask_json(&["run", &lab.job(), "--engine", "pods"]);
    lab.place.has_succeeded(&done["job"]);
    assert!(done["job"]["application_id"].as_str().unwrap().starts_with("spark-"), "{done}");
    let mut rows = String::new();
    for part in std::fs::read_dir(lab.place.path("out")).unwrap() {
        rows += &std::fs::read_to_string(part.unwrap().path()).unwrap_or_default();
    }
    assert!(rows.contains("FR!,2\n") && rows.contains("DE!,1\n"), "{rows}");
    let run = done["job"]["job_id"].as_str().unwrap();
    let expected = lab.place.ask_json(&["expectations", run])["expectations"].clone();
    let told = |at: usize| (expected[at]["status"].clone(), expected[at]["rows"].clone());
    assert_eq!((told(0), told(1)), (("passed".into(), 3.into()), ("warned".into(), 3.into())));
    let executors = server.get(&format!("/api/jobs/{run}/executors"))["executors"].clone();
    let executors = executors.as_array().unwrap().iter().any(|one| one["executor_id"] == "1");
    assert!(executors, "an executor in a pod of its own");
    let log = lab.place.ask(&["logs", run]);
    assert!(String::from_utf8_lossy(&log.stdout).contains("SparkContext"), "{log:?}");
    let log = lab.place.executor_log(run, "1");
    assert!(log.contains("Starting executor ID 1"), "its pod is gone and its log is here: {log}");
    lab.nothing_is_left();

    a_program_of_the_image_is_cancelled(&lab, &server);
}

fn a_program_of_the_image_is_cancelled(lab: &Lab, server: &Server) {
    let file = "local:///opt/app/sleeps.py";
    // What follows the program is the program's.
    let submit = ["submit", "--engine", "pods", "--detach", "--format", "json", file];
    let submitted = lab.place.ask(&submit);
    let submitted: Value =
        serde_json::from_slice(&submitted.stdout).unwrap_or_else(|_| panic!("{submitted:?}"));
    let id = submitted["job"]["job_id"].as_str().unwrap().to_owned();
    let run = Run { lab, url: server.url.clone(), id };
    wait_for("its result", LIMIT, || {
        lab.cluster.log("jobs", &run.pod()).contains("counted 9").then_some(())
    });
    // While it runs: what its listener tells from the pod, and what its executor prints.
    wait_for("live events", LIMIT, || {
        let stages = crate::place::get_json(&format!("{}/api/jobs/{}/stages", run.url, run.id))?;
        stages["stages"][0].is_object().then_some(())
    });
    let printed = || lab.place.ask(&["logs", &run.id, "--executor", "1"]).stdout;
    wait_for("the executor's log", LIMIT, || {
        String::from_utf8_lossy(&printed()).contains("Starting executor ID 1").then_some(())
    });
    run.cancel();
    assert!(run.log().contains("counted 9"), "its log is here, and the pod is not");
    lab.nothing_is_left();
}

/// A command line as people have it for `spark-submit`: its master and namespace say which profile.
#[test]
fn real_spark_rows_2_6_3_2_and_9_3_a_command_line_runs_in_pods_on_4() {
    let Some(spark) = Spark::four() else { return };
    let mut lab = Lab::start(|_| spark.home());
    lab.version = "4.3";
    std::fs::create_dir(lab.place.path("events")).unwrap();
    lab.apply("elsewhere", "kubeconfig", "  namespace: small\n  image: spark:test");
    lab.apply("pods", "kubeconfig", "  namespace: jobs\n  image: spark:test");
    let server = Server::start(&lab.place, free_address());
    let submit = |namespace: &str| {
        let master = format!("k8s://{}", lab.cluster.url());
        let namespace = format!("spark.kubernetes.namespace={namespace}");
        let cluster = ["--master", &master, "--deploy-mode", "cluster", "--conf", &namespace];
        let program = ["local:///opt/app/counts.py", "12"];
        lab.place.ask(&[&["submit", "--format", "json"], &cluster[..], &program].concat())
    };
    let output = submit("nowhere");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no cluster profile has the master k8s://http"), "{said}");
    assert!(said.contains("elsewhere, pods"), "{said}");

    let output = submit("jobs");
    let done: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    lab.place.has_succeeded(&done["job"]);
    assert_eq!(done["job"]["engine"], "pods", "{done}");
    let run = done["job"]["job_id"].as_str().unwrap();
    let log = String::from_utf8_lossy(&lab.place.ask(&["logs", run]).stdout).into_owned();
    assert!(log.contains("4.3.0 counted 12"), "{log}");
    let log = lab.place.executor_log(run, "1");
    assert!(log.contains("Starting executor ID 1"), "{log}");
    let stages = server.get(&format!("/api/jobs/{run}/stages"))["stages"].clone();
    assert!(stages.as_array().is_some_and(|stages| stages.len() > 1), "{stages}");
    lab.nothing_is_left();
}
