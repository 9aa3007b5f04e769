use super::{SAIL_VERSION, SailEnvironment};
use crate::Error;
use crate::error::MAKE_ENVIRONMENT;
use std::path::Path;
use std::process::{Command, Output, Stdio};

impl SailEnvironment {
    /// Makes the environment with `python` and has pip install the pinned version from its package index. Blocks for
    /// as long as pip takes to load 60 MB. An environment that is ready is left alone; a folder that is something
    /// else is not touched.
    ///
    /// # Errors
    /// [`Error::NoProgram`], [`Error::NotAnEnvironment`], [`Error::Install`].
    pub fn install(&self, python: &Path) -> Result<(), Error> {
        if self.is_ready() {
            return Ok(());
        }
        if self.folder.exists() && !self.folder.join("pyvenv.cfg").exists() {
            return Err(Error::NotAnEnvironment { folder: self.folder.clone() });
        }
        let mut make = Command::new(python);
        make.args(["-I", "-m", "venv", "--clear"]).arg(&self.folder);
        run(MAKE_ENVIRONMENT, make)?;
        let mut install = Command::new(self.python());
        install.args(["-I", "-m", "pip", "--disable-pip-version-check", "install", "--no-input"]);
        install.args(["--progress-bar", "off", &format!("pysail=={SAIL_VERSION}")]);
        run("pip install", install)?;
        if self.is_ready() {
            return Ok(());
        }
        let tail = format!("pip left no pysail {SAIL_VERSION} in {}", self.folder.display());
        Err(Error::Install { step: "pip install", tail })
    }
}

fn run(step: &'static str, mut command: Command) -> Result<(), Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } =
        done.map_err(|source| Error::NoProgram { program, source })?;
    if status.success() {
        return Ok(());
    }
    let log = if stderr.is_empty() { stdout } else { stderr };
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(4)..].join("; ");
    Err(Error::Install { step, tail })
}
