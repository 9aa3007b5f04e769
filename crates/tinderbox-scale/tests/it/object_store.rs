//! The program on data sets of an S3 that checks signatures, where its results and models go too.

use crate::program::{Jobs, On, environment};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// moto with users and signatures, which ends with the test.
struct SignedS3 {
    child: Child,
    python: PathBuf,
    told: Value,
}

/// Puts the file that is named first at the key that is named second, or prints the object of the key that is named alone.
const BOTO: &str = "
import os, sys, boto3
s3 = boto3.client('s3', endpoint_url=os.environ['AWS_ENDPOINT_URL'], region_name='us-east-1')
if len(sys.argv) > 2:
    s3.upload_file(sys.argv[1], 'results', sys.argv[2])
else:
    sys.stdout.buffer.write(s3.get_object(Bucket='results', Key=sys.argv[1])['Body'].read())
";

impl SignedS3 {
    /// `access` is `signed`, or `open`: the SDK of Hadoop 3.3 signs in a way that moto does not follow.
    fn start(access: &str) -> Option<Self> {
        let python = environment("TINDERBOX_MOTO")?.join("bin/python");
        let script = "../tinderbox-collect/tests/it/s3_with_signatures.py";
        let mut child = Command::new(&python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
            .arg(access)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines.find_map(|line| {
            serde_json::from_str::<Value>(&line.unwrap()).ok().filter(Value::is_object)
        });
        Some(Self { child, python, told: told.unwrap() })
    }

    /// Credentials and place as environment variables.
    fn variables(&self) -> Vec<(String, String)> {
        let text = |key: &str| self.told[key].as_str().unwrap().to_owned();
        let endpoint = format!("http://127.0.0.1:{}", self.told["port"]);
        [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", text("id")),
            ("AWS_SECRET_ACCESS_KEY", text("secret")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn boto(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new(&self.python);
        let output = command.args(["-c", BOTO]).args(arguments).envs(self.variables()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Properties of Spark with which it finds this server; another bucket gets credentials that are wrong.
    fn master(&self, jars: &Path) -> String {
        let jars: Vec<String> = std::fs::read_dir(jars)
            .unwrap()
            .map(|entry| entry.unwrap().path().display().to_string())
            .filter(|path| {
                ["hadoop-aws", "sdk", "wildfly", "analytics"].iter().any(|word| path.contains(word))
            })
            .collect();
        assert!(!jars.is_empty());
        let port = &self.told["port"];
        let s3a = [
            format!("endpoint=http://127.0.0.1:{port}"),
            "endpoint.region=us-east-1".to_owned(),
            "path.style.access=true".to_owned(),
            "connection.ssl.enabled=false".to_owned(),
            // What is refused or not there stays so: without this Hadoop 3.3 asks for minutes.
            "attempts.maximum=1".to_owned(),
            "retry.limit=1".to_owned(),
            "bucket.refused.access.key=AKIAWRONG".to_owned(),
            "bucket.refused.secret.key=wrong".to_owned(),
        ];
        let s3a: String =
            s3a.iter().map(|line| format!(" --conf spark.hadoop.fs.s3a.{line}")).collect();
        format!("local[2] --jars {}{s3a}", jars.join(","))
    }
}

impl Drop for SignedS3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn on_spark(variable: &str, jars: &str, access: &str) {
    let (Some(spark), Some(connectors)) =
        (environment(variable), environment("TINDERBOX_CONNECTORS"))
    else {
        return;
    };
    let Some(s3) = SignedS3::start(access) else { return };
    let mut jobs = Jobs::new();
    jobs.variables = s3.variables();
    let data = jobs.path("groups.csv").display().to_string();
    s3.boto(&[&data, "user-1/datasets/groups.csv"]);
    let result = "--result=s3a://results/user-1/result/job_1/output/raw.json".to_owned();
    let models = "--models=s3a://results/user-1/result/job_1/models".to_owned();
    let there = jobs.add_at("s3a://results/user-1/datasets/groups.csv", "csv", &["row_count"], &[]);
    let stored = jobs.add_at(
        "s3a://results/user-1/datasets/groups.csv",
        "csv",
        &["kmeans"],
        &[result.clone(), models],
    );
    let again =
        jobs.add_at("s3a://results/user-1/datasets/groups.csv", "csv", &["row_count"], &[result]);
    let refused_kind = if access == "signed" { "refused_dataset" } else { "missing_dataset" };
    let failures = [
        (
            jobs.add_at("s3a://results/user-1/datasets/none.csv", "csv", &["row_count"], &[]),
            "missing_dataset",
        ),
        (jobs.add_at("s3a://nowhere/user/none.csv", "csv", &["row_count"], &[]), "missing_dataset"),
        (jobs.add_at("s3a://refused/user/none.csv", "csv", &["row_count"], &[]), refused_kind),
    ];
    jobs.run(
        &spark.join("bin/python"),
        &On::Master(&s3.master(&connectors.join(jars).join("jars"))),
    );

    assert_eq!(jobs.result(there), json!({"row_count": 90}));
    assert_eq!(jobs.answers[stored]["code"], 0, "{}", jobs.answers[stored]);
    let written = s3.boto(&["user-1/result/job_1/output/raw.json"]);
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert!(written["results"]["kmeans"]["silhouette"].as_f64().unwrap() > 0.99);
    let refused = jobs.answers[again]["code"].as_str().unwrap_or_default();
    assert!(refused.contains("raised"), "what is there stays: {}", jobs.answers[again]);
    let after: Value =
        serde_json::from_slice(&s3.boto(&["user-1/result/job_1/output/raw.json"])).unwrap();
    assert_eq!(after, written);
    s3.boto(&["user-1/result/job_1/models/kmeans/metadata/_SUCCESS"]);
    for (at, kind) in failures {
        let (found, message) = jobs.failure(at);
        assert_eq!(found, kind, "{message}");
    }
}

#[test]
fn real_spark_3_5_reads_and_writes_s3() {
    on_spark("TINDERBOX_SPARK_3_5", "spark-3.5", "open");
}

#[test]
fn real_spark_4_reads_and_writes_s3() {
    on_spark("TINDERBOX_SPARK_4", "spark-4", "signed");
}
