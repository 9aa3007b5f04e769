"""The section of docs/benchmarks.md on checks, columns and previews of specs."""

from bench_report_history import BUSY, Bars, place

# Milliseconds, and ratios to a warm local Spark session.
CHECK_MS = 20
CODE_MS = 20
COLUMNS_MS = 400
EDITED_MS = 30
PREVIEW_MS = 300
START_MS = 1500
SMALL_RATIO = 10
LARGE_RATIO = 3


def section(parts: dict[str, list[dict]], missed: list[str]) -> str | None:
    bars, bodies = Bars(missed), []
    for part, make in (("define-checks", checks), ("define-columns", columns), ("define-preview", previews)):
        if part in parts:
            machine, result = parts[part]
            bars.busy = machine["busy_before"] > BUSY
            bodies.append(f"{make(result, bars)}\n\n`scripts/bench.sh define {part}`: {place(machine)}")
    if not bodies:
        return None
    head = (
        "Times are medians of warm rounds in one process; previews ask one Sail that runs already, but for the one from process "
        "start. Spark is a `local[2]` session of the same machine that has answered the same question three times before, "
        "through PySpark, with two shuffle partitions.\n"
    )
    return "\n\n".join([head + "\n" + bars.table(), *bodies])


def at_most(bars: Bars, figure: str, ms: float, bar: float) -> None:
    bars.add(figure, f"{ms:.1f} ms", f"at most {bar:g} ms", ms <= bar)


def checks(result: dict, bars: Bars) -> str:
    at_most(bars, f"static checks of {result['nodes']} nodes", result["check"]["p50_ms"], CHECK_MS)
    at_most(bars, f"code of {result['nodes']} nodes", result["code"]["p50_ms"], CODE_MS)
    return (
        f"Slowest of {result['check']['count']}: checks {result['check']['max_ms']:.1f} ms, code "
        f"{result['code']['max_ms']:.1f} ms for {result['bytes']:,} bytes of PySpark."
    )


def columns(result: dict, bars: Bars) -> str:
    name = f"columns of {result['nodes']} nodes on Sail"
    at_most(bars, f"{name}, all asked for", result["cold"]["p50_ms"], COLUMNS_MS)
    at_most(bars, f"{name}, after an edit that changes {result['edited_nodes']}", result["edited"]["p50_ms"], EDITED_MS)
    at_most(bars, f"{name}, after an edit at the source", result["at_source"]["p50_ms"], COLUMNS_MS)
    slowest = ", ".join(f"{result[key]['max_ms']:.0f} ms" for key in ("cold", "edited", "at_source"))
    return f"The document is read and checked again each time. Slowest of {result['cold']['count']}: {slowest}."


def previews(result: dict, bars: Bars) -> str:
    ours, spark = result["ours"], result["spark"]
    size = {name: f"{size / 1e6:,.0f} MB" for name, size in result["bytes"].items()}
    took = {name: one["warm"]["p50_ms"] for name, one in ours.items()}
    at_most(bars, f"filter, join and aggregate over {size['100mb']}, exact", took["100mb"], PREVIEW_MS)
    at_most(bars, f"the same over {size['1gb']}, a sample", took["sample"], PREVIEW_MS)
    for name, figure, bar in (("1gb", f"exact over {size['1gb']}", LARGE_RATIO), ("small", "a small preview", SMALL_RATIO)):
        ratio = spark[name]["warm"]["p50_ms"] / took[name]
        bars.add(f"{figure} against warm Spark", f"{ratio:.1f} times", f"at least {bar} times", ratio >= bar)
    at_most(bars, "from process start, with a Sail of its own", result["start"]["p50_ms"], START_MS)
    lines = ["| orders | Tinderbox on Sail | slowest | warm Spark | slowest |", "|---|---|---|---|---|"]
    for name in result["bytes"]:
        one, other = ours[name]["warm"], spark[name]["warm"]
        lines.append(
            f"| {size[name]} | {one['p50_ms']:.0f} ms | {one['max_ms']:.0f} ms | {other['p50_ms']:.0f} ms | {other['max_ms']:.0f} ms |"
        )
    return "\n".join(lines) + "\n\nThe rows of both are compared in the run."
