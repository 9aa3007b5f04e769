"""Measures checks, columns and previews of specs, the latter beside a warm local Spark session in the same run.

    python run.py PART... --binary TINDERBOX --program DEFINE_BENCH --spark PYTHON --data DIR --results DIR [--rounds N]

Each part replaces its own file in the folder of results: a line on the machine, then one with what was measured. The data are made when
they are missing (1.2 GB). `scripts/bench.sh define` sets the arguments.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from machine import describe

HERE = pathlib.Path(__file__).parent
# Files of orders, with their sizes in rows: a small one, about 100 MB and about 1 GB of Parquet.
SIZES = {"small": 10_000, "100mb": 2_600_000, "1gb": 26_000_000}
# How many rows of each source a sample has: `SAMPLE_ROWS` of the program.
SAMPLE = 100_000
STARTS = 5


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS) + "; all when none is named")
    for name in ("--binary", "--program", "--spark"):
        options.add_argument(name, required=True)
    for name in ("--data", "--results"):
        options.add_argument(name, type=pathlib.Path, required=True)
    options = options.parse_args()
    for part in options.parts:
        if part not in PARTS:
            raise SystemExit(f"unknown part: {part}; use some of: {', '.join(PARTS)}")
    options.results.mkdir(parents=True, exist_ok=True)
    make_data(options)
    for part in options.parts or list(PARTS):
        print(f"{part} (usually {PARTS[part][0]:g} min)", flush=True)
        head = describe(part)
        began = time.monotonic()
        result = PARTS[part][1](options)
        head["seconds"] = round(time.monotonic() - began)
        text = json.dumps(head) + "\n" + json.dumps(result) + "\n"
        (options.results / f"{part}.jsonl").write_text(text, encoding="utf-8")


def make_data(options: argparse.Namespace) -> None:
    options.data.mkdir(parents=True, exist_ok=True)
    wanted = [f"{name}:{rows}" for name, rows in SIZES.items() if not (options.data / f"{name}.parquet").exists()]
    if wanted:
        print("making data: usually 2 min", flush=True)
        subprocess.run([options.spark, HERE / "make_data.py", options.data, *wanted], check=True)


def ask(command: list, **more) -> dict:
    """What a program prints as one line of JSON."""
    done = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True, **more)
    return json.loads(done.stdout)


def checks(options: argparse.Namespace) -> dict:
    return ask([options.program, "checks"])


def columns(options: argparse.Namespace) -> dict:
    return ask([options.program, "columns", options.data])


def previews(options: argparse.Namespace) -> dict:
    sizes = {name: (options.data / f"{name}.parquet").stat().st_size for name in SIZES}
    ours = {name: ask([options.program, "preview", options.data, f"{name}.parquet"]) for name in SIZES}
    ours["sample"] = ask([options.program, "preview", options.data, "1gb.parquet", SAMPLE])
    spark = ask([options.spark, HERE / "spark_preview.py", options.data, *SIZES], stderr=subprocess.DEVNULL)
    for name in SIZES:
        if ours[name]["rows"] != spark[name]["rows"]:
            raise SystemExit(f"{name}: different rows: {ours[name]['rows']} and {spark[name]['rows']}")
    return {"bytes": sizes, "ours": ours, "spark": spark, "start": starts(options)}


def starts(options: argparse.Namespace) -> dict:
    """From the start of the process, with a Sail of its own, to the last row of a small preview."""
    times = []
    with tempfile.TemporaryDirectory() as place:
        job = pathlib.Path(place) / "job.yaml"
        job.write_text(
            "name: start\npipeline:\n  sources:\n"
            f"    - {{id: orders, type: parquet, path: {options.data / 'small.parquet'}}}\n"
            f"    - {{id: customers, type: parquet, path: {options.data / 'customers.parquet'}}}\n"
            "  transformations:\n"
            "    - {id: known, type: join, input: [orders, customers], on: customer_id}\n"
            "    - {id: totals, type: aggregate, group_by: [region], aggregations: {orders: count(1)}}\n"
            "  sinks:\n    - {type: parquet, path: out}\n",
            encoding="utf-8",
        )
        for _ in range(STARTS):
            began = time.monotonic()
            subprocess.run([options.binary, "preview", job, "--node", "totals"], check=True, capture_output=True)
            times.append((time.monotonic() - began) * 1e3)
    return {"p50_ms": statistics.median(times), "max_ms": max(times)}


# The minutes are those of two idle cores.
PARTS: dict[str, tuple[float, Callable[[argparse.Namespace], dict]]] = {
    "define-checks": (0.1, checks),
    "define-columns": (0.3, columns),
    "define-preview": (2, previews),
}

if __name__ == "__main__":
    sys.exit(main())
