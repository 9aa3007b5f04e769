"""The section of docs/benchmarks.md on the list of jobs of a data set."""

from bench_report_history import BUSY, Bars, place

# What is asked of the list: ms of single answers, seconds, jobs a second, a ratio of requests a second.
LIST_P99_MS = 10
SEARCH_MS = 50
STATS_MS = 50
READY_S_PER_MILLION = 15
IMPORT_PER_S = 100_000
RATIO = 50


def section(parts: dict[str, list[dict]], missed: list[str]) -> str | None:
    found = {part: lines for part, lines in parts.items() if part.startswith("serve-")}
    if not found:
        return None
    bars, bodies = Bars(missed), []
    for part, (machine, result) in found.items():
        bars.busy = machine["busy_before"] > BUSY
        bodies.append(f"{one(result, bars)}\n\n`scripts/bench.sh serve {result['jobs']}`: {place(machine)}")
    head = (
        "Ours and a FastAPI server with one pandas DataFrame (`bench/serve/pandas_server.py`) answered the same questions in "
        "the same run: every sort key both ways and several keys at once, with "
        "mixes of status, type and date range, first pages and pages in the middle (ours by cursor, pandas by offset), always "
        "with the exact total. The totals of both are compared. Times are those of one connection, one question after the other; "
        "`load` and requests a second those of four connections on the same two cores, client included. pandas runs as one "
        "process, as `uvicorn` starts it: each further one would hold the table once more.\n"
    )
    return "\n\n".join([head + "\n" + bars.table(), *bodies])


def one(result: dict, bars: Bars) -> str:
    jobs, ours, peer = result["jobs"], result["ours"], result["peer"]
    name = f"{jobs:,} jobs"
    ready = result["ready"]["wall_s"]
    limit = READY_S_PER_MILLION * max(1, jobs / 1e6)
    rate, ratio = jobs / ready, ours["load"]["per_s"] / peer["load"]["per_s"]
    bars.add(f"{name}: `serve --parquet` ready", f"{ready:.1f} s", f"at most {limit:.0f} s", ready <= limit)
    bars.add(f"{name}: indexed", f"{rate:,.0f} jobs/s", f"at least {IMPORT_PER_S:,}", rate >= IMPORT_PER_S)
    for figure, key, kind, bar in (
        ("a page of the list, p99", "p99_ms", "list", LIST_P99_MS),
        ("a search, the slowest", "max_ms", "search", SEARCH_MS),
        ("statistics, the slowest", "max_ms", "stats", STATS_MS),
    ):
        took = ours[kind][key]
        bars.add(f"{name}: {figure}", f"{took:.1f} ms", f"at most {bar} ms", took <= bar)
    bars.add(f"{name}: pages a second against pandas", f"{ratio:.0f} times", f"at least {RATIO} times", ratio >= RATIO)
    lines = ["| | requests | requests/s | p50 | p99 | slowest | CPU each |", "|---|---|---|---|---|---|---|"]
    for label, kinds in (("Tinderbox", ours), ("FastAPI + pandas", peer)):
        for kind in ("list", "load", "search", "search_again", "stats"):
            if kind in kinds:
                t = kinds[kind]
                lines.append(
                    f"| {label}: {kind.replace('_', ' ')} | {t['count']} | {t['per_s']:.0f} | {t['p50_ms']:.1f} ms "
                    f"| {t['p99_ms']:.1f} ms | {t['max_ms']:.1f} ms | {t['cpu_ms']:.1f} ms |"
                )
    lines.append(
        f"\nReady after {ready:.1f} s ({result['ready']['cpu_s']:.1f} CPU s), pandas after "
        f"{result['peer_ready']['wall_s']:.1f} s ({result['peer_ready']['cpu_s']:.1f} CPU s, the table of jobs alone). Most "
        f"memory resident: {ours['peak_mb']:.0f} MB, pandas {peer['peak_mb']:.0f} MB. The index takes "
        f"{result['index_bytes'] / jobs:.0f} bytes a job."
    )
    return f"### {name}\n\n" + "\n".join(lines)
