"""A descriptive job on a CSV file: on Sail through PySpark's Connect client, and on local Spark, both from process start to the
end of the process, in turns. The program is the one that jobs of `POST /submit-job` run.

    python run.py [MB] --sail ENVIRONMENT --spark ENVIRONMENT --data FOLDER --results FOLDER --rounds N
"""

import argparse
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import machine

PROGRAM = pathlib.Path(__file__).parents[2] / "crates/tinderbox-scale/python/submit_job.py"
TASKS = "row_count,column_count,data_types,min_max_mean,null_percentage,unique_counts"
WORDS = ["north", "south", "east", "west", ""]
# Of one process to its end, in seconds.
LIMIT = 3_600


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("megabytes", nargs="?", type=int, default=1_000)
    parser.add_argument("--sail", type=pathlib.Path, required=True)
    parser.add_argument("--spark", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    part = f"scale-{options.megabytes}mb"
    described = machine.describe(part)
    file = make_file(options.data, options.megabytes)
    took: dict[str, list[float]] = {"sail": [], "spark": []}
    found: dict[str, dict] = {}
    for at in range(options.rounds):
        for side in took:
            with tempfile.TemporaryDirectory() as folder:
                seconds, found[side] = run(side, options, file, pathlib.Path(folder))
            took[side].append(seconds)
            print(f"round {at + 1} of {options.rounds}: {side} {seconds:.1f} s", flush=True)
    compare(found)
    result = {
        "bytes": file.stat().st_size,
        "rows": found["sail"]["results"]["row_count"],
        "tasks": TASKS.split(","),
        "spark_version": found["spark"]["spark_version"],
        "seconds": took,
        "work_seconds": {side: one["repeats"][0]["seconds"] for side, one in found.items()},
        "ratio": statistics.median(took["spark"]) / statistics.median(took["sail"]),
    }
    options.results.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(described), json.dumps(result)]
    (options.results / f"{part}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"Sail is {result['ratio']:.1f} times as fast")


def make_file(folder: pathlib.Path, megabytes: int) -> pathlib.Path:
    """Rows of whole numbers, decimals, texts and missing values; the same bytes each time."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"descriptive-{megabytes}mb.csv"
    if file.exists():
        return file
    part, wanted, at = file.with_suffix(".part"), megabytes * 1_000_000, 0
    with part.open("w", encoding="ascii") as out:
        written = out.write("id,customer,amount,quantity,region,note\n")
        while written < wanted:
            rows = []
            for row in range(at, at + 10_000):
                mixed = row * 2_654_435_761 % 4_294_967_296
                amount = f"{mixed % 100_000 / 100:.2f}" if mixed % 17 else ""
                rows.append(f"{row},{mixed % 50_000},{amount},{mixed % 9},{WORDS[mixed % 5]},note number {mixed % 1_000}\n")
            at += 10_000
            written += out.write("".join(rows))
    part.rename(file)
    return file


def run(side: str, options: argparse.Namespace, file: pathlib.Path, folder: pathlib.Path) -> tuple[float, dict]:
    result = folder / "result.json"
    arguments = [f"--input={file}", "--format=csv", f"--tasks={TASKS}", f"--result={result}", "--warm-up=0", "--repeats=1"]
    begun = time.perf_counter()
    if side == "spark":
        on_spark(options.spark, folder, arguments)
    else:
        on_sail(options, folder, arguments)
    seconds = time.perf_counter() - begun
    return seconds, json.loads(result.read_text(encoding="utf-8"))


def on_spark(environment: pathlib.Path, folder: pathlib.Path, arguments: list[str]) -> None:
    home = next(environment.glob("lib/python3.*/site-packages/pyspark"))
    variables = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(environment / "bin/python"),
    }
    command = [str(home / "bin/spark-submit"), "--master", "local[*]", "--driver-memory", "2g", "--conf", "spark.ui.enabled=false"]
    finish([*command, str(PROGRAM), *arguments], folder, variables)


def on_sail(options: argparse.Namespace, folder: pathlib.Path, arguments: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(options.sail / "bin/sail"), "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
    with (folder / "sail.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        wait_for(port, server)
        variables = {**os.environ, "SPARK_REMOTE": f"sc://127.0.0.1:{port}"}
        variables.pop("SPARK_HOME", None)
        finish([str(options.spark / "bin/python"), str(PROGRAM), *arguments], folder, variables)
    finally:
        server.terminate()
        server.wait(60)


def wait_for(port: int, server: subprocess.Popen) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("Sail did not start")


def finish(command: list[str], folder: pathlib.Path, variables: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=LIMIT)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stderr[-3_000:]}")


def compare(found: dict[str, dict]) -> None:
    """Both must have computed the same; means of floating-point numbers may differ in their last digits."""
    ours, theirs = (found[side]["results"] for side in ("sail", "spark"))
    for task in ("row_count", "column_count", "null_percentage", "unique_counts"):
        if ours[task] != theirs[task]:
            raise SystemExit(f"{task}: Sail says {ours[task]}, Spark {theirs[task]}")
    for name, of_spark in theirs["min_max_mean"].items():
        of_sail = ours["min_max_mean"][name]
        for figure, value in of_spark.items():
            if abs(of_sail[figure] - value) > 1e-9 * max(1.0, abs(value)):
                raise SystemExit(f"{figure} of {name}: Sail says {of_sail[figure]}, Spark {value}")


if __name__ == "__main__":
    sys.exit(main())
