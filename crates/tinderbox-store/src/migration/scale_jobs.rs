use super::Ddl;
use super::portable::{index, integer, name, table, text, word};
use sea_orm::DbBackend;

/// Jobs over several numbers of executors. A user's names of jobs and folders may be of any length: they are found by
/// their hash.
pub(super) fn statements(backend: DbBackend) -> Vec<Box<dyn Ddl>> {
    let jobs = table(
        "scale_jobs",
        ["id"],
        [
            word(backend, "id").not_null(),
            name(backend, "workspace").not_null(),
            word(backend, "body_hash").not_null(),
            text(backend, "plan").not_null(),
            word(backend, "state").not_null(),
            text(backend, "answer"),
            integer("cancel_requested_us"),
            integer("created_us").not_null(),
            integer("ended_us"),
        ],
    );
    vec![Box::new(jobs), Box::new(index("scale_jobs", &["state", "created_us"]))]
}
