use crate::{Error, Host, SparkInstall};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Java that `spark-submit` will start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Java {
    /// The program.
    pub executable: PathBuf,
    /// Major version: 8, 11, 17, 21.
    pub major: u32,
}

impl Java {
    /// Finds it as Spark's own `bin/spark-class` does: `JAVA_HOME` when it is set, else the `PATH`.
    /// Starts it once with `-version`, which takes some tenths of a second.
    ///
    /// # Errors
    /// [`Error::NoJava`] or [`Error::BadJava`].
    pub fn find(host: &Host) -> Result<Self, Error> {
        let executable = match host.variable("JAVA_HOME") {
            Some(home) => Some(Path::new(home).join("bin/java"))
                .filter(|java| crate::host::is_executable(java))
                .ok_or_else(|| Error::NoJava { at: Some(home.to_owned()) })?,
            None => host.on_path("java").ok_or(Error::NoJava { at: None })?,
        };
        let bad =
            |answer: String| Error::BadJava { java: executable.display().to_string(), answer };
        let output = Command::new(&executable)
            .arg("-version")
            .env_clear()
            .output()
            .map_err(|error| bad(error.to_string()))?;
        let answer = String::from_utf8_lossy(&output.stderr);
        let major = major_version(&answer)
            .ok_or_else(|| bad(answer.lines().next().unwrap_or_default().to_owned()))?;
        Ok(Self { executable, major })
    }

    /// Whether `spark` runs on it. Answers a sentence where Spark's documentation does not cover the pair.
    ///
    /// Source: the overview pages of Spark 3.5 (Java 8, 11, 17) and 4.x (17 and newer).
    ///
    /// # Errors
    /// [`Error::OldJava`].
    pub fn check(&self, spark: &SparkInstall) -> Result<Option<String>, Error> {
        let needed = if spark.version.at_least(4, 0) { 17 } else { 8 };
        if self.major < needed {
            return Err(Error::OldJava {
                spark: spark.version.clone(),
                java: self.executable.display().to_string(),
                found: self.major,
                needed,
            });
        }
        let beyond = !spark.version.at_least(4, 0) && self.major > 17;
        Ok(beyond.then(|| {
            format!(
                "Spark {} is documented for Java 8, 11 and 17; this is Java {}",
                spark.version, self.major
            )
        }))
    }
}

/// Reads `version "17.0.15"`, `version "1.8.0_392"`, `version "23-ea"`.
fn major_version(answer: &str) -> Option<u32> {
    let version = answer.lines().find_map(|line| line.split_once("version \""))?.1;
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    let first: u32 = numbers.next()?.parse().ok()?;
    if first == 1 { numbers.next()?.parse().ok() } else { Some(first) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tinderbox_model::{Bytes, SparkVersion};

    #[test]
    fn versions_of_all_vendors_are_read() {
        let debian = "openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment\n";
        assert_eq!(major_version(debian), Some(17));
        assert_eq!(major_version("java version \"1.8.0_392\"\n"), Some(8));
        assert_eq!(major_version("openjdk version \"23-ea\" 2024-09-17\n"), Some(23));
        let with_notice = "Picked up JAVA_TOOL_OPTIONS: -Dx=y\nopenjdk version \"21\" 2023-09-19\n";
        assert_eq!(major_version(with_notice), Some(21));
        assert_eq!(major_version("The operation couldn't be completed."), None);
    }

    #[test]
    fn old_java_is_refused_and_too_new_java_is_noted() {
        let java = |major| Java { executable: PathBuf::from("/opt/java/bin/java"), major };
        let spark = |text| SparkInstall {
            home: PathBuf::from("/opt/spark"),
            version: SparkVersion::parse(text).expect("a version"),
            python: None,
            name: "spark".to_owned(),
        };
        let error = java(11).check(&spark("4.3.0")).expect_err("too old");
        insta::assert_snapshot!(error, @"Spark 4.3.0 needs Java 17 or newer, /opt/java/bin/java is Java 11");
        assert!(error.hint().is_some_and(|hint| hint.contains("Java 17")));
        assert!(matches!(java(11).check(&spark("3.5.8")), Ok(None)));
        assert!(matches!(java(21).check(&spark("3.5.8")), Ok(Some(_))));
        assert!(matches!(java(21).check(&spark("4.3.0")), Ok(None)));
    }

    #[test]
    fn missing_java_says_where_it_was_sought() {
        let host = |name: &str, value: &str| Host {
            variables: BTreeMap::from([(name.to_owned(), value.to_owned())]),
            cores: 1,
            memory: Bytes::ZERO,
        };
        let error = Java::find(&host("JAVA_HOME", "/nowhere")).expect_err("none there");
        insta::assert_snapshot!(error, @"no Java was found: JAVA_HOME=/nowhere has no bin/java");
        let error = Java::find(&host("PATH", "/nowhere")).expect_err("none there");
        insta::assert_snapshot!(error, @"no Java was found");
    }
}
