"""The section of docs/benchmarks.md on runs on clusters."""

import statistics

from bench_report_history import BUSY, Bars, place

# What is asked for: submissions a second for a minute in so much memory; percent of one core; ms.
SUBMISSIONS_PER_S = 50
SUBMISSIONS_MB = 300
SUSTAINED_S = 60
RUNS = 1000
CORE_PERCENT = 20
VISIBLE_MS = 1000


def section(parts: dict[str, list[dict]], missed: list[str]) -> str | None:
    bars, bodies = Bars(missed), []
    for part, one in (("run-reconciler", reconciler), ("run-kubernetes", kubernetes)):
        if part in parts:
            machine, result = parts[part]
            bars.busy = machine["busy_before"] > BUSY
            bodies.append(f"{one(result, bars)}\n\n`scripts/bench.sh run {part.removeprefix('run-')}`: {place(machine)}")
    return "\n\n".join([bars.table(), *bodies]) if bodies else None


def reconciler(result: dict, bars: Bars) -> str:
    runs, whole = result["runs"], result["runs"] >= RUNS
    steady, changing, visible = result["steady"], result["with_changes"], result["visible_ms"]
    name = f"{runs:,} runs in flight"
    percent = f"at most {CORE_PERCENT} % of one core" if whole else "no bar for so few"
    for what, found in (("nothing happens", steady), ("runs end", changing)):
        met = not whole or found["core_percent"] <= CORE_PERCENT
        bars.add(f"{name}: the server while {what}", f"{found['core_percent']:.1f} %", percent, met)
    slowest = visible["slowest"]
    bar = f"at most {VISIBLE_MS:,} ms" if whole else "no bar for so few"
    bars.add(f"{name}: an end is visible, the slowest", f"{slowest:.0f} ms", bar, not whole or slowest <= VISIBLE_MS)
    return (
        f"### {name}\n\nRuns on a standalone cluster whose master is a program (`bench/run/standalone_master.py`) and runs no Spark. "
        f"All were started within {result['started_s']:.0f} s. {visible['count']} ends were timed from the master's word to "
        f"`GET /api/jobs/ID`, with the event log read: median {visible['median']:.0f} ms. {steady['requests_per_s']:.1f} requests a "
        f"second to the master while nothing happens. Most memory resident: {result['peak_mb']:.0f} MB."
    )


def kubernetes(result: dict, bars: Bars) -> str:
    ours, spark = result["ours"], result["spark_submit"]
    whole = ours["seconds"] >= SUSTAINED_S
    rate, memory = ours["per_second"], ours["peak_mb"]
    name = f"submissions to Kubernetes for {ours['seconds']:.0f} s"
    rest = "" if whole else "no bar for so short a time"
    bars.add(f"{name}, confirmed", f"{rate:.0f}/s", rest or f"at least {SUBMISSIONS_PER_S}/s", not whole or rate >= SUBMISSIONS_PER_S)
    bars.add(f"{name}, memory", f"{memory:.0f} MB", rest or f"at most {SUBMISSIONS_MB} MB", not whole or memory <= SUBMISSIONS_MB)
    took = spark["seconds"]
    return (
        f"### Submissions to Kubernetes\n\n`tinderbox serve` was asked for {ours['accepted']:,} runs by {ours['at_once']} clients, answered in "
        f"{ours['accepted_ms']['median']:.0f} ms (median; 99th percentile {ours['accepted_ms']['p99']:.0f} ms), and had brought "
        f"{ours['confirmed']:,} of them to the test cluster, a process of its own on loopback, when they stopped: pod, service and config map of "
        f"each, confirmed, stored and followed. {ours['cpu_s'] / ours['seconds'] * 100:.0f} % of one core. At the end there was one pod for each "
        f"run. One `spark-submit` in cluster mode to another such cluster takes {statistics.median(took):.1f} s (median of {len(took)}, "
        f"{min(took):.1f} to {max(took):.1f} s): {spark['per_second']:.2f}/s."
    )
