//! Why a run on Sail did not end well, in the categories of runs on Spark.

use crate::{Error, chain};
use tinderbox_connect::Error as Connect;
use tinderbox_engine::{ExitCategory, ExitReason};

/// As long as the reasons of runs on Spark.
const MESSAGE_CHARACTERS: usize = 1_000;

/// Signs in Sail's words, the first rule with one decides. Sources: Sail 0.7.2 and the crates that it is made of (DataFusion's
/// `DataFusionError`, Arrow's `ArrowError`, `object_store::Error`).
const RULES: &[(ExitCategory, &[&str])] = &[
    (ExitCategory::OutOfMemory, &["Resources exhausted", "Failed to allocate", "memory pool"]),
    (
        ExitCategory::Cluster,
        &[
            "No space left on device",
            "Permission denied",
            "Unable to create dir",
            "Unable to open file",
        ],
    ),
    (
        ExitCategory::Data,
        &[
            "No such file or directory",
            "Invalid Parquet",
            "Parquet error",
            "Csv error",
            "Json error",
            "Cast error",
            "Parser error",
            "Divide by zero",
            "verflow",
            "otherwise than Spark",
            "[PATH_NOT_FOUND]",
            "[TABLE_OR_VIEW_NOT_FOUND]",
            "[CAST_INVALID_INPUT]",
            "[DIVIDE_BY_ZERO]",
        ],
    ),
];

/// The reason that a run gives of an error of its driver.
pub(super) fn reason(error: &Error) -> ExitReason {
    let category = match error {
        Error::MissingInput { .. } => ExitCategory::Data,
        Error::BadSpec { .. } | Error::NoToken { .. } => ExitCategory::Submission,
        Error::File { .. } => ExitCategory::Cluster,
        Error::Connect(error) => of_connect(error),
        _ => ExitCategory::Unknown,
    };
    let message = match error {
        Error::Connect(Connect::Server { .. }) => words(&chain(error)),
        Error::Connect(Connect::Node(refusal)) => refusal.in_run(),
        Error::Connect(Connect::NotExpected { .. }) => {
            format!("ExpectationFailed: {}", chain(error))
        }
        error => chain(error),
    };
    ExitReason { category, message: message.chars().take(MESSAGE_CHARACTERS).collect() }
}

fn of_connect(error: &Connect) -> ExitCategory {
    match error {
        Connect::NotInRun { .. }
        | Connect::Node(_)
        | Connect::NoSail { .. }
        | Connect::NoProgram { .. }
        | Connect::BadAddress { .. }
        | Connect::Forbidden { .. }
        | Connect::PatternPath { .. } => ExitCategory::Submission,
        Connect::NotExpected { .. } | Connect::Exists { .. } => ExitCategory::Data,
        Connect::Output { .. }
        | Connect::Temporary { .. }
        | Connect::NotStarted { .. }
        | Connect::Unreachable { .. }
        | Connect::Interrupted { .. } => ExitCategory::Cluster,
        Connect::Server { message } => {
            let rule =
                RULES.iter().find(|(_, signs)| signs.iter().any(|sign| message.contains(sign)));
            rule.map_or(ExitCategory::UserCode, |(category, _)| *category)
        }
        _ => ExitCategory::Unknown,
    }
}

/// The server's words without the name of a class of Java that the client puts before them, and without its plan.
fn words(message: &str) -> String {
    let text = message
        .split_once("] ")
        .filter(|(class, _)| class.starts_with("[org.") || class.starts_with("[java."));
    let text = text.map_or(message, |(_, text)| text);
    text.split("\n'").next().unwrap_or(text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart_by_what_sail_says() {
        // As Sail 0.7.2 said them.
        for (said, category) in [
            (
                "attribute ObjectName([Identifier(\"zzz\")]) is missing from the schema: cannot resolve attribute",
                ExitCategory::UserCode,
            ),
            ("Parquet error: Invalid Parquet file. Corrupt footer", ExitCategory::Data),
            (
                "External: Object at location /data/a.parquet not found: No such file or directory (os error 2)",
                ExitCategory::Data,
            ),
            (
                "Generic LocalFileSystem error: Unable to create dir /proc/xx: No such file or directory (os error 2)",
                ExitCategory::Cluster,
            ),
            (
                "Resources exhausted: Failed to allocate additional 1.0 MB for GroupedHashAggregateStream",
                ExitCategory::OutOfMemory,
            ),
        ] {
            let error = Error::Connect(Connect::Server { message: said.to_owned() });
            assert_eq!(reason(&error).category, category, "{said}");
        }
        let said = "[java.lang.IllegalArgumentException] invalid argument: found v at 15:16";
        let error = Error::Connect(Connect::Server { message: said.to_owned() });
        assert_eq!(reason(&error).message, "invalid argument: found v at 15:16");
    }
}
