use super::Ddl;
use super::portable::{AddColumn, index, integer, name, table, text, word};
use crate::rollup::Figures;
use sea_orm::DbBackend;
use sea_orm::sea_query::TableCreateStatement;

/// The step that added what is asked over many runs.
pub(super) const NUMBER: i64 = 3;

/// Step 3: rollups, search tokens, and what retention asks.
pub(super) fn statements(backend: DbBackend) -> Vec<Box<dyn Ddl>> {
    vec![
        Box::new(AddColumn { table: "runs", column: "core_time_ms", default: -1 }),
        Box::new(run_rollups(backend)),
        Box::new(rollups(backend, "rollups")),
        Box::new(durations(backend, "rollup_durations")),
        // What was counted of runs that are pruned by now.
        Box::new(rollups(backend, "pruned_rollups")),
        Box::new(durations(backend, "pruned_rollup_durations")),
        Box::new(run_tokens(backend)),
        Box::new(index("run_tokens", &["run_id"])),
        Box::new(index("runs", &["ended_us"])),
    ]
}

fn run_rollups(backend: DbBackend) -> TableCreateStatement {
    let columns = [name(backend, "run_id").not_null(), text(backend, "body").not_null()];
    table("run_rollups", ["run_id"], columns)
}

fn rollups(backend: DbBackend, of: &str) -> TableCreateStatement {
    let figures = Figures::NAMES.into_iter().map(|column| integer(column).not_null());
    table(of, KEY, key(backend).into_iter().chain(figures))
}

fn durations(backend: DbBackend, of: &str) -> TableCreateStatement {
    let [a, b, c, d, e] = KEY;
    let more = [integer("bucket").not_null(), integer("num_runs").not_null()];
    table(of, [a, b, c, d, e, "bucket"], key(backend).into_iter().chain(more))
}

const KEY: [&str; 5] = ["workspace", "dimension", "grain_s", "start_us", "value"];

fn key(backend: DbBackend) -> [super::portable::Column; 5] {
    [
        name(backend, "workspace").not_null(),
        word(backend, "dimension").not_null(),
        integer("grain_s").not_null(),
        integer("start_us").not_null(),
        name(backend, "value").not_null(),
    ]
}

fn run_tokens(backend: DbBackend) -> TableCreateStatement {
    table(
        "run_tokens",
        ["workspace", "token", "begun_us", "run_id"],
        [
            name(backend, "workspace").not_null(),
            name(backend, "token").not_null(),
            integer("begun_us").not_null(),
            name(backend, "run_id").not_null(),
            word(backend, "field").not_null(),
        ],
    )
}
