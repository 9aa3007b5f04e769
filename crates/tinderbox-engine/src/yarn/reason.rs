//! Why an application failed, by what YARN says of it.

use crate::exit_reason::category_of;
use crate::log_copy::copied;
use crate::{AttemptLog, ExitCategory, ExitReason};
use std::path::Path;

/// So much of the log's end is read.
const TAIL: usize = 64 * 1024;

/// Exit codes of containers (`org.apache.hadoop.yarn.api.records.ContainerExitStatus`, Hadoop 3.3) and of Spark's
/// `ApplicationMaster` (3.5.8 and 4.3.0) whose sentence says more than the log of the driver.
const CODES: &[(i32, ExitCategory, &str)] = &[
    (-100, ExitCategory::Cluster, "the driver's node was lost, or its container was given back"),
    (-101, ExitCategory::Cluster, "the disks of the driver's node failed"),
    (
        -102,
        ExitCategory::Cluster,
        "YARN took the driver's container back for another queue (preemption)",
    ),
    (
        -103,
        ExitCategory::OutOfMemory,
        "the driver's container went beyond its limit of virtual memory",
    ),
    (
        -104,
        ExitCategory::OutOfMemory,
        "the driver's container went beyond its limit of physical memory",
    ),
    (-105, ExitCategory::Cluster, "YARN ended the driver's container"),
    (-106, ExitCategory::Cluster, "the ResourceManager ended the driver's container"),
    (
        -107,
        ExitCategory::Cluster,
        "the driver's container was ended because its application had ended",
    ),
    (-1000, ExitCategory::Cluster, "the node could not prepare the driver's container"),
];

/// The reason in the diagnostics of an application that failed; `None` when the driver's log says it better, of which as much
/// was copied into `folder` as could be had.
pub(crate) fn reason_of(diagnostics: &str, folder: &Path) -> Option<ExitReason> {
    let driver = AttemptLog::driver_path(folder);
    let has_log = ["stdout", "stderr"].iter().any(|name| copied(&driver, name) > 0);
    // The id of an application of YARN, which attempts elsewhere do not have.
    let is_of_yarn = folder.join("application").exists();
    if !is_of_yarn {
        return None;
    }
    let logged = || in_log(&AttemptLog::of_driver(folder).tail(TAIL).ok()?.text);
    told(diagnostics, has_log).or_else(logged)
}

/// What Spark's `ApplicationMaster` logs when a driver on the JVM fails, with the exception on the next line.
fn in_log(log: &str) -> Option<ExitReason> {
    let signs = [
        "ApplicationMaster: Uncaught exception: ",
        "ApplicationMaster: User class threw exception: ",
    ];
    let at = signs.iter().filter_map(|sign| Some(log.rfind(sign)? + sign.len())).max()?;
    let message = log[at..].lines().map(str::trim).find(|line| !line.is_empty())?.to_owned();
    let category = category_of(&message).unwrap_or(ExitCategory::UserCode);
    Some(ExitReason { category, message })
}

fn told(diagnostics: &str, has_log: bool) -> Option<ExitReason> {
    let said = |category, message: String| Some(ExitReason { category, message });
    let first = diagnostics.lines().map(str::trim).find(|line| !line.is_empty())?;
    if first.contains("unknown queue") || first.contains("cannot submit applications to queue") {
        return said(ExitCategory::Submission, first.to_owned());
    }
    let detail = detail(diagnostics);
    if let Some(code) = exit_code(diagnostics) {
        let known = CODES.iter().find(|(known, ..)| *known == code);
        if let Some((_, category, sentence)) = known {
            let message =
                detail.map_or((*sentence).to_owned(), |detail| format!("{sentence}: {detail}"));
            return said(*category, message);
        }
        // Killed by the node with SIGKILL or SIGTERM: it says why, else nobody does.
        let is_over_memory = diagnostics.contains("physical memory limits")
            || diagnostics.contains("virtual memory limits");
        if matches!(code, 137 | 143) && is_over_memory {
            let sentence = "the driver's container went beyond its limit of memory";
            let message =
                detail.map_or(sentence.to_owned(), |detail| format!("{sentence}: {detail}"));
            return said(ExitCategory::OutOfMemory, message);
        }
        if matches!(code, 137 | 143) && !has_log {
            let message = format!("the driver's container was killed with signal {}", code - 128);
            return said(ExitCategory::Cluster, message);
        }
        // `SparkExitCode.OOM`.
        if code == 52 {
            return said(ExitCategory::OutOfMemory, "the driver's heap is full".to_owned());
        }
    }
    let of_driver = ["User class threw exception: ", "Uncaught exception: "];
    if let Some(message) = of_driver.iter().find_map(|prefix| first.strip_prefix(prefix)) {
        let category = category_of(message).unwrap_or(ExitCategory::UserCode);
        return said(category, message.to_owned());
    }
    if !has_log && first.starts_with("User application exited with") {
        return said(ExitCategory::UserCode, first.to_owned());
    }
    // `ApplicationMaster.checkNumExecutorsFailed`: the driver's log does not say why they did.
    if first.starts_with("Max number of executor failures")
        || first.starts_with("Due to executor failures")
    {
        return said(ExitCategory::Cluster, first.to_owned());
    }
    let lost = ["AM expired", "ApplicationMaster for attempt", "Node "];
    if first.contains("timed out") && lost.iter().any(|sign| first.contains(sign)) {
        return said(ExitCategory::Cluster, first.to_owned());
    }
    if has_log {
        return None;
    }
    // What ends a container before its driver prints anything is the cluster's, or a bad setting.
    said(ExitCategory::Submission, detail.unwrap_or(first).to_owned())
}

/// `AM Container for appattempt_1_0001_000001 exited with  exitCode: 13`.
fn exit_code(diagnostics: &str) -> Option<i32> {
    let (_, rest) = diagnostics.split_once("exitCode: ")?;
    let end = rest.find(|character: char| !character.is_ascii_digit() && character != '-');
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

/// What stands behind `Diagnostics:`, without its time, up to the end of the line.
fn detail(diagnostics: &str) -> Option<&str> {
    let (_, rest) = diagnostics.split_once("Diagnostics: ")?;
    let line = rest.lines().next()?.trim();
    let line = match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_time, rest)) => rest.trim(),
        None => line,
    };
    Some(line)
        .filter(|line| !line.is_empty() && !line.starts_with("Exception from container-launch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(diagnostics: &str, has_log: bool) -> String {
        match told(diagnostics, has_log) {
            Some(reason) => format!("{:?}: {}", reason.category, reason.message),
            None => "the log says it".to_owned(),
        }
    }

    fn container(code: i32, diagnostics: &str) -> String {
        format!(
            "Application application_1_0001 failed 1 times (global limit =2; local limit is =1) due to AM Container for \
             appattempt_1_0001_000001 exited with  exitCode: {code}\nFailing this attempt.Diagnostics: \
             [2026-11-27 01:13:17.309]{diagnostics}\nFor more detailed output, check the application tracking page: \
             http://rm-1:8088/cluster/app/application_1_0001 Then click on links to logs of each attempt.\n. Failing the \
             application."
        )
    }

    /// The texts are those of Hadoop 3.3.6, the memory and preemption ones from its sources
    /// (`ContainersMonitorImpl.formatErrorMessage`, `CapacityScheduler`).
    #[test]
    fn row_9_15_failures_on_yarn_are_told_apart() {
        let queue = "Application application_1_0001 submitted by user root to unknown queue: nope";
        let physical = container(
            -104,
            "Container [pid=1,containerID=container_1] is running 120MB beyond the 'PHYSICAL' memory limit. Current usage: 1.1 GB of 1 GB physical memory used",
        );
        let killed = container(
            143,
            "Container killed on request. Exit code is 143, running beyond physical memory limits",
        );
        let reasons = [
            text(queue, true),
            text(&physical, true),
            text(&killed, true),
            text(&container(-102, "Container preempted by scheduler"), true),
            text(&container(-1000, "No space available in any of the local directories."), false),
            text(&container(13, "Exception from container-launch."), true),
            text(&container(13, "Exception from container-launch."), false),
            text(&container(52, "Exception from container-launch."), true),
            text(&container(137, "Container killed on request. Exit code is 137"), false),
            text("User application exited with status 1", true),
            text("User application exited with status 1", false),
            text("User class threw exception: java.lang.IllegalStateException: as wanted", false),
            text("Max number of executor failures (3) reached", true),
            text("ApplicationMaster for attempt appattempt_1_0001_000001 timed out", true),
        ];
        insta::assert_snapshot!(reasons.join("\n"), @r"
        Submission: Application application_1_0001 submitted by user root to unknown queue: nope
        OutOfMemory: the driver's container went beyond its limit of physical memory: Container [pid=1,containerID=container_1] is running 120MB beyond the 'PHYSICAL' memory limit. Current usage: 1.1 GB of 1 GB physical memory used
        OutOfMemory: the driver's container went beyond its limit of memory: Container killed on request. Exit code is 143, running beyond physical memory limits
        Cluster: YARN took the driver's container back for another queue (preemption): Container preempted by scheduler
        Cluster: the node could not prepare the driver's container: No space available in any of the local directories.
        the log says it
        Submission: Application application_1_0001 failed 1 times (global limit =2; local limit is =1) due to AM Container for appattempt_1_0001_000001 exited with  exitCode: 13
        OutOfMemory: the driver's heap is full
        Cluster: the driver's container was killed with signal 9
        the log says it
        UserCode: User application exited with status 1
        UserCode: java.lang.IllegalStateException: as wanted
        Cluster: Max number of executor failures (3) reached
        Cluster: ApplicationMaster for attempt appattempt_1_0001_000001 timed out
        ");
    }
    #[test]
    fn an_exception_of_the_jvm_is_found_in_the_log() {
        let log = "26/11/27 01:51:09 INFO ApplicationMaster: Starting\n26/11/27 01:51:09 ERROR ApplicationMaster: \
                   Uncaught exception: \njava.lang.ClassNotFoundException: Counts\n\tat java.base/x\n";
        let reason = in_log(log).expect("a reason");
        assert_eq!(reason.category, ExitCategory::Submission);
        assert_eq!(reason.message, "java.lang.ClassNotFoundException: Counts");
        assert_eq!(
            in_log("ERROR ApplicationMaster: User application exited with status 1\n"),
            None
        );
    }
}
