use crate::{Error, Host};
use std::fs;
use std::path::{Path, PathBuf};
use tinderbox_model::SparkVersion;

/// A Spark on this machine that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparkInstall {
    /// Its `SPARK_HOME`: the folder with `bin/spark-submit` and `jars`.
    pub home: PathBuf,
    /// From the name of `jars/spark-core_*.jar`, which is there in every distribution.
    pub version: SparkVersion,
    /// The Python of the environment that the Spark is installed in; `None` for a plain Spark folder.
    pub python: Option<PathBuf>,
    /// The last part of the folder that a person knows it by: the Python environment or the Spark folder.
    pub name: String,
}

/// All Sparks on this machine, the most deliberately named first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SparkInstalls {
    /// In this order: `TINDERBOX_SPARK_HOMES`, `SPARK_HOME`, then what lies on the `PATH`. Each folder once.
    pub found: Vec<SparkInstall>,
    /// Places that were named and hold no Spark.
    pub rejected: Vec<RejectedHome>,
}

/// A configured place that holds no Spark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedHome {
    /// The variable that names it.
    pub variable: &'static str,
    /// The place.
    pub path: PathBuf,
    /// Why it is none.
    pub reason: &'static str,
}

impl SparkInstalls {
    /// Looks through `TINDERBOX_SPARK_HOMES` (a colon-separated list of Spark folders and Python environments),
    /// `SPARK_HOME`, and the `spark-submit` and `python3` of the `PATH`. Starts nothing.
    pub fn discover(host: &Host) -> Self {
        let mut installs = Self::default();
        let listed = host.variable("TINDERBOX_SPARK_HOMES").unwrap_or_default();
        for path in listed.split(':').filter(|path| !path.is_empty()) {
            installs.add_named("TINDERBOX_SPARK_HOMES", path);
        }
        if let Some(path) = host.variable("SPARK_HOME") {
            installs.add_named("SPARK_HOME", path);
        }
        for folder in host.path_folders() {
            let submit = fs::canonicalize(folder.join("spark-submit")).ok();
            let beside = submit.as_deref().and_then(|file| file.parent()?.parent());
            let environment = folder.parent().filter(|_| folder.join("python3").exists());
            for place in beside.into_iter().chain(environment) {
                if let Ok(install) = SparkInstall::at(place) {
                    installs.add(install);
                }
            }
        }
        installs
    }

    /// Chooses one. Without a wish the first; with one the same `major.minor`, else the newest of the same major
    /// version together with a sentence that says so.
    ///
    /// # Errors
    /// [`Error::NoSpark`], [`Error::NoSuchSpark`].
    pub fn select(
        &self,
        wanted: Option<&SparkVersion>,
    ) -> Result<(&SparkInstall, Option<String>), Error> {
        let Some(first) = self.found.first() else {
            let rejected = self.rejected.iter().map(RejectedHome::sentence).collect();
            return Err(Error::NoSpark { rejected });
        };
        let Some(wanted) = wanted else { return Ok((first, None)) };
        let same_major =
            || self.found.iter().filter(|install| install.version.major == wanted.major);
        if let Some(exact) = same_major().find(|install| install.version.minor == wanted.minor) {
            return Ok((exact, None));
        }
        let newest = same_major().max_by_key(|install| install.version.minor).ok_or_else(|| {
            let found = self.found.iter();
            Error::NoSuchSpark {
                wanted: wanted.clone(),
                found: found.map(|i| format!("{} in {}", i.version, i.home.display())).collect(),
            }
        })?;
        let any_minor = !wanted.text.contains('.');
        let note =
            format!("Spark {wanted} is not on this machine; Spark {} is used", newest.version);
        Ok((newest, (!any_minor).then_some(note)))
    }

    fn add_named(&mut self, variable: &'static str, path: &str) {
        match SparkInstall::at(Path::new(path)) {
            Ok(install) => self.add(install),
            Err(reason) => {
                self.rejected.push(RejectedHome { variable, path: PathBuf::from(path), reason });
            }
        }
    }

    fn add(&mut self, install: SparkInstall) {
        if self.found.iter().all(|other| other.home != install.home) {
            self.found.push(install);
        }
    }
}

impl RejectedHome {
    /// For a message: `SPARK_HOME=/opt/spark does not exist`.
    pub fn sentence(&self) -> String {
        format!("{}={} {}", self.variable, self.path.display(), self.reason)
    }
}

impl SparkInstall {
    /// Reads a Spark folder, or a Python environment that has `pyspark` installed.
    fn at(place: &Path) -> Result<Self, &'static str> {
        let place = fs::canonicalize(place).map_err(|_| "does not exist")?;
        let candidates = std::iter::once(place.clone()).chain(packages(&place));
        let (home, version) = candidates
            .filter_map(|home| spark_core_version(&home).map(|version| (home, version)))
            .next()
            .ok_or("holds no jars/spark-core_*.jar and no pyspark package")?;
        if !home.join("bin/spark-submit").exists() {
            return Err("has no bin/spark-submit");
        }
        let environment = environment_of(&home);
        let python = environment.and_then(|folder| {
            let programs = ["bin/python", "bin/python3"];
            programs.iter().map(|name| folder.join(name)).find(|file| file.exists())
        });
        let known_by = environment.unwrap_or(&home).file_name().unwrap_or(home.as_os_str());
        let name = known_by.to_string_lossy().into_owned();
        Ok(Self { python, name, version, home })
    }
}

/// `lib/python3.*/site-packages/pyspark` (Debian's own Python: `dist-packages`) below a Python environment.
fn packages(environment: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = entries(&environment.join("lib"))
        .filter(|(name, _)| name.starts_with("python3"))
        .flat_map(|(_, path)| {
            ["site-packages/pyspark", "dist-packages/pyspark"].map(|end| path.join(end))
        })
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// The Python environment that a `…/lib/python3.*/site-packages/pyspark` belongs to.
fn environment_of(home: &Path) -> Option<&Path> {
    let is_package = home.file_name()? == "pyspark" && home.parent()?.ends_with("site-packages");
    is_package.then(|| home.ancestors().nth(4)).flatten()
}

fn spark_core_version(home: &Path) -> Option<SparkVersion> {
    entries(&home.join("jars")).find_map(|(name, _)| {
        let (_scala, version) =
            name.strip_prefix("spark-core_")?.strip_suffix(".jar")?.split_once('-')?;
        SparkVersion::parse(version)
    })
}

fn entries(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tinderbox_model::Bytes;

    fn spark_at(home: &Path, version: &str) {
        for folder in ["bin", "jars"] {
            fs::create_dir_all(home.join(folder)).expect("a folder");
        }
        fs::write(home.join("bin/spark-submit"), "").expect("a file");
        fs::write(home.join(format!("jars/spark-core_2.13-{version}.jar")), "").expect("a file");
    }

    fn discover(variables: &[(&str, &str)]) -> SparkInstalls {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variables: BTreeMap<_, _> = variables.collect();
        SparkInstalls::discover(&Host { variables, cores: 1, memory: Bytes::ZERO })
    }

    fn version(text: &str) -> SparkVersion {
        SparkVersion::parse(text).expect("a version")
    }

    #[test]
    fn plain_folders_and_python_environments_are_found_once_in_order() {
        let root = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(root.path()).expect("exists");
        let plain = root.join("spark-3.5.8-bin-hadoop3");
        spark_at(&plain, "3.5.8");
        let environment = root.join("science");
        let package = environment.join("lib/python3.11/site-packages/pyspark");
        spark_at(&package, "4.3.0");
        fs::create_dir_all(environment.join("bin")).expect("a folder");
        fs::write(environment.join("bin/python"), "").expect("a file");
        std::os::unix::fs::symlink(&plain, root.join("current")).expect("a link");

        let homes =
            format!("{}:{}:{}/gone", environment.display(), plain.display(), root.display());
        let current = root.join("current").display().to_string();
        let installs = discover(&[
            ("TINDERBOX_SPARK_HOMES", &homes),
            ("SPARK_HOME", &current),
            ("PATH", "/nowhere"),
        ]);
        let expected = [
            SparkInstall {
                home: package,
                version: version("4.3.0"),
                python: Some(environment.join("bin/python")),
                name: "science".to_owned(),
            },
            SparkInstall {
                home: plain,
                version: version("3.5.8"),
                python: None,
                name: "spark-3.5.8-bin-hadoop3".to_owned(),
            },
        ];
        assert_eq!(installs.found, expected);
        assert_eq!(installs.rejected.len(), 1);
        assert_eq!(installs.rejected[0].reason, "does not exist");
    }

    #[test]
    fn spark_submit_on_the_path_leads_to_its_spark() {
        let root = tempfile::tempdir().expect("a folder");
        let home = root.path().join("spark");
        spark_at(&home, "3.5.8");
        let bin = root.path().join("bin");
        fs::create_dir(&bin).expect("a folder");
        std::os::unix::fs::symlink(home.join("bin/spark-submit"), bin.join("spark-submit"))
            .expect("a link");
        let installs = discover(&[("PATH", &bin.display().to_string())]);
        assert_eq!(installs.found.len(), 1);
        assert_eq!(installs.found[0].version, version("3.5.8"));
    }

    #[test]
    fn version_of_the_spec_selects_and_a_near_one_is_noted() {
        let install = |text: &str| SparkInstall {
            home: PathBuf::from(format!("/opt/spark-{text}")),
            version: version(text),
            python: None,
            name: text.to_owned(),
        };
        let installs = SparkInstalls {
            found: vec![install("3.4.1"), install("3.5.8"), install("4.3.0")],
            rejected: Vec::new(),
        };
        let select = |wanted: Option<&str>| {
            let wanted = wanted.map(version);
            let (install, note) = installs.select(wanted.as_ref()).expect("there is one");
            (install.name.clone(), note)
        };
        assert_eq!(select(None), ("3.4.1".to_owned(), None));
        assert_eq!(select(Some("3.5.0")), ("3.5.8".to_owned(), None));
        assert_eq!(select(Some("4")), ("4.3.0".to_owned(), None));
        let note = "Spark 3.3 is not on this machine; Spark 3.5.8 is used".to_owned();
        assert_eq!(select(Some("3.3")), ("3.5.8".to_owned(), Some(note)));

        let error = installs.select(Some(&version("2.4"))).expect_err("none of that major");
        insta::assert_snapshot!(error, @"no Spark 2.4 was found on this machine, only 3.4.1 in /opt/spark-3.4.1, 3.5.8 in /opt/spark-3.5.8, 4.3.0 in /opt/spark-4.3.0");
    }

    #[test]
    fn no_spark_at_all_says_what_was_refused_and_what_to_do() {
        let installs = discover(&[("SPARK_HOME", "/nowhere"), ("PATH", "/nowhere")]);
        let error = installs.select(None).expect_err("none");
        insta::assert_snapshot!(error, @"no Spark was found on this machine. Looked at and refused: SPARK_HOME=/nowhere does not exist");
        assert!(error.hint().is_some_and(|hint| hint.contains("pip install pyspark")));
    }
}
