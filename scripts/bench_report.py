"""Writes docs/benchmarks.md from the results that scripts/bench.sh keeps.

    python bench_report.py RESULTS DOCUMENT

A section without results stays as the document has it. Exit code 1 when a figure misses its bar.
"""

import json
import pathlib
import statistics
import sys
from collections.abc import Callable

import bench_report_define
import bench_report_generate
import bench_report_history
import bench_report_run
import bench_report_scale
import bench_report_serve

LISTENER_MODES = {
    "off": "no listener",
    "fast": "receiver that answers",
    "dead": "receiver that refuses connections",
    "stuck": "receiver that accepts and never reads",
}
HEAD = "# Benchmarks\n\nWritten by `make bench`; the numbers behind it are in [bench/results](../bench/results).\n"


def main() -> None:
    results, document = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    parts = {file.stem: read(file) for file in sorted(results.glob("*.jsonl"))}
    missed: list[str] = []
    sections: dict[str, Callable[[], str | None]] = {
        "What the listener costs a driver": lambda: listener(parts),
        "The history beside Spark's History Server": lambda: bench_report_history.section(parts, missed),
        "Specs before a run": lambda: bench_report_define.section(parts, missed),
        "Runs on clusters": lambda: bench_report_run.section(parts, missed),
        "Descriptive jobs on Sail beside local Spark": lambda: bench_report_scale.section(parts, missed),
        "Generated data sets": lambda: bench_report_generate.section(parts, missed),
        "Lists of jobs beside FastAPI and pandas": lambda: bench_report_serve.section(parts, missed),
    }
    before = written(document)
    text = HEAD
    for title, make in sections.items():
        body = make() or before.get(title)
        if body:
            text += f"\n## {title}\n\n{body.strip()}\n"
    document.write_text(text, encoding="utf-8")
    print(text)
    if missed:
        raise SystemExit("bars missed: " + "; ".join(missed))


def read(file: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def written(document: pathlib.Path) -> dict[str, str]:
    """The sections of the document as it is."""
    if not document.is_file():
        return {}
    sections = document.read_text(encoding="utf-8").split("\n## ")[1:]
    return {title: body for title, body in (section.split("\n", 1) for section in sections)}


def listener(parts: dict[str, list[dict]]) -> str | None:
    if "listener" not in parts:
        return None
    machine, *results = parts["listener"]
    by_mode = {mode: [r for r in results if r["mode"] == mode] for mode in LISTENER_MODES}
    off = statistics.median(r["cpu_s"] for r in by_mode["off"])
    first = results[0]
    lines = [
        f"Spark {first['spark']}, `local[2]`, {first['tasks']} almost empty tasks, {len(by_mode['off'])} interleaved "
        "rounds. CPU seconds of the Spark process; medians. The last two modes wait up to 2 s at the end by design. "
        f"{bench_report_history.place(machine)}\n",
        "| mode | CPU s | min to max | ratio | wall s |",
        "|---|---|---|---|---|",
    ]
    for mode, title in LISTENER_MODES.items():
        cpu = [r["cpu_s"] for r in by_mode[mode]]
        wall = statistics.median(r["wall_s"] for r in by_mode[mode])
        middle = statistics.median(cpu)
        lines.append(f"| {title} | {middle:.1f} | {min(cpu):.1f} to {max(cpu):.1f} | {middle / off:.2f} | {wall:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
