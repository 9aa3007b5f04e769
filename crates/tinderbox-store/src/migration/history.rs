use super::Ddl;
use super::portable::{index, integer, name, table, text, word};
use sea_orm::DbBackend;

/// Step 2: what Spark's History Server lists. Ids come out of foreign logs and may be of any length: they are found by
/// their hash.
pub(super) fn statements(backend: DbBackend) -> Vec<Box<dyn Ddl>> {
    let attempts = table(
        "history_attempts",
        ["run_id"],
        [
            name(backend, "run_id").not_null(),
            word(backend, "application_hash").not_null(),
            text(backend, "application_id").not_null(),
            text(backend, "attempt_id"),
            text(backend, "name").not_null(),
            text(backend, "user_name").not_null(),
            text(backend, "spark_version").not_null(),
            integer("started_us").not_null(),
            integer("ended_us"),
            integer("updated_us").not_null(),
            integer("exit_code"),
            text(backend, "event_log").not_null(),
        ],
    );
    vec![Box::new(attempts), Box::new(index("history_attempts", &["application_hash"]))]
}
