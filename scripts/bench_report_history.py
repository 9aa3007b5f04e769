"""The section of docs/benchmarks.md on the history: bars first, then what was measured, part by part."""

import statistics
from collections.abc import Callable

# What is asked of the history: seconds, MB, milliseconds, ratios.
OPEN_RATIO = 25
OPEN_PEAK_MB = 400
OPEN_ALL_S = 8
INGEST_RATIO = 4
WARM_P99_MS = 20
SMALL_LOGS_PER_S = 200
SMALL_AGAIN_S = 1
STORED = 0.06
SQL_S = 1
# A machine of which others use more before a part is not quiet.
BUSY = 0.1


def section(parts: dict[str, list[dict]], missed: list[str]) -> str | None:
    bars = Bars(missed)
    makers: dict[str, Callable[[dict, Bars], str]] = {
        "open-1m": open_1m,
        "open-100k": open_100k,
        "ingest": ingest,
        "warm-1m": warm,
        "small-logs": small_logs,
        "sql": sql,
    }
    bodies = []
    for part, make in makers.items():
        if part in parts:
            machine, result = parts[part]
            bars.busy = machine["busy_before"] > BUSY
            bodies.append(f"{make(result, bars)}\n\n`scripts/bench.sh history {part}`: {place(machine)}")
    if not bodies:
        return None
    head = (
        "Spark's server and ours ran in the same run of each part, one after the other, over the same files in the "
        "page cache; Spark's with 4 GB of heap. The large logs are written from a real one by "
        "`bench/history/make_log.py`. "
        "Wall time from the start of the process; CPU seconds of the process; MB are 1,000,000 bytes. The share of the "
        "processors that other programs used just before tells how far wall time can be trusted.\n"
    )
    return "\n\n".join([head + "\n" + bars.table(), *bodies])


class Bars:
    """What was measured beside what was asked for."""

    def __init__(self, missed: list[str]):
        self.missed = missed
        self.rows: list[str] = []
        self.busy = False

    def add(self, figure: str, measured: str, bar: str, met: bool) -> None:
        verdict = ("met" if met else "**missed**") + (", machine busy" if self.busy else "")
        self.rows.append(f"| {figure} | {measured} | {bar} | {verdict} |")
        if not met:
            self.missed.append(f"{figure}: {measured}, {bar}")

    def table(self) -> str:
        return "\n".join(["| figure | measured | bar | |", "|---|---|---|---|", *self.rows])


def place(machine: dict) -> str:
    took = f", took {machine['seconds']} s" if "seconds" in machine else ""
    return (
        f"{machine['date']}, commit {machine['commit']}, {machine['cores']} cores ({machine['cpu']}), "
        f"{machine['memory_gib']} GiB, others used {machine['busy_before']:.0%} of the processors just before{took}."
    )


def median(rounds: list[dict], *path: str) -> float:
    def value(item):
        for key in path:
            item = item[key]
        return item

    return statistics.median(value(item) for item in rounds)


def open_1m(result: dict, bars: Bars) -> str:
    opening(result, bars, "1 M tasks")
    peak = max(item["whole"]["peak_mb"] for item in result["ours"])
    bars.add(
        "1 M tasks: peak memory to the end of ingest",
        f"{peak:.0f} MB",
        f"at most {OPEN_PEAK_MB} MB",
        peak <= OPEN_PEAK_MB,
    )
    last = median(result["ours"], "all_s")
    bars.add(
        "1 M tasks: task table, SQL, timeline after start",
        f"{last:.2f} s",
        f"at most {OPEN_ALL_S} s",
        last <= OPEN_ALL_S,
    )
    stored = max(item["stored_bytes"] for item in result["ours"]) / result["log_bytes"]
    bars.add("stored form / plain log, 1 M tasks", f"{stored:.2%}", f"at most {STORED:.0%}", stored <= STORED)
    return "### A million tasks opened\n\n" + open_table(result)


def open_100k(result: dict, bars: Bars) -> str:
    opening(result, bars, "100 k tasks")
    return "### A hundred thousand tasks opened\n\n" + open_table(result)


def opening(result: dict, bars: Bars, name: str) -> None:
    theirs, ours = (median(result[side], "wall_s") for side in ("theirs", "ours"))
    cpu = median(result["theirs"], "cpu_s") / median(result["ours"], "cpu_s")
    bars.add(
        f"{name}: start to the complete answer of `stages`",
        f"{ours:.2f} s of {theirs:.1f} s, 1/{theirs / ours:.0f} (of CPU seconds 1/{cpu:.0f})",
        f"at most 1/{OPEN_RATIO} of Spark's",
        ours * OPEN_RATIO <= theirs,
    )
    bars.add(
        f"{name}: values of the answers that differ",
        f"{result['different']} of {result['values']:,}",
        "0",
        result["different"] == 0 < result["values"],
    )


def open_table(result: dict) -> str:
    rows = [
        ("complete answer of `stages`, wall s", ("wall_s",), ".2f"),
        ("the same, CPU s", ("cpu_s",), ".2f"),
        ("task table, summary, SQL too (ours: timeline), wall s", ("all_s",), ".2f"),
        ("to the end of ingest, these requests included, CPU s", ("whole", "cpu_s"), ".2f"),
        ("peak memory to the end of ingest, MB", ("whole", "peak_mb"), ".0f"),
    ]
    rounds = result["ours"]
    lines = [
        f"{result['tasks']:,} tasks, {result['log_bytes'] / 1e6:,.0f} MB of log, Spark {result['spark']}; medians, "
        f"rounds in turns: {len(rounds)}. Ours began with an empty data directory and left "
        f"{median(rounds, 'stored_bytes') / 1e6:.1f} MB in it.\n",
        "| | Spark | ours | Spark / ours |",
        "|---|---|---|---|",
    ]
    for title, path, digits in rows:
        theirs, ours = (median(result[side], *path) for side in ("theirs", "ours"))
        lines.append(f"| {title} | {theirs:{digits}} | {ours:{digits}} | {theirs / ours:.1f} |")
    return "\n".join(lines + differences(result))


def differences(result: dict) -> list[str]:
    if not result["different"]:
        return []
    return ["", "Values that differ, the first ones:", "", *(f"- `{text}`" for text in result["differences"])]


def ingest(result: dict, bars: Bars) -> str:
    scan, whole = (median(result[side], "cpu_s") for side in ("scan", "ingest"))
    measured = f"{whole:.2f} CPU s, {result['ratio']:.2f} times {scan:.2f}"
    bars.add(
        "1 M tasks: full ingest beside a typed JSON scan",
        measured,
        f"at most {INGEST_RATIO} times the CPU seconds",
        result["ratio"] <= INGEST_RATIO,
    )
    lines = [
        "### A million tasks read and stored\n",
        f"`tinderbox collect` of {result['log_bytes'] / 1e6:,.0f} MB of log, beside `typed_scan`: one thread that "
        "parses the metrics of each task's end with serde and keeps nothing. "
        f"Medians; rounds in turns: {len(result['scan'])}.\n",
        "| | CPU s | wall s | peak MB |",
        "|---|---|---|---|",
    ]
    for title, side in (("typed scan", "scan"), ("full ingest", "ingest")):
        cpu, wall, peak = (median(result[side], key) for key in ("cpu_s", "wall_s", "peak_mb"))
        lines.append(f"| {title} | {cpu:.2f} | {wall:.2f} | {peak:.0f} |")
    return "\n".join(lines)


# Quantiles of all stages that nobody has asked for before: measured, and under no bar.
UNBARRED = "the same, other quantiles each time"


def warm(result: dict, bars: Bars) -> str:
    barred = {name: kind["p99_ms"] for name, kind in result["ours"].items() if name != UNBARRED}
    slowest, worst = max(barred.items(), key=lambda pair: pair[1])
    bars.add(
        "1 M tasks, warm: 99th percentile of every kind of request but one (below)",
        f"{worst:.1f} ms ({slowest})",
        f"at most {WARM_P99_MS} ms",
        worst <= WARM_P99_MS,
    )
    bars.add(
        "1 M tasks, warm: values of the answers that differ",
        f"{result['different']} of {result['values']:,}",
        "0",
        result["different"] == 0 < result["values"],
    )
    each = result["requests_each"]
    lines = [
        "### Requests to a million tasks, warm\n",
        f"{each['ours']} requests of each kind to ours and {each['theirs']} to Spark {result['spark']}, one after the "
        "other on one connection, after one that is not counted. Pages have 100 tasks; offsets are the start, the "
        "middle, the end and random. Unless another is named, the stage is the one with the most tasks.\n",
        "| request | answer KB | Spark median ms | ours median ms | ours p99 ms |",
        "|---|---|---|---|---|",
    ]
    for name, ours in result["ours"].items():
        late = "" if ours["p99_ms"] <= WARM_P99_MS else " **missed**"
        late = " (no bar)" if name == UNBARRED else late
        lines.append(
            f"| {name} | {ours['bytes'] / 1e3:.0f} | {result['theirs'][name]['median_ms']:.1f} "
            f"| {ours['median_ms']:.1f} | {ours['p99_ms']:.1f}{late} |"
        )
    return "\n".join(lines + differences(result))


def small_logs(result: dict, bars: Bars) -> str:
    ours, theirs, count = result["ours"], result["theirs"], result["logs"]
    speed = count / ours["first"]["wall_s"]
    bars.add(
        f"{count:,} small logs: first scan",
        f"{speed:.0f} logs/s",
        f"at least {SMALL_LOGS_PER_S} logs/s",
        speed >= SMALL_LOGS_PER_S,
    )
    again = ours["again"]["wall_s"]
    bars.add(
        f"{count:,} known logs: start to the complete list",
        f"{again:.2f} s",
        f"at most {SMALL_AGAIN_S} s",
        again <= SMALL_AGAIN_S,
    )
    lines = [
        f"### {count:,} small logs\n",
        f"Each of {result['log_bytes'] / 1e3:.0f} KB, all of ended applications. Ours reads and stores each whole at "
        f"the first scan ({ours['stored_bytes'] / 1e6:.0f} MB in the end); Spark {result['spark']} reads what its list "
        "needs, and keeps the list in its store on disk.\n",
        "| | Spark | ours | Spark / ours |",
        "|---|---|---|---|",
    ]
    units = (("wall s", "wall_s", ".2f"), ("CPU s", "cpu_s", ".2f"), ("peak MB", "peak_mb", ".0f"))
    for key, title in (("first", "first scan"), ("again", "start with all known")):
        for unit, field, digits in units:
            pair = theirs[key][field], ours[key][field]
            lines.append(f"| {title}, {unit} | {pair[0]:{digits}} | {pair[1]:{digits}} | {pair[0] / pair[1]:.1f} |")
    return "\n".join(lines)


def sql(result: dict, bars: Bars) -> str:
    cold, warm_s = statistics.median(result["cold_s"]), statistics.median(result["warm_s"])
    for name, seconds in (("cold, the whole program", cold), ("warm", warm_s)):
        bars.add(f"SQL over 1 M tasks, {name}", f"{seconds:.2f} s", f"at most {SQL_S} s", seconds <= SQL_S)
    return "\n".join([
        "### SQL over a hundred applications\n",
        f"`tinderbox history sql` over {result['tasks']:,} tasks of {result['applications']} applications in as many "
        f"files of Parquet ({result['bytes'] / 1e6:.1f} MB), on {result['engine']}:\n",
        f"    {result['sql']}\n",
        "| | median s | min to max |",
        "|---|---|---|",
        f"| cold: start of the program and of Sail, query, end of both | {cold:.3f} | {spread(result['cold_s'])} |",
        f"| warm: on a session that has the table | {warm_s:.3f} | {spread(result['warm_s'])} |",
        "",
        f"The table of the session took {result['view_s']:.3f} s once.",
    ])  # fmt: skip


def spread(values: list[float]) -> str:
    return f"{min(values):.3f} to {max(values):.3f}"
