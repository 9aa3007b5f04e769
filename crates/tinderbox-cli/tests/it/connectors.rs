//! Connectors whose services cannot be had here: loaded by real Spark as the compiler chooses them, and called until they
//! find no server.

use crate::place::{Place, Spark};
use std::path::PathBuf;
use std::process::Command;

/// A node and what shows that its connector was reached: columns where it needs no server for them, else its own error.
const SOURCES: &[(&str, &str, &str)] = &[
    (
        "mongodb",
        "uri: 'mongodb://127.0.0.1:1', database: sales, collection: customers, schema: 'id BIGINT'",
        "struct<id:bigint>",
    ),
    (
        "oracle",
        "host: 127.0.0.1, port: 1, database: SALES, user: etl, password: '${secret:DB}', table: CUSTOMERS",
        "java.sql.SQLException: ORA-12541",
    ),
    (
        "sqlserver",
        "host: 127.0.0.1, port: 1, database: sales, user: etl, password: '${secret:DB}', table: customers, options: {connectRetryCount: '0'}",
        "com.microsoft.sqlserver.jdbc.SQLServerException: The TCP/IP connection to the host 127.0.0.1",
    ),
    (
        "redshift",
        "host: 127.0.0.1, port: 1, database: dev, user: etl, password: '${secret:DB}', table: customers",
        "at com.amazon.redshift.Driver.connect",
    ),
    (
        "snowflake",
        "url: '127.0.0.1:1', user: etl, password: '${secret:DB}', database: SALES, query: SELECT 1, options: {loginTimeout: '3'}",
        "net.snowflake.client.jdbc.SnowflakeSQLException: JDBC driver encountered communication error",
    ),
    (
        "bigquery",
        "query: SELECT 1, materialization_dataset: scratch, project: p, credentials: '${secret:BQ}'",
        "com.google.cloud.bigquery.connector.common.BigQueryConnectorException",
    ),
];

/// Calls functions of a compiled program. BigQuery gets an account whose tokens come from nowhere.
const CALLS: &str = r#"import base64, importlib.util, json, os, sys
from pyspark.sql import SparkSession

module = importlib.util.spec_from_file_location("job", "job.py")
job = importlib.util.module_from_spec(module)
module.loader.exec_module(job)
spark = SparkSession.builder.getOrCreate()
java = spark._jvm.java
secret = java.security.KeyPairGenerator.getInstance("RSA").generateKeyPair().getPrivate()
form = java.lang.Class.forName("java.security.spec.PKCS8EncodedKeySpec")
form = java.security.KeyFactory.getInstance("RSA").getKeySpec(secret, form)
key = base64.encodebytes(bytes(form.getEncoded())).decode()
account = {
    "type": "service_account",
    "project_id": "p",
    "private_key_id": "k",
    "private_key": f"-----BEGIN PRIVATE KEY-----\n{key}-----END PRIVATE KEY-----\n",
    "client_email": "a@p.iam.gserviceaccount.com",
    "client_id": "1",
    "token_uri": "http://127.0.0.1:1/token",
}
os.environ["TINDERBOX_SECRET_BQ"] = base64.b64encode(json.dumps(account).encode()).decode()


def trace(error):
    """The stack of Java's exception, with what caused it."""
    thrown = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    if thrown is None:
        return str(error)
    text = java.io.StringWriter()
    thrown.printStackTrace(java.io.PrintWriter(text))
    return text.toString()


found = {}
for name in sys.argv[1:]:
    try:
        found[name] = getattr(job, name)(spark).schema.simpleString()
    except Exception as error:
        found[name] = trace(error)
with open("found.json", "w") as file:
    json.dump(found, file)
"#;

fn check(spark: &Spark, version: &str, connectors: &str, names: &[&str]) {
    let sources: Vec<_> = SOURCES.iter().filter(|(name, _, _)| names.contains(name)).collect();
    assert_eq!(sources.len(), names.len());
    let mut text =
        format!("name: job\ncluster: {{version: \"{version}\"}}\npipeline:\n  sources:\n");
    let mut sinks = String::new();
    for (name, parameters, _) in &sources {
        text += &format!("    - {{id: {name}, type: {name}, {parameters}}}\n");
        sinks += &format!("    - {{type: json, input: {name}, path: out/{name}}}\n");
    }
    let place = Place::new();
    let file = place.write("job.yaml", &format!("{text}  sinks:\n{sinks}"));
    let compiled = place.ask_json(&["compile", file.to_str().unwrap()]);
    place.write("job.py", compiled["pyspark"].as_str().unwrap());
    place.write("calls.py", CALLS);
    let folder = std::env::var_os("TINDERBOX_CONNECTORS").map(PathBuf::from).unwrap();
    let mut submit = Command::new(spark.home().join("bin/spark-submit"));
    submit.args(["--master", "local[1]", "--conf", "spark.ui.enabled=false", "--conf"]);
    submit.arg(format!("spark.jars.ivy={}", folder.join(connectors).display()));
    for (key, value) in compiled["launch_conf"].as_object().unwrap() {
        submit.args(["--conf", &format!("{key}={}", value.as_str().unwrap())]);
    }
    submit.arg("calls.py").args(names).current_dir(place.path(""));
    submit.env("PYSPARK_PYTHON", spark.python()).env("SPARK_LOCAL_IP", "127.0.0.1");
    // Snowflake's driver keeps files in the home.
    submit.env("HOME", place.path("")).env("TINDERBOX_SECRET_DB", "unused");
    let output = submit.output().unwrap();
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy);
    assert!(output.status.success(), "{}{}", said[0], said[1]);
    let found = std::fs::read_to_string(place.path("found.json")).unwrap();
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    for (name, _, wanted) in sources {
        let said = found[*name].as_str().unwrap();
        assert!(said.contains(wanted), "{name}: {said}");
    }
}

#[test]
fn rows_7_6_to_7_10_real_spark_finds_their_connectors_on_3_5() {
    if let Some(spark) = Spark::three() {
        let names = SOURCES.iter().map(|source| source.0).collect::<Vec<_>>();
        check(&spark, "3.5", "spark-3.5", &names);
    }
}

/// Snowflake and BigQuery have no connector for Spark 4.3.
#[test]
fn rows_7_6_7_7_7_9_real_spark_finds_their_connectors_on_4() {
    if let Some(spark) = Spark::four() {
        check(&spark, "4", "spark-4", &["mongodb", "oracle", "sqlserver", "redshift"]);
    }
}
