//! Errors of real applications that failed on purpose.

use std::path::Path;
use tinderbox_spark::{Cause, causes};

fn chain(name: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/errors").join(name);
    let text = std::fs::read_to_string(file).unwrap();
    let show = |cause: Cause| {
        let Cause { relation, class, message, at } = cause;
        format!("{relation:?} {class} | {message} | {}", at.as_deref().unwrap_or("-"))
    };
    causes(&text).into_iter().map(show).collect()
}

const READER: &str = "org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala";

#[test]
fn the_python_error_stands_behind_the_java_one() {
    let python = "Inside ValueError | no customer 2 | /tmp/fixture/fail.py:18 in load";
    let java = "org.apache.spark.api.python.PythonException";
    for name in ["python-3.5.txt", "python-stage-3.5.txt"] {
        assert_eq!(chain(name), [format!("Top {java} |  | {READER}:572)"), python.to_owned()]);
    }
    let message = "[PYTHON_EXCEPTION] An exception was thrown from the Python worker:";
    assert_eq!(
        chain("python-4.3.txt"),
        [format!("Top {java} | {message} | {READER}:1097)"), python.to_owned()]
    );
    let message = "An exception was thrown from the Python worker:";
    assert_eq!(
        chain("python-stage-4.3.txt"),
        [format!("Top PYTHON_EXCEPTION | {message} | -"), python.to_owned()]
    );
}

#[test]
fn the_reason_of_a_file_that_cannot_be_read_is_its_cause() {
    let found = chain("read-file-4.3.txt");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with(
        "Top org.apache.spark.SparkException | [FAILED_READ_FILE.NO_HINT] Encountered error"
    ));
    assert!(
        found[1].starts_with("CausedBy java.lang.RuntimeException | corrupted file: the footer")
    );
    assert!(found[1].ends_with("(ParquetFileReader.java:628)"), "{}", found[1]);
    let found = chain("read-file-stage-4.3.txt");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("Top FAILED_READ_FILE.NO_HINT | Encountered error"), "{found:?}");
}

#[test]
fn the_error_of_the_task_is_taken_out_of_the_message_of_the_job() {
    let found = chain("cast-stage-3.5.txt");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with(
        "Top org.apache.spark.SparkNumberFormatException | [CAST_INVALID_INPUT] The value 'x1'"
    ));
    assert!(found[0].contains("| org.apache.spark.sql.errors.QueryExecutionErrors"), "{found:?}");
}
