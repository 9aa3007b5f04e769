//! The entry point of Spark's image, with `kubernetes/dockerfiles/spark/entrypoint.sh` of the distribution as the model.
//!
//! What is simulated, because all pods share one machine: the ports of a driver are free ones instead of 7078, 7079 and
//! 4040, and the driver talks to this server without TLS. Both are options of the `spark-submit` inside of the pod, above
//! everything that was submitted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the driver finds the API server.
pub(super) struct ApiServer<'a> {
    pub(super) url: &'a str,
    /// A file with the token, when one is asked for.
    pub(super) token: Option<&'a Path>,
}

/// The program and its arguments; none when the arguments are not Spark's, and then are a command of their own.
pub(super) fn command(
    home: &Path,
    arguments: &[String],
    environment: &mut BTreeMap<String, String>,
    server: &ApiServer<'_>,
) -> Option<Vec<String>> {
    let usual = [
        ("SPARK_HOME", home.display().to_string()),
        ("SPARK_LOCAL_IP", "127.0.0.1".to_owned()),
        ("PYSPARK_PYTHON", python(home).display().to_string()),
        // No client is to find a cluster of this machine's user.
        ("KUBECONFIG", "/dev/null".to_owned()),
    ];
    for (name, value) in usual {
        environment.entry(name.to_owned()).or_insert(value);
    }
    match arguments.split_first()? {
        (first, rest) if first == "driver" => Some(driver(home, rest, environment, server)),
        (first, _) if first == "executor" => Some(executor(home, environment)),
        _ => None,
    }
}

fn driver(
    home: &Path,
    arguments: &[String],
    environment: &BTreeMap<String, String>,
    server: &ApiServer<'_>,
) -> Vec<String> {
    let bind = environment.get("SPARK_DRIVER_BIND_ADDRESS").map_or("127.0.0.1", String::as_str);
    let mut conf = vec![
        format!("spark.driver.bindAddress={bind}"),
        "spark.driver.port=0".to_owned(),
        "spark.driver.blockManager.port=0".to_owned(),
        "spark.ui.port=0".to_owned(),
        format!("spark.kubernetes.driver.master={}", server.url),
    ];
    if let Some(token) = server.token {
        let key = "spark.kubernetes.authenticate.driver.mounted.oauthTokenFile";
        conf.push(format!("{key}={}", token.display()));
    }
    let mut command = vec![home.join("bin/spark-submit").display().to_string()];
    command.extend(conf.into_iter().flat_map(|one| ["--conf".to_owned(), one]));
    command.extend(["--deploy-mode".to_owned(), "client".to_owned()]);
    command.extend(arguments.iter().cloned());
    command
}

fn executor(home: &Path, environment: &BTreeMap<String, String>) -> Vec<String> {
    let value = |name: &str| environment.get(name).cloned().unwrap_or_default();
    let java = match environment.get("JAVA_HOME") {
        Some(home) => Path::new(home).join("bin/java").display().to_string(),
        None => "java".to_owned(),
    };
    let mut options: Vec<(u32, String)> = environment
        .iter()
        .filter_map(|(name, value)| {
            Some((name.strip_prefix("SPARK_JAVA_OPT_")?.parse().ok()?, value.clone()))
        })
        .collect();
    options.sort();
    let configuration = environment
        .get("SPARK_CONF_DIR")
        .cloned()
        .unwrap_or_else(|| home.join("conf").display().to_string());
    let mut classpath: Vec<String> = Vec::new();
    classpath.extend(environment.get("HADOOP_CONF_DIR").cloned());
    classpath.extend([configuration, value("SPARK_CLASSPATH")]);
    classpath.push(home.join("jars/*").display().to_string());
    classpath.extend([value("SPARK_EXTRA_CLASSPATH"), value("SPARK_DIST_CLASSPATH")]);
    classpath.retain(|entry| !entry.is_empty());
    let mut command = vec![java];
    command.extend(options.into_iter().map(|(_, option)| option));
    let memory = value("SPARK_EXECUTOR_MEMORY");
    command.extend([format!("-Xms{memory}"), format!("-Xmx{memory}")]);
    command.extend(["-cp".to_owned(), classpath.join(":")]);
    let backend = "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend";
    command.push(backend.to_owned());
    for (option, name) in [
        ("--driver-url", "SPARK_DRIVER_URL"),
        ("--executor-id", "SPARK_EXECUTOR_ID"),
        ("--cores", "SPARK_EXECUTOR_CORES"),
        ("--app-id", "SPARK_APPLICATION_ID"),
        ("--hostname", "SPARK_EXECUTOR_POD_IP"),
        ("--resourceProfileId", "SPARK_RESOURCE_PROFILE_ID"),
        ("--podName", "SPARK_EXECUTOR_POD_NAME"),
    ] {
        command.extend([option.to_owned(), value(name)]);
    }
    command
}

/// The Python of the environment that the Spark is in.
fn python(home: &Path) -> PathBuf {
    let found = home.ancestors().map(|folder| folder.join("bin/python"));
    found.into_iter().find(|python| python.exists()).unwrap_or_else(|| PathBuf::from("python3"))
}
