"""Measures `tinderbox generate` beside two Python programs that make the same tables, all in the same run.

    python run.py PART... --binary TINDERBOX --peers PYTHON --work DIR --results DIR [--rounds N]

Each part replaces its own file in the folder of results: a line on the machine, then one with what was measured.
`scripts/bench.sh generate` sets the arguments.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

from full_ingest import run
from machine import describe

HERE = pathlib.Path(__file__).parent
JOBS = 100_000
# A hundred times as many: what grows with the number of jobs shows.
MANY_JOBS = 10_000_000
TASKS = 1_000_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS) + "; all when none is named")
    for name in ("--binary", "--peers"):
        options.add_argument(name, required=True)
    for name in ("--work", "--results"):
        options.add_argument(name, type=pathlib.Path, required=True)
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    for part in options.parts:
        if part not in PARTS:
            raise SystemExit(f"unknown part: {part}; use some of: {', '.join(PARTS)}")
    options.work.mkdir(parents=True, exist_ok=True)
    options.results.mkdir(parents=True, exist_ok=True)
    for part in options.parts or list(PARTS):
        print(f"{part} (usually {PARTS[part][0]:g} min)", flush=True)
        head = describe(part)
        began = time.monotonic()
        place = pathlib.Path(tempfile.mkdtemp(prefix="generate-", dir=options.work))
        try:
            result = PARTS[part][1](options, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        head["seconds"] = round(time.monotonic() - began)
        text = json.dumps(head) + "\n" + json.dumps(result) + "\n"
        (options.results / f"{part}.jsonl").write_text(text, encoding="utf-8")


def tables(options: argparse.Namespace, place: pathlib.Path) -> dict:
    """A hundred thousand jobs with all tables, by three programs in turn."""
    sides: dict[str, list[dict]] = {"tinderbox": [], "job_by_job": [], "vectorised": []}
    for number in range(options.rounds):
        for side, runs in sides.items():
            out = place / f"{side}-{number}"
            runs.append(run(generate(options, JOBS, out) if side == "tinderbox" else peer(options, side, out)))
            print(f"round {number + 1} of {options.rounds}: {side} {runs[-1]['wall_s']:.2f} s", flush=True)
            shutil.rmtree(out)
    return {"jobs": JOBS, **sides}


def many(options: argparse.Namespace, place: pathlib.Path) -> dict:
    """A hundred times as many jobs: time in proportion, memory the same."""
    runs = [run(generate(options, JOBS * 10, place / "fewer")), run(generate(options, MANY_JOBS, place / "many"))]
    return {"fewer": {"jobs": JOBS * 10, **runs[0]}, "many": {"jobs": MANY_JOBS, **runs[1]}}


def event_log(options: argparse.Namespace, place: pathlib.Path) -> dict:
    """The event log of one application with a million tasks, plain."""
    runs = []
    for number in range(options.rounds):
        out = place / str(number)
        more = ["--event-logs", "--codec", "none", "--tasks-per-job", str(TASKS)]
        runs.append(run([*generate(options, 1, out), *more]))
        runs[-1]["bytes"] = max(file.stat().st_size for file in (out / "event-logs").rglob("*") if file.is_file())
        print(f"round {number + 1} of {options.rounds}: {runs[-1]['bytes'] / 1e6 / runs[-1]['wall_s']:.0f} MB/s", flush=True)
        shutil.rmtree(out)
    return {"tasks": TASKS, "runs": runs, "mb_s": statistics.median(r["bytes"] / 1e6 / r["wall_s"] for r in runs)}


def generate(options: argparse.Namespace, jobs: int, out: pathlib.Path) -> list[str]:
    return [options.binary, "generate", "--jobs", str(jobs), "--seed", "1", "--out", str(out)]


def peer(options: argparse.Namespace, name: str, out: pathlib.Path) -> list[str]:
    return [options.peers, str(HERE / f"{name}.py"), str(JOBS), str(out), "1"]


# The minutes are those of two idle cores.
PARTS: dict[str, tuple[float, Callable[[argparse.Namespace, pathlib.Path], dict]]] = {
    "generate-tables": (1.5, tables),
    "generate-10m": (1, many),
    "generate-log": (0.5, event_log),
}

if __name__ == "__main__":
    sys.exit(main())
