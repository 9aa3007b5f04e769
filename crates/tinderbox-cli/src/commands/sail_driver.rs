//! `tinderbox sail-driver FOLDER`: what a run on Sail executes in a process of its own.

use crate::output;
use crate::signals::stopped;
use std::path::Path;
use std::process::ExitCode;
use tinderbox_app::{PROBE_MARK, drive_on_sail};

/// Runs the job of an attempt's folder, with lines as Spark's log has them.
pub async fn drive(folder: &Path) -> ExitCode {
    let say = |line: &str| {
        if line.starts_with(PROBE_MARK) {
            return output::data(&format!("{line}\n"));
        }
        let now = jiff::Timestamp::now().strftime("%y/%m/%d %H:%M:%S");
        output::data(&format!("{now} {line}\n"));
    };
    let variable = |name: &str| std::env::var(name).ok();
    let code = drive_on_sail(folder, variable, say, stopped()).await;
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
