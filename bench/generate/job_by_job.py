"""Synthetic Spark jobs made one by one with numpy and written with pandas: the peer of `tinderbox generate`.

    python job_by_job.py JOBS FOLDER SEED

The same four files, columns, job types and distributions, made the way such generators are written: a dictionary for
each row, a DataFrame of them, and the rows of that DataFrame one after the other for the next table. Nothing is done to
make it slow, and ids are unique.
"""

import datetime
import json
import pathlib
import sys

import numpy as np
import pandas as pd

JOB_TYPES = {
    "ETL_Pipeline": (["ReadCSV", "Filter", "Join", "Transform", "WriteParquet"], 300, 0.05),
    "ML_Training": (["ReadParquet", "FeatureEngineering", "MLTransform", "ModelTrain", "ModelSave"], 1800, 0.10),
    "Analytics_Query": (["ReadParquet", "Filter", "GroupBy", "Aggregate", "Sort"], 120, 0.02),
    "Data_Migration": (["ReadDatabase", "Transform", "Validate", "WriteDatabase"], 900, 0.08),
    "Report_Generation": (["ReadMultiple", "Join", "Aggregate", "Format", "WriteCSV"], 180, 0.03),
}
WEIGHTS = {
    "ReadCSV": 0.15, "ReadParquet": 0.10, "ReadDatabase": 0.20, "ReadMultiple": 0.18, "Filter": 0.05,
    "Transform": 0.15, "FeatureEngineering": 0.25, "Join": 0.20, "GroupBy": 0.15, "Aggregate": 0.10,
    "MLTransform": 0.30, "ModelTrain": 0.40, "ModelSave": 0.05, "Sort": 0.12, "Validate": 0.08, "Format": 0.06,
    "WriteParquet": 0.12, "WriteCSV": 0.08, "WriteDatabase": 0.18,
}  # fmt: skip
MESSAGES = [
    "java.lang.OutOfMemoryError: Java heap space",
    "java.io.FileNotFoundException: the input does not exist",
    "org.apache.spark.sql.AnalysisException: a column cannot be resolved",
    "org.apache.spark.SparkException: task failed while writing rows",
    "java.util.concurrent.TimeoutException: futures timed out after [300 seconds]",
    "java.lang.IllegalArgumentException: the partition column is missing",
    "java.io.IOException: the output directory cannot be created",
    "org.apache.spark.sql.catalyst.parser.ParseException: malformed CSV record",
]
TRACES = [f"at org.apache.spark.Frame{number}.run(Frame{number}.scala:{40 + number})" for number in range(3)]
END = datetime.datetime(2026, 1, 1)


def job(rng: np.random.Generator, number: int, names: list[str]) -> dict:
    job_type = names[rng.integers(len(names))]
    operators, mean, failure_rate = JOB_TYPES[job_type]
    failed = rng.random() < failure_rate
    duration = max(30, int(rng.normal(mean, 0.3 * mean)))
    if failed:
        duration = max(30, int(duration * rng.uniform(0.1, 0.8)))
    start = END - datetime.timedelta(seconds=int(rng.integers(0, 7 * 86400)))
    executors = int(rng.choice([2, 4, 8, 16, 32]))
    memory = int(rng.choice([1024, 2048, 4096, 8192]))
    input_mb = rng.uniform(10, 10_000)
    return {
        "job_id": f"job_{number:07}",
        "job_name": f"{job_type}_{number % 1000:03}",
        "job_type": job_type,
        "status": "FAILED" if failed else "COMPLETED",
        "start_time": start,
        "end_time": start + datetime.timedelta(seconds=duration),
        "duration_seconds": duration,
        "num_stages": len(operators),
        "num_tasks": len(operators) * executors * int(rng.integers(1, 5)),
        "num_executors": executors,
        "input_size_mb": round(input_mb, 2),
        "output_size_mb": 0.0 if failed else round(input_mb * rng.uniform(0.3, 1.2), 2),
        "memory_per_executor_mb": memory,
        "total_memory_mb": executors * memory,
        "cpu_cores_per_executor": int(rng.choice([2, 4, 8])),
        "shuffle_read_mb": round(rng.uniform(0, 0.5 * input_mb), 2),
        "shuffle_write_mb": round(rng.uniform(0, 0.3 * input_mb), 2),
        "gc_time_ms": int(rng.integers(500, 5000) if failed else rng.integers(1000, 50_000)),
    }


def operators_of(rng: np.random.Generator, job: pd.Series) -> list[dict]:
    names = JOB_TYPES[job["job_type"]][0]
    total = sum(WEIGHTS[name] for name in names)
    rows, ids, at = [], [], job["start_time"]
    for position, name in enumerate(names):
        share = job["duration_seconds"] * WEIGHTS[name] / total
        duration = max(5, int(rng.normal(share, 0.2 * share)))
        status = "COMPLETED"
        if job["status"] == "FAILED" and position >= len(names) / 2:
            if rng.random() < 0.3:
                status, duration = "FAILED", int(duration * rng.uniform(0.1, 0.5))
            elif rng.random() < 0.5:
                status, duration = "SKIPPED", 0
        records = int(rng.integers(1000, 1_000_001)) if status == "COMPLETED" else 0
        memory = rng.uniform(100, 0.8 * job["memory_per_executor_mb"])
        operator = f"{job['job_id']}_op_{position:02}"
        end = at + datetime.timedelta(seconds=duration)
        rows.append({
            "job_id": job["job_id"],
            "operator_id": operator,
            "operator_name": name,
            "operator_type": name,
            "stage_id": position,
            "status": status,
            "start_time": at,
            "end_time": end,
            "duration_seconds": duration,
            "records_processed": records,
            "memory_usage_mb": round(memory, 2),
            "cpu_time_ms": round(1000 * duration * rng.uniform(0.3, 0.9), 2),
            "spill_memory_mb": round(rng.uniform(0, 0.2 * memory), 2),
            "shuffle_read_records": int(rng.integers(0, records // 2 + 1)),
            "shuffle_write_records": int(rng.integers(0, records // 3 + 1)),
            "dependencies": json.dumps(ids[-2:]),
        })  # fmt: skip
        ids.append(operator)
        at = end
    return rows


def error(rng: np.random.Generator, kind: str, row: pd.Series, operator: str | None, retries: int) -> dict:
    return {
        "job_id": row["job_id"],
        "operator_id": operator,
        "error_type": kind,
        "error_message": MESSAGES[rng.integers(len(MESSAGES))],
        "error_timestamp": row["end_time"],
        "stack_trace": TRACES[rng.integers(len(TRACES))],
        "retry_count": int(rng.integers(0, retries)),
        "is_recoverable": bool(rng.random() < 0.5),
    }


def warning(row: pd.Series) -> dict:
    return {
        "job_id": row["job_id"],
        "operator_id": None,
        "error_type": "WARNING",
        "error_message": "high memory usage",
        "error_timestamp": row["end_time"],
        "stack_trace": None,
        "retry_count": 0,
        "is_recoverable": True,
    }


def main() -> None:
    count, folder, seed = int(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    rng = np.random.default_rng(seed)
    names = list(JOB_TYPES)
    jobs = pd.DataFrame([job(rng, number, names) for number in range(count)])
    operators = pd.DataFrame([row for _, one in jobs.iterrows() for row in operators_of(rng, one)])
    failed_jobs = jobs[jobs["status"] == "FAILED"]
    failed_operators = operators[operators["status"] == "FAILED"]
    errors = [error(rng, "JOB_FAILURE", row, None, 4) for _, row in failed_jobs.iterrows()]
    for _, row in failed_operators.iterrows():
        errors.append(error(rng, "OPERATOR_FAILURE", row, row["operator_id"], 3))
    completed = jobs[jobs["status"] == "COMPLETED"]
    for _, row in completed.sample(min(20, len(completed)), random_state=seed).iterrows():
        if rng.random() < 0.3:
            errors.append(warning(row))
    write(folder, jobs, operators, pd.DataFrame(errors))


def write(folder: pathlib.Path, jobs: pd.DataFrame, operators: pd.DataFrame, errors: pd.DataFrame) -> None:
    tables = {"jobs/spark_jobs": jobs, "operators/spark_operators": operators, "errors/spark_errors": errors}
    summary = {
        "total_jobs": len(jobs),
        "completed_jobs": int((jobs["status"] == "COMPLETED").sum()),
        "failed_jobs": int((jobs["status"] == "FAILED").sum()),
        "total_operators": len(operators),
        "total_errors": len(errors),
        "avg_job_duration": float(jobs["duration_seconds"].mean()),
        "total_data_processed_mb": float(jobs["input_size_mb"].sum()),
        "job_types": {name: int(number) for name, number in jobs["job_type"].value_counts().items()},
        "generation_timestamp": END.isoformat(),
    }
    tables["summary_stats"] = pd.DataFrame([summary])
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(path, index=False)


if __name__ == "__main__":
    main()
