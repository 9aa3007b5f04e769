"""The section of docs/benchmarks.md on descriptive jobs."""

import statistics

from bench_report_history import BUSY, Bars, place

# How many times faster Sail is than local Spark, both including their start; held at the size that was asked for.
RATIO = 4
BAR_BYTES = 900_000_000


def section(parts: dict[str, list[dict]], missed: list[str]) -> str | None:
    found = {part: lines for part, lines in parts.items() if part.startswith("scale-")}
    if not found:
        return None
    bars, bodies = Bars(missed), []
    for part, (machine, result) in found.items():
        bars.busy = machine["busy_before"] > BUSY
        size, ratio = f"{result['bytes'] / 1e6:,.0f} MB", result["ratio"]
        bar = f"at least {RATIO} times" if result["bytes"] >= BAR_BYTES else "no bar at this size"
        bars.add(f"{size} of CSV on Sail against local Spark", f"{ratio:.1f} times", bar, result["bytes"] < BAR_BYTES or ratio >= RATIO)
        bodies.append(f"{one(result, size)}\n\n`scripts/bench.sh scale {part.split('-')[1][:-2]}`: {place(machine)}")
    head = (
        "The program of `POST /submit-job` with all descriptive tasks, once, without a repeat to warm up: on Sail through PySpark's "
        "Connect client, and with `spark-submit` on `local[*]`, both from the start of the first process to the end of the last, "
        "in turns. The results of both are compared.\n"
    )
    return "\n\n".join([head + "\n" + bars.table(), *bodies])


def one(result: dict, size: str) -> str:
    lines = [
        f"### {size}, {result['rows']:,} rows\n",
        "| | whole, median | fastest to slowest | reading and tasks alone |",
        "|---|---|---|---|",
    ]
    for side, title in (("sail", "Sail"), ("spark", f"local Spark {result['spark_version']}")):
        took = result["seconds"][side]
        lines.append(
            f"| {title} | {statistics.median(took):.1f} s | {min(took):.1f} to {max(took):.1f} s | {result['work_seconds'][side]:.1f} s |"
        )
    return "\n".join(lines)
