mod conf;
mod container;

pub(crate) use conf::properties_file;
pub use container::SparkImage;

use crate::attempt::write_new;
use crate::host::DEFAULT_PATH;
use crate::process::MARKER;
use crate::properties::checked_folder;
use crate::{Error, Host, Identity, Intent, Java, LocalProcesses, SparkInstall, SparkInstalls};
use container::Container;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tinderbox_model::SparkVersion;

/// A Spark on this machine that can be started.
#[derive(Debug, Clone)]
pub struct LocalSpark {
    host: Host,
    kind: Kind,
    notes: Vec<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// A Spark, a Java and a Python that fit together.
    Installed(Installed),
    /// All of them in an image.
    Image(Container),
}

#[derive(Debug, Clone)]
struct Installed {
    spark: SparkInstall,
    java: Java,
    python: PathBuf,
}

/// One attempt to be started.
#[derive(Clone)]
pub struct Launch<'a> {
    /// What Spark runs.
    pub program: Program<'a>,
    /// Relative paths of the program start here.
    pub working_directory: &'a Path,
    /// The spec's Spark configuration. It wins over Tinderbox's defaults (a free port for Spark's UI, a warehouse in
    /// the attempt's folder) and loses against what makes this run this run: master, deploy mode, addresses, local
    /// folders, event log, `spark.tinderbox.*`. `spark.extraListeners` and `spark.driver.extraClassPath` are added to.
    /// The installation's `spark-defaults.conf` is not read.
    pub conf: &'a BTreeMap<String, String>,
    /// The master that executors come from, with the driver on this machine (client mode); `None` is local Spark. With
    /// `local-cluster[EXECUTORS,CORES,MIB]` the driver starts them as processes of their own on this machine; they end with it.
    pub master: Option<&'a str>,
    /// Cores to run on, of local Spark; `None` takes what `conf` asks for (executors × cores), else all. Never more than the machine has.
    pub cores: Option<u32>,
    /// Live events, when somebody listens.
    pub listener: Option<Listener>,
    /// What the run gets besides a few harmless variables of the host (`PATH`, `HOME`, user, locale, time zone,
    /// `JAVA_HOME`): secrets, credentials of storage, proxies. Spark's and Tinderbox's own cannot be replaced.
    pub environment: BTreeMap<String, String>,
    /// Secrets that the program looks up in its environment, by the names of their variables, which begin with
    /// `TINDERBOX_SECRET_`. They are hidden in what the run prints, and in what Spark has recorded when it has ended;
    /// for that its event log is not compressed.
    pub secrets: BTreeMap<String, String>,
}

/// What an attempt runs.
#[derive(Debug, Clone, Copy)]
pub enum Program<'a> {
    /// A compiled PySpark program; becomes `job.py`, byte for byte.
    PySpark(&'a str),
    /// A file that people have. Files that it needs are among the properties.
    File {
        /// A path or an address, ending in `.py` or `.jar`; a relative path starts at the working directory.
        file: &'a str,
        /// Of a jar; `None` is that of its manifest.
        main_class: Option<&'a str>,
        /// What it is called with.
        arguments: &'a [String],
    },
}

/// Where the listener inside Spark sends its events.
#[derive(Clone)]
pub struct Listener {
    /// Tinderbox's listener jar.
    pub jar: PathBuf,
    /// The address of `/ingest/live`, without credentials.
    pub url: String,
    /// May only ingest, and only for this run. Given to Spark in its environment.
    pub token: String,
}

/// What a launch answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched<I = Identity> {
    /// To follow it by; store it.
    pub identity: I,
    /// Sentences on what differs from what was asked for, for people.
    pub notes: Vec<String>,
}

/// Where `spark-submit` takes and leaves what it needs: names in the attempt's folder.
pub(crate) struct Places {
    pub(crate) properties: &'static str,
    pub(crate) log: &'static str,
    /// The folder with records that secrets are looked for in, when it has ended.
    pub(crate) records: PathBuf,
}

/// Records the exit code whatever happens to the launcher. Arguments: the attempt's folder, then the command.
///
/// `set -C` makes the shell create `pid` exclusively. The trap keeps the shell alive when the whole group is
/// signaled; it is not inherited by the command. What may hold secrets is emptied at the end. `${20}` behind the name is field 22 of proc(5)'s `stat`.
const SUPERVISOR: &str = r#"
set -Cf
folder=$1
shift
read -r stat </proc/$$/stat
ticks=$(set -- ${stat##*) }; echo "${20}")
echo "$$ $ticks" >"$folder/pid" || exit 1
trap : HUP INT TERM
"$@"
code=$?
[ ! -e "$folder/submission.properties" ] || : >|"$folder/submission.properties"
echo "$code" >"$folder/exit_code.new" && mv "$folder/exit_code.new" "$folder/exit_code"
"#;

/// Variables of the host that every run gets.
pub(crate) const INHERITED: [&str; 9] =
    ["HOME", "JAVA_HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "TZ", "USER"];

/// Stands between the supervisor and Spark where there are secrets to hide. Python is there anyway, and the values reach
/// it the way they reach Spark.
const HIDE_SECRETS: &str = include_str!("local/hide_secrets.py");

impl LocalSpark {
    /// The version of the Spark that was found.
    pub fn version(&self) -> &SparkVersion {
        match &self.kind {
            Kind::Installed(installed) => &installed.spark.version,
            Kind::Image(container) => container.version(),
        }
    }

    /// Finds a Spark of the wanted version (see [`SparkInstalls::select`]) with a Java and a Python for it.
    ///
    /// # Errors
    /// One per thing that can be missing, each with a hint: [`Error::NoSpark`], [`Error::NoSuchSpark`],
    /// [`Error::NoJava`], [`Error::BadJava`], [`Error::OldJava`], [`Error::NoPython`].
    pub fn find(host: &Host, wanted: Option<&SparkVersion>) -> Result<Self, Error> {
        let installs = SparkInstalls::discover(host);
        let (spark, note) = installs.select(wanted)?;
        let java = Java::find(host)?;
        let java_note = java.check(spark)?;
        let python = spark.python.clone().or_else(|| host.on_path("python3"));
        let python = python.ok_or_else(|| Error::NoPython { home: spark.home.clone() })?;
        Ok(Self {
            notes: note.into_iter().chain(java_note).collect(),
            host: host.clone(),
            kind: Kind::Installed(Installed { python, spark: spark.clone(), java }),
        })
    }

    /// A Spark out of an image, of which nothing is asked before it is launched.
    ///
    /// # Errors
    /// [`Error::NoContainers`].
    pub fn in_image(host: &Host, image: &SparkImage) -> Result<Self, Error> {
        let container = Container::find(host, image)?;
        Ok(Self { host: host.clone(), kind: Kind::Image(container), notes: Vec::new() })
    }

    /// The Spark that was selected and the Java that it runs on; `None` out of an image.
    pub fn installed(&self) -> Option<(&SparkInstall, &Java)> {
        match &self.kind {
            Kind::Installed(installed) => Some((&installed.spark, &installed.java)),
            Kind::Image(_) => None,
        }
    }

    /// Writes the attempt's folder and starts Spark in it, in a session of its own, so that neither the end of this
    /// process nor Ctrl-C in its terminal reaches it. Returns when the supervisor of the attempt runs.
    ///
    /// The folder holds `job.py` (the program), `spark.properties` (what Spark was told), `driver.log`,
    /// `eventlog`, `warehouse`, and until [`LocalProcesses::clean_up`] `tmp` and `local`.
    ///
    /// # Errors
    /// Before anything is written: [`Error::Conf`], [`Error::Folder`]. [`Error::AlreadyLaunched`] for a second launch.
    /// [`Error::Write`], [`Error::Start`], [`Error::NotStarted`] use the attempt up: [`Intent::find`] answers
    /// [`crate::Trace::NeverStarted`].
    pub fn launch(
        &self,
        intent: &Intent,
        launch: &Launch<'_>,
    ) -> Result<Launched<LocalProcesses>, Error> {
        let folder = checked_folder(&intent.directory)?;
        if !launch.working_directory.is_dir() {
            let path = launch.working_directory.to_owned();
            return Err(Error::Folder {
                path,
                problem: "is the working directory and does not exist",
            });
        }
        let plan = conf::plan(&conf::Wanted {
            folder,
            marker: &intent.marker,
            host: &self.host,
            conf: launch.conf,
            master: launch.master,
            cores: launch.cores,
            listener: launch.listener.as_ref(),
            has_secrets: !launch.secrets.is_empty(),
        })?;

        let files = [("spark.properties", conf::properties_file(&plan.properties))];
        let places = Places {
            properties: "spark.properties",
            log: "driver.log",
            records: intent.directory.clone(),
        };
        let identity = self.start_once(intent, launch, &files, &places)?;
        let notes = self.notes.iter().cloned().chain(plan.notes).collect();
        Ok(Launched { identity, notes })
    }

    /// Takes the attempt's one launch, writes its folder, and starts `spark-submit` there.
    pub(crate) fn start_once(
        &self,
        intent: &Intent,
        launch: &Launch<'_>,
        files: &[(&str, String)],
        places: &Places,
    ) -> Result<LocalProcesses, Error> {
        if let Kind::Image(container) = &self.kind {
            container.check(launch)?;
        }
        let own_home = launch.master.is_some_and(conf::has_own_executors);
        self.write_folder(intent, launch.program, files, places)?;
        if let (Kind::Installed(installed), true) = (&self.kind, own_home) {
            make_own_home(intent, &installed.spark.home)?;
        }
        self.start(intent, launch, places)?;
        intent.await_start()
    }

    /// Sentences on what differs from what was asked for.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    fn write_folder(
        &self,
        intent: &Intent,
        program: Program<'_>,
        files: &[(&str, String)],
        places: &Places,
    ) -> Result<(), Error> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        let make_folder = |path: &Path| {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed(path))
        };
        intent.begin()?;
        for name in ["eventlog", "local", "tmp"] {
            make_folder(&intent.file(name))?;
        }
        let mut files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        files.push((places.log, ""));
        if let Program::PySpark(text) = program {
            files.push(("job.py", text));
        }
        for (name, text) in files {
            let path = intent.file(name);
            write_new(&path, text).map_err(failed(&path))?;
        }
        Ok(())
    }

    fn start(&self, intent: &Intent, launch: &Launch<'_>, places: &Places) -> Result<(), Error> {
        let environment = self.environment(intent, launch);
        let submit = match &self.kind {
            Kind::Installed(installed) => {
                vec![installed.spark.home.join("bin/spark-submit").into_os_string()]
            }
            Kind::Image(container) => container.command(intent, launch, &environment)?,
        };
        let command = self
            .before_spark(launch, places)?
            .into_iter()
            .chain(submit)
            .chain(["--properties-file".into(), intent.file(places.properties).into_os_string()])
            .chain(submitted(intent, launch.program))
            .collect();
        supervised(intent, places.log, command, (launch.working_directory, environment))
    }

    fn before_spark(&self, launch: &Launch<'_>, places: &Places) -> Result<Vec<OsString>, Error> {
        if launch.secrets.is_empty() {
            return Ok(Vec::new());
        }
        let python = match &self.kind {
            Kind::Installed(installed) => installed.python.clone(),
            Kind::Image(container) => {
                let none = || Error::NoPython { home: container.home().into() };
                self.host.on_path("python3").ok_or_else(none)?
            }
        };
        let records = places.records.clone().into_os_string();
        Ok(vec![python.into_os_string(), "-c".into(), HIDE_SECRETS.into(), records])
    }

    fn environment(&self, intent: &Intent, launch: &Launch<'_>) -> BTreeMap<String, String> {
        let host = INHERITED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.host.variable(name)?.to_owned())));
        let mut environment = BTreeMap::from([("PATH".to_owned(), DEFAULT_PATH.to_owned())]);
        environment.extend(host);
        environment.extend(launch.environment.clone());
        environment.extend(launch.secrets.clone());

        let text = |path: &Path| path.to_string_lossy().into_owned();
        let tmp = text(&intent.file("tmp"));
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        set(MARKER, intent.marker.clone());
        if launch.master.is_some() {
            // Executors have places of their own, so it is not `spark.local.dir`.
            set("SPARK_LOCAL_DIRS", text(&intent.file("local")));
        }
        // Spark's UI listens on all interfaces unless this is set. Executors elsewhere must reach the driver.
        if launch.master.is_none_or(conf::is_here) {
            set("SPARK_LOCAL_IP", "127.0.0.1".to_owned());
        }
        // Spark's launcher splits this at spaces outside of quotes and places it before the user's own options.
        set("SPARK_SUBMIT_OPTS", format!("\"-Djava.io.tmpdir={tmp}\""));
        set("TMPDIR", tmp);
        set("TINDERBOX_EXPECTATIONS", text(&intent.file(crate::expectations::FILE)));
        if let Some(listener) = &launch.listener {
            set("TINDERBOX_INGEST_TOKEN", listener.token.clone());
        }
        match &self.kind {
            Kind::Installed(installed) => environment.extend(installed.variables(intent, launch)),
            Kind::Image(_) => environment.extend(Container::environment(&self.host)),
        }
        environment
    }
}

impl Installed {
    /// Where Spark and the Pythons are.
    fn variables(&self, intent: &Intent, launch: &Launch<'_>) -> [(String, String); 3] {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let home = match launch.master.is_some_and(conf::has_own_executors) {
            true => own_home(intent),
            false => self.spark.home.clone(),
        };
        // Of executors elsewhere, whose machines have a Python of their own, somebody may have said which.
        let theirs = launch.environment.get("PYSPARK_PYTHON").filter(|_| launch.master.is_some());
        let python = theirs.cloned().unwrap_or_else(|| text(&self.python));
        [
            ("SPARK_HOME".to_owned(), text(&home)),
            ("PYSPARK_PYTHON".to_owned(), python),
            ("PYSPARK_DRIVER_PYTHON".to_owned(), text(&self.python)),
        ]
    }
}

/// Starts a command under a supervisor, with a file of the attempt's folder for its output.
pub(crate) fn supervised(
    intent: &Intent,
    log: &str,
    command: Vec<OsString>,
    (working_directory, environment): (&Path, BTreeMap<String, String>),
) -> Result<(), Error> {
    let log_path = intent.file(log);
    let open = || {
        File::options()
            .append(true)
            .open(&log_path)
            .map_err(|source| Error::Write { path: log_path.clone(), source })
    };
    // As leader of a new process group `setsid` cannot make a session itself: it forks and ends, so that the
    // supervisor is nobody's child here and leaves no zombie behind.
    let mut setsid = Command::new("setsid");
    setsid
        .args(["sh", "-c", SUPERVISOR, "tinderbox-supervisor"])
        .arg(&intent.directory)
        .args(command)
        .current_dir(working_directory)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(open()?)
        .stderr(open()?)
        .process_group(0);
    setsid.status().map(|_| ()).map_err(|source| Error::Start { program: "setsid", source })
}

/// A `SPARK_HOME` of the attempt's own, made of links: workers inside of a driver keep the files of executors below it, in
/// `work` (`org.apache.spark.deploy.worker.Worker`), and Spark's own folder is everybody's and may be read-only.
fn make_own_home(intent: &Intent, spark_home: &Path) -> Result<(), Error> {
    let home = own_home(intent);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&home).map_err(failed(&home))?;
    let entries = std::fs::read_dir(spark_home).map_err(failed(spark_home))?;
    for entry in entries {
        let entry = entry.map_err(failed(spark_home))?;
        let link = home.join(entry.file_name());
        // What earlier applications left in Spark's own folder.
        if entry.file_name() != "work" {
            std::os::unix::fs::symlink(entry.path(), &link).map_err(failed(&link))?;
        }
    }
    Ok(())
}

/// Below what [`LocalProcesses::clean_up`] removes.
fn own_home(intent: &Intent) -> PathBuf {
    intent.file("local").join("spark-home")
}

/// What stands behind the options of `spark-submit`.
fn submitted(intent: &Intent, program: Program<'_>) -> Vec<OsString> {
    match program {
        Program::PySpark(_) => vec![intent.file("job.py").into_os_string()],
        Program::File { file, main_class, arguments } => {
            let class = main_class.into_iter().flat_map(|class| ["--class", class]);
            class
                .chain([file])
                .chain(arguments.iter().map(String::as_str))
                .map(OsString::from)
                .collect()
        }
    }
}

impl std::fmt::Debug for Launch<'_> {
    /// Without what is in the environment.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launch")
            .field("working_directory", &self.working_directory)
            .field("conf", &self.conf)
            .field("master", &self.master)
            .field("cores", &self.cores)
            .field("listener", &self.listener)
            .field("secrets", &self.secrets.keys())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Listener {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("jar", &self.jar)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
