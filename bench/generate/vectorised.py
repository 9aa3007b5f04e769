"""The tables of job_by_job.py made column by column: what numpy can do when nothing is drawn row by row.

    python vectorised.py JOBS FOLDER SEED
"""

import pathlib
import sys

import numpy as np
import pandas as pd
from job_by_job import END, JOB_TYPES, MESSAGES, TRACES, WEIGHTS, write

MOST_OPERATORS = max(len(operators) for operators, _, _ in JOB_TYPES.values())


def main() -> None:
    count, folder, seed = int(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    rng = np.random.default_rng(seed)
    kinds = rng.integers(len(JOB_TYPES), size=count)
    jobs = jobs_of(rng, kinds)
    operators = operators_of(rng, kinds, jobs)
    write(folder, jobs, operators, errors_of(rng, jobs, operators))


def jobs_of(rng: np.random.Generator, kinds: np.ndarray) -> pd.DataFrame:
    count = len(kinds)
    names = np.array(list(JOB_TYPES), dtype=object)[kinds]
    means = np.array([mean for _, mean, _ in JOB_TYPES.values()])[kinds]
    rates = np.array([rate for _, _, rate in JOB_TYPES.values()])[kinds]
    stages = np.array([len(operators) for operators, _, _ in JOB_TYPES.values()])[kinds]
    failed = rng.random(count) < rates
    duration = np.maximum(30, rng.normal(means, 0.3 * means).astype(np.int64))
    shortened = np.maximum(30, (duration * rng.uniform(0.1, 0.8, count)).astype(np.int64))
    duration = np.where(failed, shortened, duration)
    start = np.datetime64(END, "us") - rng.integers(0, 7 * 86400, count).astype("timedelta64[s]")
    executors = rng.choice([2, 4, 8, 16, 32], count)
    memory = rng.choice([1024, 2048, 4096, 8192], count)
    input_mb = rng.uniform(10, 10_000, count)
    numbers = np.arange(count)
    return pd.DataFrame({
        "job_id": [f"job_{number:07}" for number in numbers],
        "job_name": [f"{name}_{number % 1000:03}" for name, number in zip(names, numbers)],
        "job_type": names,
        "status": np.where(failed, "FAILED", "COMPLETED"),
        "start_time": start,
        "end_time": start + duration.astype("timedelta64[s]"),
        "duration_seconds": duration,
        "num_stages": stages,
        "num_tasks": stages * executors * rng.integers(1, 5, count),
        "num_executors": executors,
        "input_size_mb": input_mb.round(2),
        "output_size_mb": np.where(failed, 0.0, (input_mb * rng.uniform(0.3, 1.2, count)).round(2)),
        "memory_per_executor_mb": memory,
        "total_memory_mb": executors * memory,
        "cpu_cores_per_executor": rng.choice([2, 4, 8], count),
        "shuffle_read_mb": (input_mb * rng.uniform(0, 0.5, count)).round(2),
        "shuffle_write_mb": (input_mb * rng.uniform(0, 0.3, count)).round(2),
        "gc_time_ms": np.where(failed, rng.integers(500, 5000, count), rng.integers(1000, 50_000, count)),
    })  # fmt: skip


def operators_of(rng: np.random.Generator, kinds: np.ndarray, jobs: pd.DataFrame) -> pd.DataFrame:
    """Every job has a place for the most operators; the places that its type has not are dropped."""
    shares = np.zeros((len(JOB_TYPES), MOST_OPERATORS))
    names = np.full((len(JOB_TYPES), MOST_OPERATORS), None, dtype=object)
    for kind, (operators, _, _) in enumerate(JOB_TYPES.values()):
        weights = np.array([WEIGHTS[name] for name in operators])
        shares[kind, : len(operators)] = weights / weights.sum()
        names[kind, : len(operators)] = operators
    exists = (shares > 0)[kinds]
    count = int(exists.sum())
    row, stage = np.nonzero(exists)

    share = (jobs["duration_seconds"].to_numpy()[:, None] * shares[kinds])[exists]
    duration = np.maximum(5, rng.normal(share, 0.2 * share).astype(np.int64))
    late = (jobs["status"].to_numpy() == "FAILED")[row] & (stage >= jobs["num_stages"].to_numpy()[row] / 2)
    fails = late & (rng.random(count) < 0.3)
    skipped = late & ~fails & (rng.random(count) < 0.5)
    duration = np.where(fails, (duration * rng.uniform(0.1, 0.5, count)).astype(np.int64), duration)
    duration = np.where(skipped, 0, duration)
    placed = np.zeros(exists.shape, dtype=np.int64)
    placed[exists] = duration
    ends = placed.cumsum(axis=1)[exists]
    begin = jobs["start_time"].to_numpy()[row]

    records = np.where(fails | skipped, 0, rng.integers(1000, 1_000_001, count))
    memory = rng.uniform(100, 0.8 * jobs["memory_per_executor_mb"].to_numpy()[row])
    job_ids = jobs["job_id"].to_numpy(dtype=object)[row]
    ids = [f"{job}_op_{position:02}" for job, position in zip(job_ids, stage)]
    before = [
        "[]" if position == 0
        else f'["{ids[place - 1]}"]' if position == 1
        else f'["{ids[place - 2]}", "{ids[place - 1]}"]'
        for place, position in enumerate(stage)
    ]  # fmt: skip
    operator_names = names[kinds][exists]
    return pd.DataFrame({
        "job_id": job_ids,
        "operator_id": ids,
        "operator_name": operator_names,
        "operator_type": operator_names,
        "stage_id": stage,
        "status": np.where(fails, "FAILED", np.where(skipped, "SKIPPED", "COMPLETED")),
        "start_time": begin + (ends - duration).astype("timedelta64[s]"),
        "end_time": begin + ends.astype("timedelta64[s]"),
        "duration_seconds": duration,
        "records_processed": records,
        "memory_usage_mb": memory.round(2),
        "cpu_time_ms": (1000 * duration * rng.uniform(0.3, 0.9, count)).round(2),
        "spill_memory_mb": (memory * rng.uniform(0, 0.2, count)).round(2),
        "shuffle_read_records": (rng.random(count) * (records // 2 + 1)).astype(np.int64),
        "shuffle_write_records": (rng.random(count) * (records // 3 + 1)).astype(np.int64),
        "dependencies": before,
    })  # fmt: skip


def errors_of(rng: np.random.Generator, jobs: pd.DataFrame, operators: pd.DataFrame) -> pd.DataFrame:
    failed_jobs = jobs[jobs["status"] == "FAILED"]
    failed_operators = operators[operators["status"] == "FAILED"]
    warned = jobs[jobs["status"] == "COMPLETED"].sample(frac=1, random_state=int(rng.integers(2**31))).head(20)
    warned = warned[rng.random(len(warned)) < 0.3]
    sizes = [len(failed_jobs), len(failed_operators), len(warned)]
    count = sum(sizes)
    kinds = np.repeat(np.array(["JOB_FAILURE", "OPERATOR_FAILURE", "WARNING"], dtype=object), sizes)
    warning = kinds == "WARNING"
    parts = [failed_jobs, failed_operators, warned]
    return pd.DataFrame({
        "job_id": np.concatenate([part["job_id"] for part in parts]),
        "operator_id": np.concatenate([[None] * sizes[0], failed_operators["operator_id"], [None] * sizes[2]]),
        "error_type": kinds,
        "error_message": np.where(warning, "high memory usage", np.array(MESSAGES)[rng.integers(len(MESSAGES), size=count)]),
        "error_timestamp": np.concatenate([part["end_time"] for part in parts]),
        "stack_trace": np.where(warning, None, np.array(TRACES, dtype=object)[rng.integers(len(TRACES), size=count)]),
        "retry_count": np.where(warning, 0, rng.integers(0, 4, count)),
        "is_recoverable": rng.random(count) < 0.5,
    })  # fmt: skip


if __name__ == "__main__":
    main()
