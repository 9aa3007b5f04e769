//! Spark out of an image, in a container on this machine.
//!
//! The container shares this machine's network and the attempt's folder under its own path, so that all else is as without one.
//! Its processes carry the attempt's marker too, by which they are found and ended, whatever became of the client that started
//! them; and its name is the attempt's, of which there is one container at most.

use super::{Launch, Program};
use crate::{Error, Host, Intent};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use tinderbox_model::SparkVersion;

/// An image with Spark in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparkImage {
    /// As the container engine knows it: `apache/spark:3.5.8`.
    pub image: String,
    /// The client of the container engine, `docker` or `podman`: a name on the `PATH` or a path.
    pub runtime: String,
    /// Its `SPARK_HOME`.
    pub home: String,
    /// The version of its Spark.
    pub version: SparkVersion,
    /// Folders of this machine that are seen in it under the same paths, besides the job's own.
    pub mounts: Vec<PathBuf>,
}

/// Properties with files that Spark takes along.
const LISTS: [&str; 4] = ["spark.jars", "spark.submit.pyFiles", "spark.files", "spark.archives"];
/// Variables that are the image's own, or this machine's.
const NOT_PASSED: [&str; 6] = ["HOME", "JAVA_HOME", "LOGNAME", "PATH", "SPARK_HOME", "USER"];
/// What clients of container engines are set with.
const OF_CLIENT: [&str; 7] = [
    "CONTAINER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
];

/// A client of a container engine, and the image.
#[derive(Debug, Clone)]
pub(super) struct Container {
    client: PathBuf,
    image: SparkImage,
}

impl Container {
    pub(super) fn find(host: &Host, image: &SparkImage) -> Result<Self, Error> {
        let name = &image.runtime;
        let client = match name.contains('/') {
            true => Some(PathBuf::from(name)).filter(|path| crate::host::is_executable(path)),
            false => host.on_path(name),
        };
        let client = client.ok_or_else(|| Error::NoContainers { client: name.clone() })?;
        Ok(Self { client, image: image.clone() })
    }

    pub(super) fn version(&self) -> &SparkVersion {
        &self.image.version
    }

    pub(super) fn home(&self) -> &str {
        &self.image.home
    }

    /// What the client is set with.
    pub(super) fn environment(host: &Host) -> impl Iterator<Item = (String, String)> {
        OF_CLIENT
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), host.variable(name)?.to_owned())))
    }

    /// Refuses what cannot be in a container.
    pub(super) fn check(&self, launch: &Launch<'_>) -> Result<(), Error> {
        if let Some(master) = launch.master {
            return Err(Error::Conf {
                key: "spark.master".to_owned(),
                value: master.to_owned(),
                expected: "for containers, whose executors are in the driver: leave it out",
            });
        }
        let mounts = self.image.mounts.iter().cloned();
        for path in mounts.chain([launch.working_directory.to_owned()]).chain(files(launch)) {
            if path.to_str().is_none_or(|text| text.contains([',', '"', '\n'])) {
                let problem =
                    "has one of , \" or a line break in its name, and no container can be shown it";
                return Err(Error::Folder { path, problem });
            }
        }
        Ok(())
    }

    /// The command that starts the program of the container with these variables, whose values stay in the environment.
    pub(super) fn command(
        &self,
        intent: &Intent,
        launch: &Launch<'_>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Vec<OsString>, Error> {
        let read = |source| Error::Read { path: intent.directory.clone(), source };
        let owner = std::fs::metadata(&intent.directory).map_err(read)?;
        let mut command: Vec<OsString> = vec![self.client.clone().into()];
        let mut add = |text: String| command.push(text.into());
        for text in ["run", "--rm", "--network=host"] {
            add(text.to_owned());
        }
        add(format!("--name=tinderbox-{}", intent.marker.replace('/', "-")));
        add(format!("--user={}:{}", owner.uid(), owner.gid()));
        let is_podman = self.client.file_name().is_some_and(|name| name == "podman");
        if is_podman && owner.uid() != 0 {
            // Without, files of the container belong to nobody here.
            add("--userns=keep-id".to_owned());
        }
        add(format!("--workdir={}", launch.working_directory.display()));
        let folders = [intent.directory.as_path(), launch.working_directory];
        let seen = folders.into_iter().chain(self.image.mounts.iter().map(PathBuf::as_path));
        let seen: BTreeSet<&Path> = seen.collect();
        for path in &seen {
            add(mount(path, ""));
        }
        let others = files(launch).into_iter();
        for path in others.filter(|path| !seen.iter().any(|folder| path.starts_with(folder))) {
            add(mount(&path, ",readonly"));
        }
        let is_passed = |name: &&String| {
            !NOT_PASSED.contains(&name.as_str()) && !OF_CLIENT.contains(&name.as_str())
        };
        for name in environment.keys().filter(is_passed) {
            add(format!("--env={name}"));
        }
        // Users that the image does not know have none.
        add(format!("--env=HOME={}", intent.file("tmp").display()));
        add(format!("--env=SPARK_HOME={}", self.image.home));
        add(self.image.image.clone());
        add(format!("{}/bin/spark-submit", self.image.home.trim_end_matches('/')));
        Ok(command)
    }
}

/// Files of this machine that come with the launch.
fn files(launch: &Launch<'_>) -> BTreeSet<PathBuf> {
    let program = match launch.program {
        Program::PySpark(_) => None,
        Program::File { file, .. } => Some(file),
    };
    let lists = LISTS.iter().filter_map(|key| launch.conf.get(*key));
    let named = lists.flat_map(|list| list.split(',')).chain(program);
    let paths = named.filter_map(|name| {
        let name = name.trim().strip_prefix("file:").unwrap_or(name.trim());
        // An archive's name in the driver's folder.
        let (path, _) = name.split_once('#').unwrap_or((name, ""));
        path.starts_with('/').then(|| PathBuf::from(path.replacen("///", "/", 1)))
    });
    let listener = launch.listener.as_ref().map(|listener| listener.jar.clone());
    paths.chain(listener).filter(|path| path.exists()).collect()
}

fn mount(path: &Path, how: &str) -> String {
    let path = path.display();
    format!("--mount=type=bind,source={path},target={path}{how}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Listener;
    use tinderbox_model::{AttemptNumber, Bytes};

    fn image(mounts: &[PathBuf]) -> SparkImage {
        SparkImage {
            image: "apache/spark:3.5.8".to_owned(),
            runtime: "podman".to_owned(),
            home: "/opt/spark".to_owned(),
            version: SparkVersion::parse("3.5.8").expect("a version"),
            mounts: mounts.to_vec(),
        }
    }

    #[test]
    fn row_2_6_a_container_sees_what_the_job_needs_and_no_value_is_on_the_command_line() {
        let root = tempfile::tempdir().expect("a folder");
        let file = |name: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, "").expect("a file");
            path
        };
        let (program, jar) = (file("apps/app.py"), file("libs/a.jar"));
        let inside = file("jobs/b.jar");
        let folder = root.path().join("attempt");
        std::fs::create_dir(&folder).expect("a folder");
        let intent = Intent::new(&folder, &"a-run".into(), AttemptNumber(2));
        let jars = format!(
            "file://{}, {}, s3a://b/x.jar, c.jar, /no/such.jar",
            jar.display(),
            inside.display()
        );
        let conf = BTreeMap::from([("spark.jars".to_owned(), jars)]);
        let (listener, url) = (file("listener.jar"), String::new());
        let launch = Launch {
            program: Program::File {
                file: program.to_str().expect("text"),
                main_class: None,
                arguments: &[],
            },
            working_directory: &root.path().join("jobs"),
            conf: &conf,
            master: None,
            cores: None,
            listener: Some(Listener { jar: listener, url, token: "hush".to_owned() }),
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
        };
        let names = ["PATH", "HOME", "TINDERBOX_SECRET_A", "DOCKER_HOST", "TINDERBOX_ATTEMPT"];
        let environment = names.map(|name| (name.to_owned(), "hush".to_owned())).into();
        let data = root.path().join("data");
        let image = image(&[data.clone(), data]);
        let container = Container { client: "/usr/bin/podman".into(), image };
        container.check(&launch).expect("nothing in the way");
        let command = container.command(&intent, &launch, &environment).expect("a command");
        let here = root.path().display().to_string();
        let owner = std::fs::metadata(&folder).expect("metadata");
        let ids = format!("{}:{}", owner.uid(), owner.gid());
        let text: Vec<String> = command
            .iter()
            .map(|part| part.to_string_lossy().replace(&here, "").replace(&ids, "IDS"))
            .filter(|part| part != "--userns=keep-id")
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        /usr/bin/podman
        run
        --rm
        --network=host
        --name=tinderbox-a-run-2
        --user=IDS
        --workdir=/jobs
        --mount=type=bind,source=/attempt,target=/attempt
        --mount=type=bind,source=/data,target=/data
        --mount=type=bind,source=/jobs,target=/jobs
        --mount=type=bind,source=/apps/app.py,target=/apps/app.py,readonly
        --mount=type=bind,source=/libs/a.jar,target=/libs/a.jar,readonly
        --mount=type=bind,source=/listener.jar,target=/listener.jar,readonly
        --env=TINDERBOX_ATTEMPT
        --env=TINDERBOX_SECRET_A
        --env=HOME=/attempt/tmp
        --env=SPARK_HOME=/opt/spark
        apache/spark:3.5.8
        /opt/spark/bin/spark-submit
        ");
        let away = Launch { master: Some("spark://lab:7077"), ..launch };
        let error = container.check(&away).expect_err("executors elsewhere");
        assert!(matches!(&error, Error::Conf { key, .. } if key == "spark.master"), "{error}");
        let away = Launch { master: None, working_directory: Path::new("/a,b"), ..away };
        assert!(matches!(container.check(&away), Err(Error::Folder { .. })));
    }

    #[test]
    fn a_missing_client_is_told() {
        let path = ("PATH".to_owned(), "/nowhere".to_owned());
        let host = Host { variables: [path].into(), cores: 1, memory: Bytes::ZERO };
        let error = Container::find(&host, &image(&[])).expect_err("no podman");
        assert!(matches!(&error, Error::NoContainers { client } if client == "podman"));
        assert!(error.hint().is_some_and(|hint| hint.contains("runtime")));
    }
}
