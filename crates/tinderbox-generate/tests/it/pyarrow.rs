//! Parquet as others read it: pyarrow finds the columns with their types, and the same rows as in JSON lines and CSV.

use crate::data_set::{order_of, plan, write_to};
use std::path::PathBuf;
use std::process::Command;
use tinderbox_generate::DataSetFormat;

const CHECK: &str = r#"
import json, sys, csv
import pyarrow as pa, pyarrow.parquet as pq
folder = sys.argv[1]
s, i, f, b, t = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("us")
basic = {
    "jobs": [("job_id", s), ("job_name", s), ("job_type", s), ("status", s), ("start_time", t), ("end_time", t),
        ("duration_seconds", i), ("num_stages", i), ("num_tasks", i), ("num_executors", i), ("input_size_mb", f),
        ("output_size_mb", f), ("memory_per_executor_mb", i), ("total_memory_mb", i), ("cpu_cores_per_executor", i),
        ("shuffle_read_mb", f), ("shuffle_write_mb", f), ("gc_time_ms", i)],
    "operators": [("job_id", s), ("operator_id", s), ("operator_name", s), ("operator_type", s), ("stage_id", i),
        ("status", s), ("start_time", t), ("end_time", t), ("duration_seconds", i), ("records_processed", i),
        ("memory_usage_mb", f), ("cpu_time_ms", f), ("spill_memory_mb", f), ("shuffle_read_records", i),
        ("shuffle_write_records", i), ("dependencies", s)],
    "errors": [("job_id", s), ("operator_id", s), ("error_type", s), ("error_message", s), ("error_timestamp", t),
        ("stack_trace", s), ("retry_count", i), ("is_recoverable", b)],
}
def plain(value):
    return value.isoformat(timespec="milliseconds") if hasattr(value, "isoformat") else value
for name, columns in basic.items():
    path = f"{folder}/parquet/{name}/spark_{name}.parquet"
    file = pq.ParquetFile(path)
    found = [(field.name, field.type) for field in file.schema_arrow]
    assert found[:len(columns)] == columns, found
    assert file.metadata.num_row_groups == (3 if name != "errors" else file.metadata.num_row_groups)
    group = file.metadata.row_group(0)
    chunks = [group.column(n) for n in range(group.num_columns)]
    assert all(c.has_offset_index and not c.has_column_index and c.is_stats_set for c in chunks), name
    rows = file.read().to_pylist()
    with open(f"{folder}/jsonl/{name}/spark_{name}.jsonl") as lines:
        for row, line in zip(rows, lines, strict=True):
            row = {key: plain(value) for key, value in row.items()}
            assert row == json.loads(line), (row, line)
    with open(f"{folder}/csv/{name}/spark_{name}.csv", newline="") as lines:
        reader = csv.DictReader(lines)
        assert reader.fieldnames == [field.name for field in file.schema_arrow]
        for row, cells in zip(rows, reader, strict=True):
            for key, value in row.items():
                value = plain(value)
                expected = "" if value is None else str(value).lower() if isinstance(value, bool) else value
                cell = cells[key]
                cell = type(expected)(cell) if isinstance(expected, (int, float)) else cell
                assert cell == expected, (key, cell, expected)
summary = pq.read_table(f"{folder}/parquet/summary_stats.parquet")
names = ["total_jobs", "completed_jobs", "failed_jobs", "total_operators", "total_errors", "avg_job_duration",
    "total_data_processed_mb", "job_types", "generation_timestamp"]
assert summary.column_names == names and summary.num_rows == 1, summary
assert pa.types.is_struct(summary.schema.field("job_types").type)
assert summary.to_pylist()[0] == json.load(open(f"{folder}/jsonl/summary_stats.jsonl"))
print("equal")
"#;

/// A Python with pyarrow: that of a PySpark environment.
fn python() -> Option<PathBuf> {
    let names = ["TINDERBOX_SPARK_3_5", "TINDERBOX_SPARK_4"];
    let venvs = names.iter().filter_map(std::env::var_os).map(PathBuf::from);
    let has_pyarrow = |python: &PathBuf| {
        let import = Command::new(python).args(["-c", "import pyarrow"]).output();
        import.is_ok_and(|output| output.status.success())
    };
    venvs.map(|venv| venv.join("bin/python")).find(has_pyarrow)
}

#[test]
fn parquet_says_what_json_and_csv_say() {
    let Some(python) = python() else {
        assert!(std::env::var_os("TINDERBOX_REQUIRE_ALL").is_none(), "no environment has pyarrow");
        println!(
            "not run: TINDERBOX_SPARK_3_5 and TINDERBOX_SPARK_4 name no environment with pyarrow"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut order = order_of(40_000, &["oom", "spill"]);
    order.days = 1;
    let plan = plan(order);
    for format in [DataSetFormat::Parquet, DataSetFormat::Csv, DataSetFormat::JsonLines] {
        write_to(&folder.path().join(format.extension()), &plan, format, 2);
    }
    let output = Command::new(python).args(["-c", CHECK]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
