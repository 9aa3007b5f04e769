"""Measures the figures of the history against Spark's History Server, both in the same run.

    python run.py PART... --binary TINDERBOX --examples DIR --spark-home DIR --logs DIR --results DIR [--rounds N]

Each part replaces its own file in the folder of results: a line on the machine, then one with what was measured.
`scripts/bench.sh history` sets the arguments.
"""

import argparse
import json
import pathlib
import signal
import sys
import time
from collections.abc import Callable

import full_ingest
import open_application
import small_logs
import sql
import warm_requests
from machine import describe
from setting import Setting

# In this order; the minutes are those of two idle cores.
PARTS: dict[str, tuple[float, Callable[[Setting], dict]]] = {
    "open-100k": (1.5, lambda setting: open_application.measure(setting, "100k")),
    "open-1m": (4.5, lambda setting: open_application.measure(setting, "1m")),
    "ingest": (1, lambda setting: full_ingest.measure(setting, "1m")),
    "warm-1m": (4, lambda setting: warm_requests.measure(setting, "1m")),
    "small-logs": (17, small_logs.measure),
    "sql": (0.5, sql.measure),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS) + "; all when none is named")
    options.add_argument("--binary", required=True)
    for name in ("--examples", "--logs", "--results"):
        options.add_argument(name, type=pathlib.Path, required=True)
    options.add_argument("--spark-home", required=True)
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    parts = options.parts or list(PARTS)
    for part in parts:
        if part not in PARTS:
            raise SystemExit(f"unknown part: {part}; use some of: {', '.join(PARTS)}")
    logs = options.logs.resolve()
    setting = Setting(
        binary=options.binary,
        examples=options.examples,
        spark_home=options.spark_home,
        logs=logs,
        work=logs / "work",
        rounds=options.rounds,
    )
    # Servers end and folders go also when somebody ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    options.results.mkdir(parents=True, exist_ok=True)
    print(f"{len(parts)} parts, about {sum(PARTS[part][0] for part in parts):.0f} min on two idle cores", flush=True)
    started = time.monotonic()
    for number, part in enumerate(parts, 1):
        minutes, measure = PARTS[part]
        print(f"[{number}/{len(parts)}] {part} (usually {minutes:g} min)", flush=True)
        began = time.monotonic()
        head = describe(part)
        result = measure(setting)
        head["seconds"] = round(time.monotonic() - began)
        lines = json.dumps(head) + "\n" + json.dumps(rounded(result)) + "\n"
        # Kept whole or as it was.
        (options.results / f"{part}.jsonl").write_text(lines, encoding="utf-8")
        print(f"      done in {head['seconds']} s", flush=True)
    print(f"measured in {time.monotonic() - started:.0f} s")


def rounded(value):
    """Without digits that no clock has."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
