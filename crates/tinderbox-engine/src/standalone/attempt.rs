//! An attempt whose driver a standalone cluster runs.
//!
//! | file of the attempt | written | means |
//! |---|---|---|
//! | `launched` | exclusively, before the master is asked | it was asked, once; there will be no second question |
//! | `driver` | renamed into place, after its answer | the id that the master gave |
//!
//! The protocol has no key of the caller's. What is left is the first line that a worker writes into a driver's log: the
//! command with all its properties (`DriverRunner.runCommandWithRetry`), ours among them. So an attempt whose answer
//! was lost is found again as soon as a worker has started its driver.

use super::{ClusterDriver, DriverRequest, DriverState, StandaloneAddress, StandaloneMaster};
use crate::attempt::Outcome;
use crate::cluster::Target;
use crate::properties::{self, Watched};
use crate::{Error, Intent, Launch, Launched, Program, Status, Trace, java_module_options};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A standalone cluster as one attempt sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandaloneTarget {
    /// Where it is.
    pub address: StandaloneAddress,
    /// Name of the secret with the token that its REST server may ask for.
    #[serde(default)]
    pub token_secret: Option<String>,
    /// The version of its Spark.
    pub spark_version: String,
    /// The Python that its workers have; `None` leaves it to them.
    #[serde(default)]
    pub python: Option<String>,
    /// A folder that this machine and every worker see under the same path. `None` is the attempt's own folder: a cluster
    /// on this machine.
    #[serde(default)]
    pub staging: Option<PathBuf>,
}

/// A driver that a master knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandaloneDriver {
    /// What was stored before.
    pub intent: Intent,
    /// The master's id of it.
    pub driver: String,
}

/// How long after its question a master that answers others may still not know of it: the sender's kernel repeats what
/// was not acknowledged at growing distances up to 120 s (RFC 6298, 2.5 and Linux' TCP_RTO_MAX).
const SETTLED: Duration = Duration::from_secs(150);
/// The same for a master on this machine, from which nothing gets lost on its way; it may be busy.
const SETTLED_HERE: Duration = Duration::from_secs(15);
/// Clocks of masters may be wrong by so much.
const SKEW: Duration = Duration::from_secs(24 * 3600);
/// How long a driver may take to end: its worker gives it 10 s (`spark.worker.driverTerminateTimeout`), then kills it.
const ENDS: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(250);
/// Of the log's beginning so much is looked at for the command; the longest Linux allows for one argument.
const HEAD: u64 = 128 << 10;

impl StandaloneTarget {
    pub(crate) fn shared_folder(&self, intent: &Intent) -> PathBuf {
        match &self.staging {
            None => intent.directory.clone(),
            Some(staging) => staging.join(intent.marker.replace('/', "-")),
        }
    }
}

impl StandaloneMaster {
    pub(crate) async fn launch(
        &self,
        intent: &Intent,
        launch: &Launch<'_>,
    ) -> Result<Launched<StandaloneDriver>, Error> {
        let target = target_of(intent)?;
        let shared = intent.shared_folder();
        let folder = properties::checked_folder(&shared)?.to_owned();
        let request = request(target, intent, launch, &folder)?;
        // Before the attempt is taken: what cannot be written leaves it as it was.
        intent.make_folder()?;
        write_shared(&shared, intent, launch)?;
        intent.begin()?;
        let driver = self.create(&request).await?;
        let written = intent.file("driver.new");
        let place = intent.file("driver");
        let failed = |source| Error::Write { path: place.clone(), source };
        fs::write(&written, &driver).map_err(failed)?;
        fs::rename(&written, &place).map_err(failed)?;
        let identity = StandaloneDriver { intent: intent.clone(), driver };
        Ok(Launched { identity, notes: Vec::new() })
    }

    pub(crate) async fn find(&self, intent: &Intent) -> Result<Trace<StandaloneDriver>, Error> {
        let started = |driver| Trace::Started(StandaloneDriver { intent: intent.clone(), driver });
        let read = |path: PathBuf, source| Error::Read { path, source };
        let (mark, id) = (intent.file("launched"), intent.file("driver"));
        let begun = match fs::metadata(&mark) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Trace::NotLaunched);
            }
            mode => mode.and_then(|data| data.modified()).map_err(|error| read(mark, error))?,
        };
        match fs::read_to_string(&id) {
            Ok(driver) => return Ok(started(driver)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(read(id, source)),
        }
        let seen = self.cluster().await?;
        let since = begun
            .checked_sub(SKEW)
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let since = since.unwrap_or_default().as_millis();
        let mut hidden = 0_usize;
        for driver in seen.drivers().filter(|driver| driver.started_ms() >= since) {
            let worker = seen.workers.iter().find(|worker| worker.id == driver.worker);
            let head = match worker {
                Some(worker) => {
                    let of = format!("driverId={}", driver.id);
                    self.log_range((&worker.web, &of), "stderr", 0..HEAD).await.ok()
                }
                None => None,
            };
            match head {
                Some(head) if head.text.starts_with("Launch Command:") => {
                    if is_of(intent, &head.text) {
                        return Ok(started(driver.id.clone()));
                    }
                }
                // A worker that could not fetch what it was to start has written no command, and never will.
                _ if driver.state == "ERROR"
                    && worker.is_some_and(|worker| worker.state == "ALIVE") => {}
                _ => hidden += 1,
            }
        }
        let waited = begun.elapsed().unwrap_or_default();
        let settled = if is_here(&self.address.rest) { SETTLED_HERE } else { SETTLED };
        if hidden == 0 && waited >= settled {
            return Ok(Trace::NeverStarted);
        }
        let why = if hidden > 0 {
            format!(
                "the master was asked for a driver, its answer was lost, and {hidden} of its drivers cannot be told from \
                 ours: they wait for a worker, or their logs cannot be read"
            )
        } else {
            format!(
                "the master was asked for a driver and its answer was lost; none of its drivers is ours yet, after {} s",
                waited.as_secs()
            )
        };
        Ok(Trace::Unknown { why })
    }

    pub(crate) async fn status_of(&self, driver: &StandaloneDriver) -> Result<Status, Error> {
        let Some(status) = self.status(&driver.driver).await? else {
            return Ok(Status::Vanished);
        };
        let ended = |outcome| Status::Ended { outcome, message: status.message.clone() };
        Ok(match status.state {
            DriverState::Submitted => waiting(),
            DriverState::Running | DriverState::Relaunching | DriverState::Unknown => {
                Status::Running
            }
            DriverState::Finished => ended(Outcome::Succeeded),
            DriverState::Killed => ended(Outcome::Killed),
            DriverState::Failed | DriverState::Error => ended(Outcome::Failed),
        })
    }

    /// Where the drivers stand that the master has not done with, by their ids.
    pub(crate) async fn active(&self) -> Result<HashMap<String, Status>, Error> {
        let known = |driver: ClusterDriver| {
            let status = match driver.state.as_str() {
                "SUBMITTED" => waiting(),
                "RUNNING" | "RELAUNCHING" => Status::Running,
                _ => return None,
            };
            Some((driver.id, status))
        };
        Ok(self.cluster().await?.into_active_drivers().filter_map(known).collect())
    }

    pub(crate) async fn cancel(&self, driver: &StandaloneDriver) -> Result<Status, Error> {
        let status = self.status_of(driver).await?;
        if status.is_final() {
            return Ok(status);
        }
        driver.intent.note_cancelled();
        self.kill(&driver.driver).await?;
        let end = Instant::now() + ENDS;
        loop {
            let status = self.status_of(driver).await?;
            if status.is_final() {
                return Ok(status);
            }
            if Instant::now() >= end {
                return Err(Error::StillThere {
                    server: self.address.master.clone(),
                    what: driver.driver.clone(),
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn waiting() -> Status {
    let reason = "no worker of the cluster has the cores and the memory for its driver";
    Status::Waiting { reason: Some(reason.to_owned()) }
}

fn target_of(intent: &Intent) -> Result<&StandaloneTarget, Error> {
    match &intent.target {
        Target::Standalone(target) => Ok(target),
        _ => Err(Error::WrongCluster { directory: intent.directory.clone() }),
    }
}

/// Whether an address is one of this machine.
fn is_here(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

fn is_of(intent: &Intent, command: &str) -> bool {
    let (run, attempt) = properties::run_and_attempt(&intent.marker);
    let command = command.lines().next().unwrap_or_default();
    command.contains(&format!("\"-Dspark.tinderbox.run={run}\""))
        && command.contains(&format!("\"-Dspark.tinderbox.attempt={attempt}\""))
}

fn request(
    target: &StandaloneTarget,
    intent: &Intent,
    launch: &Launch<'_>,
    folder: &str,
) -> Result<DriverRequest, Error> {
    let mut conf: BTreeMap<String, String> = launch.conf.clone();
    let jar = format!("{folder}/{LISTENER_JAR}");
    properties::watch(
        &mut conf,
        &Watched {
            marker: &intent.marker,
            event_log: &format!("{}/eventlog", properties::file_url(folder)),
            listener: launch
                .listener
                .as_ref()
                .map(|listener| (jar.as_str(), listener.url.as_str())),
            has_secrets: !launch.secrets.is_empty(),
        },
    );
    start_in(launch.working_directory, &mut conf);
    let options = [
        java_module_options(&target.spark_version),
        &format!("\"-Duser.dir={}\"", launch.working_directory.display()),
        conf.get("spark.driver.extraJavaOptions").map_or("", String::as_str),
    ];
    let options: Vec<&str> = options.into_iter().filter(|options| !options.is_empty()).collect();
    conf.insert("spark.driver.extraJavaOptions".to_owned(), options.join(" "));
    let mut environment = launch.environment.clone();
    environment.extend(launch.secrets.clone());
    let mut set = |name: &str, value: &str| environment.insert(name.to_owned(), value.to_owned());
    set(crate::process::MARKER, &intent.marker);
    set("TINDERBOX_EXPECTATIONS", &format!("{folder}/{}", crate::expectations::FILE));
    if let Some(python) = &target.python {
        set("PYSPARK_PYTHON", python);
        set("PYSPARK_DRIVER_PYTHON", python);
    }
    if let Some(listener) = &launch.listener {
        set("TINDERBOX_INGEST_TOKEN", &listener.token);
    }
    let mut request = DriverRequest {
        spark_version: target.spark_version.clone(),
        resource: format!("{folder}/job.py"),
        main_class: String::new(),
        arguments: Vec::new(),
        conf,
        environment,
    };
    let mut is_python = true;
    if let Program::File { file, main_class, arguments } = launch.program {
        request.resource = whole(launch.working_directory, file);
        request.arguments = arguments.to_vec();
        is_python = file.ends_with(".py");
        if !is_python {
            let class = main_class.ok_or_else(|| Error::NoMainClass { file: file.to_owned() })?;
            request.main_class = class.to_owned();
        }
    }
    Ok(if is_python { request.of_python(&target.address.master) } else { request })
}

/// A driver on a worker starts in a folder of its own. Relative paths of data are those of `user.dir`
/// (`RawLocalFileSystem`), those of files that are fetched before are named in full.
fn start_in(folder: &Path, conf: &mut BTreeMap<String, String>) {
    for key in ["spark.submit.pyFiles", "spark.files", "spark.jars", "spark.archives"] {
        let Some(files) = conf.get_mut(key) else { continue };
        *files = files.split(',').map(|file| whole(folder, file)).collect::<Vec<_>>().join(",");
    }
}

/// A file with its whole path; addresses stay as they are.
fn whole(folder: &Path, file: &str) -> String {
    match file.trim() {
        file if file.is_empty() || file.starts_with('/') || file.contains(':') => file.to_owned(),
        file => folder.join(file).display().to_string(),
    }
}

const LISTENER_JAR: &str = "tinderbox-listener.jar";

/// What the workers read: readable for the group and others as the umask of this process says, because a worker's Spark
/// is mostly somebody else.
fn write_shared(folder: &Path, intent: &Intent, launch: &Launch<'_>) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    let events = folder.join("eventlog");
    fs::create_dir_all(&events).map_err(failed(&events))?;
    if let Program::PySpark(text) = launch.program {
        // Beside the attempt's other files, where people look for it, too.
        for program in [folder.join("job.py"), intent.file("job.py")] {
            fs::write(&program, text).map_err(failed(&program))?;
        }
    }
    if let Some(listener) = &launch.listener {
        let jar = folder.join(LISTENER_JAR);
        fs::copy(&listener.jar, &jar).map_err(failed(&jar))?;
    }
    Ok(())
}
