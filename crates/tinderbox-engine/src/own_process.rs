//! Attempts that are processes of a program of ours: started, followed and ended as local Spark is, without Java.

use crate::attempt::write_new;
use crate::host::DEFAULT_PATH;
use crate::local::{INHERITED, supervised};
use crate::process::MARKER;
use crate::properties::checked_folder;
use crate::{Error, Host, Intent, LocalProcesses};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// A program that runs one attempt.
#[derive(Clone, Copy)]
pub struct OwnProcess<'a> {
    /// This machine.
    pub host: &'a Host,
    /// The program and what it is called with; the attempt's folder is added behind.
    pub command: &'a [OsString],
    /// Relative paths start here.
    pub working_directory: &'a Path,
    /// Files that it finds in the attempt's folder, by name, readable by their owner only.
    pub files: &'a [(&'a str, &'a str)],
    /// Secrets, and what else it gets besides a few harmless variables of the host.
    pub environment: &'a BTreeMap<String, String>,
}

impl OwnProcess<'_> {
    /// Writes the attempt's folder and starts the program, detached from this process, as [`crate::LocalSpark::launch`] starts
    /// Spark.
    ///
    /// # Errors
    /// Those of [`crate::LocalSpark::launch`].
    pub fn launch(&self, intent: &Intent) -> Result<LocalProcesses, Error> {
        checked_folder(&intent.directory)?;
        if !self.working_directory.is_dir() {
            let path = self.working_directory.to_owned();
            return Err(Error::Folder {
                path,
                problem: "is the working directory and does not exist",
            });
        }
        intent.begin()?;
        let tmp = intent.file("tmp");
        DirBuilder::new()
            .mode(0o700)
            .create(&tmp)
            .map_err(|source| Error::Write { path: tmp.clone(), source })?;
        for (name, text) in self.files.iter().copied().chain([("driver.log", "")]) {
            let path = intent.file(name);
            write_new(&path, text).map_err(|source| Error::Write { path, source })?;
        }
        let mut environment = BTreeMap::from([("PATH".to_owned(), DEFAULT_PATH.to_owned())]);
        let inherited = INHERITED.iter().filter(|name| **name != "JAVA_HOME");
        environment.extend(
            inherited.filter_map(|name| {
                Some(((*name).to_owned(), self.host.variable(name)?.to_owned()))
            }),
        );
        environment.extend(self.environment.clone());
        environment.insert(MARKER.to_owned(), intent.marker.clone());
        environment.insert("TMPDIR".to_owned(), tmp.to_string_lossy().into_owned());
        let folder = intent.directory.clone().into_os_string();
        let command = self.command.iter().cloned().chain([folder]).collect();
        supervised(intent, "driver.log", command, (self.working_directory, environment))?;
        intent.await_start()
    }
}

impl std::fmt::Debug for OwnProcess<'_> {
    /// Without what is in the environment.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnProcess")
            .field("command", &self.command)
            .field("working_directory", &self.working_directory)
            .finish_non_exhaustive()
    }
}
