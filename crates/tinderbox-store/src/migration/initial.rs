use super::Ddl;
use super::portable::{Column, index, integer, name, table, text, word};
use sea_orm::DbBackend;
use sea_orm::sea_query::TableCreateStatement;

/// Step 1: all tables of the first version.
pub(super) fn statements(backend: DbBackend) -> Vec<Box<dyn Ddl>> {
    let mut statements: Vec<Box<dyn Ddl>> = vec![
        Box::new(runs(backend)),
        Box::new(run_counts(backend)),
        Box::new(attempts(backend)),
        Box::new(specs(backend)),
        Box::new(reports(backend)),
        Box::new(findings(backend)),
        Box::new(table_files(backend)),
        Box::new(event_logs(backend)),
        Box::new(index("runs", &["workspace", "idempotency_key"]).unique().take()),
        Box::new(index("runs", &["workspace", "application_id"])),
        // Unfinished runs of all workspaces: few, whatever the number of runs.
        Box::new(index("runs", &["state"])),
        // For the beginning and the end of an id.
        Box::new(index("runs", &["workspace", "id"])),
        Box::new(index("runs", &["workspace", "id_reversed"])),
        Box::new(index("runs", &["workspace", "created_us"])),
        Box::new(index("findings", &["rule", "run_id"])),
        Box::new(index("table_files", &["run_id", "state"])),
        Box::new(index("table_files", &["state", "retired_us"])),
    ];
    for column in SORTED {
        statements.push(Box::new(index("runs", &["workspace", column, "created_us"])));
    }
    statements
}

/// Columns by which runs can be listed. Equal values come in order of creation, which is part of the index.
const SORTED: [&str; 14] = [
    "started_us",
    "ended_us",
    "duration_ms",
    "name_folded",
    "state",
    "task_time_ms",
    "input_bytes",
    "output_bytes",
    "shuffle_read_bytes",
    "shuffle_write_bytes",
    "disk_spill_bytes",
    "num_tasks",
    "num_failed_tasks",
    "num_findings",
];

fn runs(backend: DbBackend) -> TableCreateStatement {
    let name = |column| name(backend, column);
    let word = |column| word(backend, column);
    let text = |column| text(backend, column);
    table(
        "runs",
        ["id"],
        [
            name("id").not_null(),
            name("id_reversed").not_null(),
            name("workspace").not_null(),
            text("name").not_null(),
            name("name_folded").not_null(),
            word("job_type").not_null(),
            word("origin").not_null(),
            word("engine").not_null(),
            word("state").not_null(),
            name("spec_hash"),
            text("spec_label"),
            text("parameters").not_null(),
            integer("created_us").not_null(),
            integer("submitted_us"),
            // Sorted columns have -1 for "not known": databases disagree on where NULL sorts.
            integer("started_us").not_null(),
            integer("ended_us").not_null(),
            integer("duration_ms").not_null(),
            name("application_id"),
            name("spark_version"),
            text("user_name").not_null(),
        ]
        .into_iter()
        .chain(totals())
        .chain([
            integer("num_findings").not_null(),
            word("worst_severity"),
            integer("exit_code"),
            text("error"),
            integer("partial").not_null(),
            integer("collected").not_null(),
            name("advice_run"),
            integer("timeout_ms"),
            integer("cancel_requested_us"),
            name("idempotency_key"),
            integer("updated_us").not_null(),
        ]),
    )
}

fn totals() -> impl Iterator<Item = Column> {
    [
        "num_stages",
        "num_tasks",
        "num_failed_tasks",
        "num_executors",
        "task_time_ms",
        "gc_time_ms",
        "input_bytes",
        "output_bytes",
        "shuffle_read_bytes",
        "shuffle_write_bytes",
        "disk_spill_bytes",
        "memory_spill_bytes",
    ]
    .into_iter()
    .map(|column| integer(column).not_null())
}

fn run_counts(backend: DbBackend) -> TableCreateStatement {
    let word = |column| word(backend, column).not_null();
    table(
        "run_counts",
        ["workspace", "state", "job_type", "engine", "origin"],
        [
            name(backend, "workspace").not_null(),
            word("state"),
            word("job_type"),
            word("engine"),
            word("origin"),
            integer("num_runs").not_null(),
        ],
    )
}

fn attempts(backend: DbBackend) -> TableCreateStatement {
    let text = |column| text(backend, column);
    table(
        "attempts",
        ["run_id", "attempt"],
        [
            name(backend, "run_id").not_null(),
            integer("attempt").not_null(),
            word(backend, "state").not_null(),
            text("identity").not_null(),
            text("directory").not_null(),
            text("event_log"),
            integer("created_us").not_null(),
            integer("ended_us"),
            integer("exit_code"),
        ],
    )
}

fn specs(backend: DbBackend) -> TableCreateStatement {
    table(
        "specs",
        ["hash"],
        [
            name(backend, "hash").not_null(),
            text(backend, "name").not_null(),
            text(backend, "document").not_null(),
            integer("created_us").not_null(),
        ],
    )
}

fn reports(backend: DbBackend) -> TableCreateStatement {
    table(
        "reports",
        ["run_id"],
        [
            name(backend, "run_id").not_null(),
            integer("version").not_null(),
            text(backend, "body").not_null(),
            integer("created_us").not_null(),
        ],
    )
}

fn findings(backend: DbBackend) -> TableCreateStatement {
    table(
        "findings",
        ["run_id", "finding_id"],
        [
            name(backend, "run_id").not_null(),
            name(backend, "finding_id").not_null(),
            integer("place").not_null(),
            word(backend, "rule").not_null(),
            word(backend, "severity").not_null(),
            text(backend, "title").not_null(),
        ],
    )
}

fn table_files(backend: DbBackend) -> TableCreateStatement {
    table(
        "table_files",
        ["id"],
        [
            // SHA-256 of the path, which may be too long for an index.
            name(backend, "id").not_null(),
            word(backend, "kind").not_null(),
            text(backend, "path").not_null(),
            name(backend, "run_id").not_null(),
            integer("attempt").not_null(),
            integer("num_rows").not_null(),
            integer("num_bytes").not_null(),
            word(backend, "state").not_null(),
            integer("created_us").not_null(),
            integer("retired_us"),
        ],
    )
}

fn event_logs(backend: DbBackend) -> TableCreateStatement {
    table(
        "event_logs",
        ["url_hash"],
        [
            // SHA-256 of the address, which may be too long for an index.
            name(backend, "url_hash").not_null(),
            text(backend, "url").not_null(),
            integer("num_bytes").not_null(),
            integer("modified_us").not_null(),
            name(backend, "run_id"),
            integer("collected_us").not_null(),
        ],
    )
}
