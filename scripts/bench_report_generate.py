"""The section of docs/benchmarks.md on generated data sets."""

from bench_report_history import Bars, median, place

# What is asked: ratios, MB, MB/s.
TABLES_RATIO = 50
TABLES_PEAK_MB = 150
# Time for ten times as many jobs may be so much more than ten times the time, start-up and noise included.
LINEAR = 1.2
LOG_MB_S = 400
BUSY = 0.1


def section(parts: dict[str, list[dict]], missed: list[str]) -> str | None:
    bars = Bars(missed)
    makers = {"generate-tables": tables, "generate-10m": many, "generate-log": event_log}
    bodies = []
    for part, make in makers.items():
        if part in parts:
            machine, result = parts[part]
            bars.busy = machine["busy_before"] > BUSY
            bodies.append(f"{make(result, bars)}\n\n`scripts/bench.sh generate {part}`: {place(machine)}")
    return "\n\n".join([bars.table(), *bodies]) if bodies else None


def tables(result: dict, bars: Bars) -> str:
    sides = {
        "tinderbox": "tinderbox generate",
        "job_by_job": "Python, job by job",
        "vectorised": "Python, numpy by columns",
    }
    ours = median(result["tinderbox"], "wall_s")
    ratio = median(result["job_by_job"], "wall_s") / ours
    peak = max(run["peak_mb"] for run in result["tinderbox"])
    jobs = f"{result['jobs']:,} jobs"
    bars.add(f"{jobs}, against Python job by job", f"{ratio:.0f} times as fast", f"at least {TABLES_RATIO}", ratio >= TABLES_RATIO)
    bars.add(f"{jobs}, peak memory", f"{peak:.0f} MB", f"at most {TABLES_PEAK_MB} MB", peak <= TABLES_PEAK_MB)
    lines = [
        f"{jobs} with all tables, {len(result['tinderbox'])} rounds in turn, medians. Ours have "
        "more columns than the others'.\n",
        "| program | wall s | CPU s | peak MB | wall, ours = 1 |",
        "|---|---|---|---|---|",
    ]
    for side, title in sides.items():
        wall, cpu, memory = (median(result[side], key) for key in ("wall_s", "cpu_s", "peak_mb"))
        lines.append(f"| {title} | {wall:.2f} | {cpu:.2f} | {memory:.0f} | {wall / ours:.1f} |")
    return "\n".join(lines)


def many(result: dict, bars: Bars) -> str:
    fewer, more = result["fewer"], result["many"]
    times = more["jobs"] / fewer["jobs"]
    growth = more["cpu_s"] / fewer["cpu_s"] / times
    jobs = f"{more['jobs']:,} jobs"
    bars.add(f"{jobs}, CPU time of a job against {fewer['jobs']:,}", f"{growth:.2f}", f"at most {LINEAR}", growth <= LINEAR)
    bars.add(f"{jobs}, peak memory", f"{more['peak_mb']:.0f} MB", f"at most {TABLES_PEAK_MB} MB", more["peak_mb"] <= TABLES_PEAK_MB)
    lines = ["| jobs | wall s | CPU s | peak MB |", "|---|---|---|---|"]
    lines += [f"| {r['jobs']:,} | {r['wall_s']:.1f} | {r['cpu_s']:.1f} | {r['peak_mb']:.0f} |" for r in (fewer, more)]
    return "\n".join(lines)


def event_log(result: dict, bars: Bars) -> str:
    runs, speed = result["runs"], result["mb_s"]
    title = f"Event log with {result['tasks']:,} tasks, plain"
    bars.add(title, f"{speed:.0f} MB/s", f"at least {LOG_MB_S} MB/s", speed >= LOG_MB_S)
    return (
        f"{title}: {runs[0]['bytes'] / 1e6:,.0f} MB in {median(runs, 'wall_s'):.2f} s, {median(runs, 'cpu_s'):.2f} CPU s, "
        f"at most {max(run['peak_mb'] for run in runs):.0f} MB of memory; median of {len(runs)} rounds, the tables of the job included."
    )
