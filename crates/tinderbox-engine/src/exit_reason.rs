use crate::{AttemptLog, Error, Outcome};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// Why a run did not end well, as far as its exit code and the end of its log can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitReason {
    /// What kind of failure it is: whom it concerns and whether another try can help.
    pub category: ExitCategory,
    /// The sentence of Spark, Java or Python that says it best; at most 1,000 characters.
    pub message: String,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitCategory {
    /// The program or its SQL is wrong.
    UserCode,
    /// Memory ran out: a heap, Python, or a limit that guards them.
    OutOfMemory,
    /// Data that is missing, in the way, broken or out of range.
    Data,
    /// The machine or the network: a full disk, a taken port, a host that does not answer, a kill from outside.
    Cluster,
    /// Spark could not start the application: a bad setting, a missing class or file.
    Submission,
    /// Somebody cancelled it.
    Cancelled,
    /// Nothing in the log tells.
    Unknown,
}

/// Where a driver of ours says why it ended.
const TOLD: &str = "exit_reason.json";
/// How much of the log's end is read: the longest trace seen of PySpark (with all its causes) has 40 KB.
const TAIL_BYTES: usize = 64 * 1024;
const MESSAGE_CHARACTERS: usize = 1_000;
/// `org.apache.spark.util.SparkExitCode.OOM`.
const SPARK_OUT_OF_MEMORY: i32 = 52;

impl ExitReason {
    /// The reason for `exit_code`; `None` for 0. A log that cannot be read counts as empty.
    pub fn read(log: &AttemptLog, exit_code: i32, was_cancelled: bool) -> Option<Self> {
        let tail = log.tail(TAIL_BYTES).map(|page| page.text).unwrap_or_default();
        Self::classify(exit_code, was_cancelled, &tail)
    }

    /// What the driver itself has said of its end, in the attempt's folder: programs of ours do, Spark does not. `None` when it said
    /// nothing that can be read.
    pub fn told(directory: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(directory.join(TOLD)).ok()?).ok()
    }

    /// Says it, for [`ExitReason::told`].
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn tell(&self, directory: &Path) -> Result<(), Error> {
        let path = directory.join(TOLD);
        // Two texts always serialize.
        let text = serde_json::to_vec(self).unwrap_or_default();
        fs::write(&path, text).map_err(|source| Error::Write { path, source })
    }

    /// The same from the text of a log's end.
    pub fn classify(exit_code: i32, was_cancelled: bool, log_tail: &str) -> Option<Self> {
        if exit_code == 0 {
            return None;
        }
        let (category, message) = if was_cancelled {
            (ExitCategory::Cancelled, "the run was cancelled".to_owned())
        } else {
            from_log(exit_code, log_tail)
        };
        Some(Self { category, message: message.chars().take(MESSAGE_CHARACTERS).collect() })
    }

    /// The reason of a driver on a cluster that tells how it ended and no exit code; `None` when it ended well.
    pub fn on_cluster(
        log: &AttemptLog,
        outcome: Outcome,
        said: Option<&str>,
        was_cancelled: bool,
    ) -> Option<Self> {
        let tail = log.tail(TAIL_BYTES).map(|page| page.text).unwrap_or_default();
        if let (Outcome::Failed, Some(said), false) = (outcome, said, was_cancelled)
            && let Some(reason) = crate::yarn::reason_of(said, log.folder())
        {
            return Some(reason);
        }
        let said = said.map(|said| said.lines().next().unwrap_or_default().trim());
        match outcome {
            Outcome::Succeeded => None,
            // The code is not told; 1 is what Spark ends with when its program has failed.
            Outcome::Failed if !tail.is_empty() => Self::classify(1, was_cancelled, &tail),
            Outcome::Failed => Some(Self {
                category: ExitCategory::Submission,
                message: format!("the cluster could not start the driver: {}", said.unwrap_or("it does not say why")),
            }),
            Outcome::Killed if was_cancelled => Self::classify(143, true, &tail),
            Outcome::Killed => Some(Self {
                category: ExitCategory::Cluster,
                message: match said.filter(|said| !said.is_empty()) {
                    Some(said) => format!("the driver was killed on its cluster: {said}"),
                    None => "the driver was killed on its cluster, by somebody else or for want of its worker".to_owned(),
                },
            }),
        }
    }

    /// The reason of a run that [`crate::Status::Vanished`].
    pub fn vanished() -> Self {
        Self {
            category: ExitCategory::Cluster,
            message: "all processes of the run disappeared without an exit code: they were killed, or the machine \
                      was restarted"
                .to_owned(),
        }
    }
}

fn from_log(exit_code: i32, log: &str) -> (ExitCategory, String) {
    use ExitCategory::{Cluster, OutOfMemory, Submission, Unknown, UserCode};
    let failure = Failure::last_in(log);
    if exit_code == SPARK_OUT_OF_MEMORY {
        let said = log.lines().rev().find(|line| line.contains("OutOfMemoryError"));
        return (
            OutOfMemory,
            failure.map_or_else(|| said.unwrap_or("out of memory").to_owned(), Failure::message),
        );
    }
    if let Some(failure) = failure {
        let by_rule = RULES.iter().find(|(_, signs)| signs.iter().any(|sign| failure.says(sign)));
        let otherwise = if failure.starts_context { Submission } else { UserCode };
        return (by_rule.map_or(otherwise, |(category, _)| *category), failure.message());
    }
    if let Some(message) = log.lines().rev().find_map(|line| line.strip_prefix(MAIN_FAILED)) {
        let otherwise = if log.contains(" SparkContext: ") { UserCode } else { Submission };
        return (category_of(message).unwrap_or(otherwise), message.to_owned());
    }
    match exit_code {
        137 => (
            Cluster,
            "killed with SIGKILL: unless a person did it, this is the kernel when the machine is out of memory".to_owned(),
        ),
        129 | 130 | 143 => (Cluster, format!("ended from outside with signal {}", exit_code - 128)),
        _ => {
            let category = if log.contains(" SparkContext: ") { Unknown } else { Submission };
            let words = last_words(log);
            let none = words.is_empty();
            (category, if none { format!("spark-submit ended with code {exit_code}") } else { words })
        }
    }
}

/// How a JVM reports that its main thread has failed (`Thread.dispatchUncaughtException`).
const MAIN_FAILED: &str = "Exception in thread \"main\" ";

/// What kind of failure a message tells of, where a rule knows it.
pub(crate) fn category_of(message: &str) -> Option<ExitCategory> {
    let mut rules = RULES.iter();
    rules
        .find(|(_, signs)| signs.iter().any(|sign| message.contains(sign)))
        .map(|(category, _)| *category)
}

/// The first rule with a sign in the failure decides. Signs are error classes of Spark (`error-conditions.json`),
/// class names of Java, and texts of Spark that have no class. What no rule knows came out of the user's code.
const RULES: &[(ExitCategory, &[&str])] = &[
    (
        ExitCategory::OutOfMemory,
        &[
            "java.lang.OutOfMemoryError",
            "MemoryError",
            "SparkOutOfMemoryError",
            "bigger than spark.driver.maxResultSize",
            "[UNABLE_TO_ACQUIRE_MEMORY]",
        ],
    ),
    (
        ExitCategory::Cluster,
        &[
            "java.net.BindException",
            "java.net.ConnectException",
            "java.net.UnknownHostException",
            "java.net.SocketTimeoutException",
            "No space left on device",
            "AccessControlException",
            "AccessDeniedException",
            "Permission denied",
        ],
    ),
    (
        ExitCategory::Submission,
        &[
            "java.lang.ClassNotFoundException",
            "java.lang.NoClassDefFoundError",
            "Failed to find data source",
            "[DATA_SOURCE_NOT_FOUND]",
            "_DATA_SOURCE_NOT_ENABLED]",
            "[INVALID_DRIVER_MEMORY]",
            "[INVALID_EXECUTOR_MEMORY]",
            "Exception when registering SparkListener",
        ],
    ),
    (
        ExitCategory::Data,
        &[
            "ExpectationFailed",
            "[PATH_NOT_FOUND]",
            "[PATH_ALREADY_EXISTS]",
            "[TABLE_OR_VIEW_NOT_FOUND]",
            "[TABLE_OR_VIEW_ALREADY_EXISTS]",
            "[UNABLE_TO_INFER_SCHEMA]",
            "[CANNOT_READ_FILE_FOOTER]",
            "[FAILED_READ_FILE",
            "[MALFORMED_RECORD_IN_PARSING",
            "[CAST_INVALID_INPUT]",
            "[CAST_OVERFLOW",
            "[ARITHMETIC_OVERFLOW]",
            "[DIVIDE_BY_ZERO]",
            "[NUMERIC_VALUE_OUT_OF_RANGE",
            "[NOT_NULL_ASSERT_VIOLATION]",
            "is not a Parquet file",
            "java.io.FileNotFoundException",
            "FileNotFoundError",
        ],
    ),
];

/// The last exception that Python reported.
struct Failure<'a> {
    /// The line `Type: message`, or for a message that begins on the next line both in one.
    headline: String,
    /// The last `Caused by:` of the Java trace behind it: the innermost cause.
    root_cause: Option<&'a str>,
    /// Whether Spark failed while the program asked for its context.
    starts_context: bool,
}

impl<'a> Failure<'a> {
    /// Reads the last trace that begins at the left margin: those within log messages are indented or follow
    /// other words. The trace of a Python worker is part of the driver's message and comes last: it is the one that
    /// names the user's line.
    fn last_in(log: &'a str) -> Option<Self> {
        let start = log
            .rfind("\nTraceback (most recent call last):\n")
            .map(|at| at + 1)
            .or_else(|| log.starts_with("Traceback (most recent call last):\n").then_some(0))?;
        let mut lines = log[start..].lines().skip(1).skip_while(|line| line.starts_with(' '));
        let first = lines.next()?;
        let rest: Vec<&str> = lines.collect();
        let next = rest.iter().copied().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let (kind, message) = first.split_once(':').unwrap_or((first, ""));
        let name = kind.rsplit('.').next().unwrap_or(kind);
        let headline = if name == "Py4JJavaError" {
            // The Java exception is on the next line, behind a colon.
            next.trim_start_matches(':').trim().to_owned()
        } else if message.trim().is_empty() && first.contains(':') {
            format!("{name}: {}", next.trim())
        } else if message.is_empty() {
            name.to_owned()
        } else {
            format!("{name}:{}", message.trim_end_matches([';', ' ']))
        };
        let starts_context =
            message.ends_with("calling None.org.apache.spark.api.java.JavaSparkContext.");
        let mut causes = rest.iter().rev().filter_map(|line| line.strip_prefix("Caused by: "));
        Some(Self { headline, root_cause: causes.next(), starts_context })
    }

    fn says(&self, sign: &str) -> bool {
        self.headline.contains(sign) || self.root_cause.is_some_and(|cause| cause.contains(sign))
    }

    /// The innermost cause says it best, unless it is only the class name of one.
    fn message(self) -> String {
        match self.root_cause {
            Some(cause) if cause.contains(": ") => cause.to_owned(),
            _ => self.headline,
        }
    }
}

/// The last three lines that are neither empty, nor part of a trace, nor a message below a warning in Spark's default
/// log format (`26/11/20 19:33:01 INFO …`), nor a warning of the JVM.
fn last_words(log: &str) -> String {
    let said = log.lines().rev().filter(|line| {
        let level = line.split(' ').nth(2).unwrap_or_default();
        let is_trace = line.starts_with([' ', '\t']);
        let is_chatter = matches!(level, "INFO" | "DEBUG" | "TRACE")
            || line.starts_with("WARNING: ")
            || line.starts_with("Using Spark's default log4j profile");
        !line.trim().is_empty() && !is_trace && !is_chatter
    });
    let mut last: Vec<&str> = said.take(3).collect();
    last.reverse();
    last.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(exit_code: i32, log: &str) -> String {
        let reason = ExitReason::classify(exit_code, false, log).expect("a failure");
        format!("{:?}: {}", reason.category, reason.message)
    }

    /// The samples are what Spark 3.5.8 and 4.3.0 printed; see the README beside them.
    #[test]
    fn real_logs_of_both_versions_are_told_apart() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/driver-logs");
        let mut reasons = Vec::new();
        for entry in fs::read_dir(folder).expect("fixtures") {
            let path = entry.expect("an entry").path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".log"))
            else {
                continue;
            };
            let exit_code = if name.ends_with("-oom") { 52 } else { 1 };
            let log = fs::read_to_string(&path).expect("text");
            reasons.push(format!("{name:<22} {}", classify(exit_code, &log)));
        }
        reasons.sort();
        insta::assert_snapshot!(reasons.join("\n"), @r#"
        3.5-bad-heap           Submission: Invalid maximum heap size: -Xmxbanana
        Error: Could not create the Java Virtual Machine.
        Error: A fatal exception has occurred. Program will exit.
        3.5-cast               Data: NumberFormatException: [CAST_INVALID_INPUT] The value 'x' of the type "STRING" cannot be cast to "INT" because it is malformed. Correct the value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and return NULL instead. If necessary set "spark.sql.ansi.enabled" to "false" to bypass this error.
        3.5-corrupt            Data: java.lang.RuntimeException: file:/data/bad.parquet is not a Parquet file. Expected magic number at tail, but found [32, 97, 108, 108]
        3.5-exists             Data: AnalysisException: [PATH_ALREADY_EXISTS] Path file:/data/out.parquet already exists. Set mode as "overwrite" to overwrite the existing path.
        3.5-key                UserCode: KeyError: 'customer'
        3.5-missing-column     UserCode: AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column or function parameter with name `amuont` cannot be resolved. Did you mean one of the following? [`id`].
        3.5-missing-connector  Submission: AnalysisException: Failed to find data source: kafka. Please deploy the application as per the deployment section of Structured Streaming + Kafka Integration Guide.
        3.5-missing-path       Data: AnalysisException: [PATH_NOT_FOUND] Path does not exist: file:/no/such/purchases.
        3.5-missing-table      Data: AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view `nowhere` cannot be found. Verify the spelling and correctness of the schema and catalog.
        3.5-oom                OutOfMemory: java.lang.OutOfMemoryError: Java heap space: failed reallocation of scalar replaced objects
        3.5-result-size        OutOfMemory: org.apache.spark.SparkException: Job aborted due to stage failure: Total size of serialized results of 2 tasks (10.1 MiB) is bigger than spark.driver.maxResultSize (10.0 MiB)
        3.5-small-heap         Submission: org.apache.spark.SparkIllegalArgumentException: [INVALID_DRIVER_MEMORY] System memory 104857600 must be at least 471859200. Please increase heap size using the --driver-memory option or "spark.driver.memory" in Spark configuration.
        3.5-syntax             UserCode: ParseException: [PARSE_SYNTAX_ERROR] Syntax error at or near 'SELEC'.(line 1, pos 0)
        3.5-taken-port         Cluster: java.net.BindException: Address already in use: Service 'sparkDriver' failed after 0 retries (starting from 39871)! Consider explicitly setting the appropriate port for the service 'sparkDriver' (for example spark.ui.port for SparkUI) to an available port or increasing spark.port.maxRetries.
        3.5-udf                UserCode: ZeroDivisionError: integer division or modulo by zero
        4-cast                 Data: NumberFormatException: [CAST_INVALID_INPUT] The value 'x' of the type "STRING" cannot be cast to "INT" because it is malformed. Correct the value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and return NULL instead. SQLSTATE: 22018
        4-corrupt              Data: java.lang.RuntimeException: file:/data/bad.parquet is not a Parquet file. Expected magic number at tail, but found [32, 97, 108, 108]
        4-exists               Data: AnalysisException: [PATH_ALREADY_EXISTS] Path file:/data/out.parquet already exists. Set mode as "overwrite" to overwrite the existing path. SQLSTATE: 42K04
        4-key                  UserCode: KeyError: 'customer'
        4-missing-class        Submission: java.lang.ClassNotFoundException: dev.nope.L
        4-missing-column       UserCode: AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `amuont` cannot be resolved. Did you mean one of the following? [`id`]. SQLSTATE: 42703
        4-missing-path         Data: AnalysisException: [PATH_NOT_FOUND] Path does not exist: file:/no/such/purchases. SQLSTATE: 42K03
        4-missing-program      Submission: /opt/python/bin/python: can't open file '/data/nosuch.py': [Errno 2] No such file or directory
        4-missing-table        Data: AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view `nowhere` cannot be found. Verify the spelling and correctness of the schema and catalog.
        4-oom                  OutOfMemory: java.lang.OutOfMemoryError: Java heap space
        4-result-size          OutOfMemory: org.apache.spark.SparkException: Job aborted due to stage failure: Total size of serialized results of 2 tasks (10.1 MiB) is bigger than spark.driver.maxResultSize (10.0 MiB)
        4-syntax               UserCode: ParseException: [PARSE_SYNTAX_ERROR] Syntax error at or near 'SELEC'. SQLSTATE: 42601 (line 1, pos 0)
        4-udf                  UserCode: ZeroDivisionError: integer division or modulo by zero
        "#);
    }

    #[test]
    fn success_has_no_reason_and_a_cancelled_run_no_other() {
        assert_eq!(
            ExitReason::classify(0, false, "Traceback (most recent call last):\nKeyError: 'x'\n"),
            None
        );
        let log = "Traceback (most recent call last):\n  File \"job.py\"\nKeyError: 'customer'\n";
        let reason = ExitReason::classify(143, true, log).expect("a reason");
        assert_eq!(reason.category, ExitCategory::Cancelled);
    }

    #[test]
    fn kills_from_outside_are_not_blamed_on_the_program() {
        assert!(classify(137, "").starts_with("Cluster: killed with SIGKILL"));
        assert_eq!(
            classify(143, "26/11/20 19:33:01 INFO SparkContext: x\n"),
            "Cluster: ended from outside with signal 15"
        );
    }

    #[test]
    fn exit_code_of_the_program_itself_keeps_its_last_words() {
        let log = "26/11/20 19:33:01 INFO SparkContext: Running Spark version 3.5.8\n\
                   no purchases for this day\n\
                   26/11/20 19:33:09 INFO ShutdownHookManager: Shutdown hook called\n";
        assert_eq!(classify(3, log), "Unknown: no purchases for this day");
        assert_eq!(classify(3, ""), "Submission: spark-submit ended with code 3");
    }

    #[test]
    fn only_the_last_trace_counts() {
        let log = "Traceback (most recent call last):\n  File \"a.py\"\nMemoryError\n\nDuring handling of the above \
                   exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\"\n\
                   ValueError: no such customer: 7\n";
        assert_eq!(classify(1, log), "UserCode: ValueError: no such customer: 7");
    }
}
