//! How an attempt is brought to YARN: by a `spark-submit` that ends as soon as YARN has accepted it, some seconds later.
//! It is started like an attempt on this machine: detached, once, with the attempt's marker.

use super::hadoop::Hadoop;
use super::{Submission, YarnApplication, YarnTarget};
use crate::cluster::Target;
use crate::local::{Places, properties_file};
use crate::properties::{self, Watched};
use crate::{Error, Identity, Intent, Launch, Launched, LocalSpark, Program};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Variables of the driver, as a property of Spark's.
const DRIVER_VARIABLE: &str = "spark.yarn.appMasterEnv.";

impl LocalSpark {
    /// Starts what runs an attempt, or brings it to its cluster, on this machine: of attempts here [`LocalSpark::launch`].
    ///
    /// # Errors
    /// Those of [`LocalSpark::launch`]; [`Error::WrongCluster`] for attempts that need nothing of this machine.
    pub fn submit(&self, intent: &Intent, launch: &Launch<'_>) -> Result<Launched, Error> {
        match &intent.target {
            Target::Local => {
                let Launched { identity, notes } = self.launch(intent, launch)?;
                Ok(Launched { identity: Identity::Local(identity), notes })
            }
            Target::Yarn(target) => self.submit_to_yarn(target, intent, launch),
            _ => Err(Error::WrongCluster { directory: intent.directory.clone() }),
        }
    }

    fn submit_to_yarn(
        &self,
        target: &YarnTarget,
        intent: &Intent,
        launch: &Launch<'_>,
    ) -> Result<Launched, Error> {
        properties::checked_folder(&intent.directory)?;
        if !launch.working_directory.is_dir() {
            let path = launch.working_directory.to_owned();
            return Err(Error::Folder {
                path,
                problem: "is the working directory and does not exist",
            });
        }
        let shown = shown_properties(target, intent, launch)?;
        let mut all = shown.clone();
        all.extend(hidden_properties(launch));
        let files = [
            ("spark.properties", properties_file(&shown)),
            // Emptied by the supervisor when `spark-submit` has ended.
            ("submission.properties", properties_file(&all)),
        ];
        let places = Places {
            properties: "submission.properties",
            log: "submission.log",
            // What Spark records is written by a driver elsewhere.
            records: intent.file("tmp"),
        };
        intent.make_folder()?;
        share_folder(target, intent)?;
        let Some((spark, java)) = self.installed() else {
            return Err(Error::WrongCluster { directory: intent.directory.clone() });
        };
        let hadoop = Hadoop { spark_home: spark.home.clone(), java: java.executable.clone() };
        hadoop.write(&intent.directory)?;
        let launch = &Launch { environment: target.environment(launch), ..launch.clone() };
        let processes = self.start_once(intent, launch, &files, &places)?;
        let submission = Submission { pid: processes.pid, started_ticks: processes.started_ticks };
        let identity = Identity::Yarn(YarnApplication { intent: intent.clone(), submission });
        let mut notes = self.notes().to_vec();
        if target.shares_files() && !starts_in_working_directory(target, launch) {
            notes.push(
                "relative paths of data start in the driver's container, because jars come with the job"
                    .to_owned(),
            );
        }
        Ok(Launched { identity, notes })
    }
}

impl YarnTarget {
    /// Variables of Hadoop's clients.
    fn environment(&self, launch: &Launch<'_>) -> BTreeMap<String, String> {
        let mut environment = launch.environment.clone();
        let folder = self.conf_dir.display().to_string();
        environment.insert("HADOOP_CONF_DIR".to_owned(), folder.clone());
        environment.insert("YARN_CONF_DIR".to_owned(), folder);
        environment
    }

    /// What a driver in a container calls Python with.
    fn python(&self) -> &str {
        self.python.as_deref().unwrap_or("python3")
    }
}

/// What the attempt's folder shows of Spark's properties: all that is no secret.
fn shown_properties(
    target: &YarnTarget,
    intent: &Intent,
    launch: &Launch<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut conf = launch.conf.clone();
    let with = |conf: &BTreeMap<String, String>, key: &str, own: &str| match conf
        .get(key)
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
    {
        Some(theirs) => format!("{theirs},{own}"),
        None => own.to_owned(),
    };
    let tags = with(&conf, "spark.yarn.tags", &super::tag(intent));
    let listener_jar = launch.listener.as_ref().map(|listener| {
        let name = listener.jar.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (listener, format!("{{{{PWD}}}}/{name}"))
    });
    if let Some((listener, _)) = &listener_jar {
        let jars = with(&conf, "spark.jars", &listener.jar.display().to_string());
        conf.insert("spark.jars".to_owned(), jars);
    }
    properties::watch(
        &mut conf,
        &Watched {
            marker: &intent.marker,
            event_log: &event_log(target, intent)?,
            listener: listener_jar
                .as_ref()
                .map(|(listener, jar)| (jar.as_str(), listener.url.as_str())),
            has_secrets: !launch.secrets.is_empty(),
        },
    );
    let mut set = |key: &str, value: &str| conf.insert(key.to_owned(), value.to_owned());
    set("spark.master", "yarn");
    set("spark.submit.deployMode", "cluster");
    set("spark.yarn.tags", &tags);
    set("spark.yarn.submit.waitAppCompletion", "false");
    // YARN would run the program a second time by itself.
    set("spark.yarn.maxAppAttempts", "1");
    for name in ["PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"] {
        set(&format!("{DRIVER_VARIABLE}{name}"), target.python());
    }
    let expectations = match target.shares_files() {
        true => intent.shared_folder().join(crate::expectations::FILE).display().to_string(),
        false => crate::expectations::IN_LOG.to_owned(),
    };
    set(&format!("{DRIVER_VARIABLE}TINDERBOX_EXPECTATIONS"), &expectations);
    if starts_in_working_directory(target, launch) {
        // Relative paths of data are those of `user.dir` (`RawLocalFileSystem`); a container has a folder of its own.
        let start = format!("\"-Duser.dir={}\"", launch.working_directory.display());
        let options = launch.conf.get("spark.driver.extraJavaOptions");
        let options = options.map_or(start.clone(), |theirs| format!("{start} {theirs}"));
        set("spark.driver.extraJavaOptions", &options);
    }
    Ok(conf)
}

/// Whether relative paths of data start where the job says. Not with jars: the driver looks for them by `user.dir` too
/// (`Client.getUserClasspathUrls`), and they are in its container.
fn starts_in_working_directory(target: &YarnTarget, launch: &Launch<'_>) -> bool {
    let is_jar = match launch.program {
        Program::File { file, .. } => file.ends_with(".jar"),
        Program::PySpark(_) => false,
    };
    let jars = ["spark.jars", "spark.jars.packages", "spark.yarn.dist.jars"];
    let has_jars = jars.iter().any(|key| launch.conf.contains_key(*key));
    target.shares_files() && !is_jar && !has_jars
}

/// Secrets as variables of the driver. Spark hides the values of properties with such names in all that it shows
/// (`spark.redaction.regex`).
fn hidden_properties(launch: &Launch<'_>) -> BTreeMap<String, String> {
    let mut hidden: BTreeMap<String, String> = launch
        .secrets
        .iter()
        .map(|(name, value)| (format!("{DRIVER_VARIABLE}{name}"), value.clone()))
        .collect();
    if let Some(listener) = &launch.listener {
        let name = format!("{DRIVER_VARIABLE}TINDERBOX_INGEST_TOKEN");
        hidden.insert(name, listener.token.clone());
    }
    hidden
}

fn event_log(target: &YarnTarget, intent: &Intent) -> Result<String, Error> {
    match &target.event_logs {
        Some(address) if !target.shares_files() => Ok(address.clone()),
        _ => {
            let shared = intent.shared_folder();
            let folder = properties::checked_folder(&shared)?;
            Ok(format!("{}/eventlog", properties::file_url(folder)))
        }
    }
}

/// The folders that a driver writes to. In a folder of the profile's it may be somebody else, so that all may write there, as
/// Spark's documentation has it for event logs.
fn share_folder(target: &YarnTarget, intent: &Intent) -> Result<(), Error> {
    let shared = intent.shared_folder();
    let events = shared.join("eventlog");
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    fs::create_dir_all(&events).map_err(failed(&events))?;
    if target.event_logs.is_some() && target.shares_files() {
        for folder in [&shared, &events] {
            fs::set_permissions(folder, Permissions::from_mode(0o1777)).map_err(failed(folder))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Listener, YarnAddress};
    use std::path::PathBuf;
    use tinderbox_model::{AttemptNumber, RunId};

    fn target(event_logs: Option<&str>) -> YarnTarget {
        YarnTarget {
            address: YarnAddress {
                resource_managers: vec!["http://rm-1:8088".to_owned()],
                user: Some("etl".to_owned()),
                logs: None,
            },
            conf_dir: PathBuf::from("/etc/hadoop/conf"),
            python: Some("./environment/bin/python".to_owned()),
            event_logs: event_logs.map(str::to_owned),
            principal: None,
            keytab: None,
        }
    }

    fn properties_of(event_logs: Option<&str>, conf: &[(&str, &str)]) -> (String, String) {
        let target = target(event_logs);
        let intent = Intent::new("/data/runs/Run A/1", &RunId::new("Run-A"), AttemptNumber(1))
            .on(Target::Yarn(Box::new(target.clone())));
        let conf: BTreeMap<String, String> =
            conf.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let launch = Launch {
            program: Program::PySpark("pass\n"),
            working_directory: Path::new("/jobs"),
            conf: &conf,
            master: None,
            cores: None,
            listener: Some(Listener {
                jar: PathBuf::from("/data/lib/listener.jar"),
                url: "http://edge:7878/ingest/live".to_owned(),
                token: "ingest-only".to_owned(),
            }),
            environment: BTreeMap::new(),
            secrets: BTreeMap::from([("TINDERBOX_SECRET_KEY".to_owned(), "hunter2".to_owned())]),
        };
        let shown = shown_properties(&target, &intent, &launch).expect("properties");
        (properties_file(&shown), properties_file(&hidden_properties(&launch)))
    }

    #[test]
    fn row_9_3_a_submission_carries_its_tag_and_shows_no_secret() {
        let (shown, hidden) = properties_of(
            Some("hdfs:///spark-logs"),
            &[
                ("spark.yarn.tags", "nightly"),
                ("spark.jars", "udfs.jar"),
                ("spark.yarn.maxAppAttempts", "4"),
            ],
        );
        insta::assert_snapshot!(shown, @r"
        spark.driver.extraClassPath={{PWD}}/listener.jar
        spark.eventLog.compress=false
        spark.eventLog.dir=hdfs:///spark-logs
        spark.eventLog.enabled=true
        spark.extraListeners=dev.tinderbox.listener.TinderboxListener
        spark.jars=udfs.jar,/data/lib/listener.jar
        spark.master=yarn
        spark.submit.deployMode=cluster
        spark.tinderbox.attempt=1
        spark.tinderbox.live.url=http://edge:7878/ingest/live
        spark.tinderbox.run=Run-A
        spark.yarn.appMasterEnv.PYSPARK_DRIVER_PYTHON=./environment/bin/python
        spark.yarn.appMasterEnv.PYSPARK_PYTHON=./environment/bin/python
        spark.yarn.appMasterEnv.TINDERBOX_EXPECTATIONS=log
        spark.yarn.maxAppAttempts=1
        spark.yarn.submit.waitAppCompletion=false
        spark.yarn.tags=nightly,tinderbox-run-a-1
        ");
        insta::assert_snapshot!(hidden, @r"
        spark.yarn.appMasterEnv.TINDERBOX_INGEST_TOKEN=ingest-only
        spark.yarn.appMasterEnv.TINDERBOX_SECRET_KEY=hunter2
        ");
    }

    #[test]
    fn a_shared_folder_takes_event_logs_and_relative_paths() {
        let (shown, _) = properties_of(None, &[("spark.driver.extraJavaOptions", "-Dx=y")]);
        let lines: Vec<&str> = shown
            .lines()
            .filter(|line| {
                line.contains("eventLog.dir")
                    || line.contains("Java")
                    || line.contains("EXPECTATIONS")
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        spark.driver.extraJavaOptions="-Duser.dir=/jobs" -Dx=y
        spark.eventLog.dir=file:/data/runs/Run%20A/1/eventlog
        spark.yarn.appMasterEnv.TINDERBOX_EXPECTATIONS=/data/runs/Run A/1/expectations.jsonl
        "#);
        let (shown, _) = properties_of(None, &[("spark.jars", "udfs.jar")]);
        assert!(!shown.contains("user.dir"), "jars are looked for there too: {shown}");
        let (shown, _) = properties_of(Some("/mnt/logs"), &[]);
        assert!(shown.contains("spark.eventLog.dir=file:/mnt/logs/run-a-1/eventlog\n"), "{shown}");
    }
}
