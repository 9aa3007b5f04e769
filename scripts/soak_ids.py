"""Generates ten million jobs and looks at every id in the tables: none comes twice.

    PYTHON scripts/soak_ids.py TINDERBOX FOLDER

Ids are written in ascending order with a fixed number of digits, so each is compared with the one before it and the
check needs no memory. Needs pyarrow, and some GB below FOLDER, which are removed.
"""

import shutil
import subprocess
import sys

import pyarrow.compute as compute
import pyarrow.parquet as parquet

JOBS = 10_000_000


def main():
    tinderbox, folder = sys.argv[1:3]
    try:
        subprocess.run(
            [tinderbox, "generate", "--jobs", str(JOBS), "--out", folder, "--force"], check=True
        )
        jobs = ascending(f"{folder}/jobs/spark_jobs.parquet", "job_id")
        assert jobs == JOBS, jobs
        operators = ascending(f"{folder}/operators/spark_operators.parquet", "operator_id")
        print(f"{jobs} jobs and {operators} operators, no id twice")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ascending(path, column):
    """Counts the rows; fails at one whose id is not greater than the one before."""
    rows, before = 0, ""
    for batch in parquet.ParquetFile(path).iter_batches(columns=[column], batch_size=1 << 17):
        ids = batch.column(0).cast("string")
        assert ids[0].as_py() > before, (before, ids[0])
        assert compute.all(compute.greater(ids[1:], ids[:-1])).as_py() in (True, None), path
        before = ids[-1].as_py()
        rows += len(ids)
    return rows


if __name__ == "__main__":
    main()
