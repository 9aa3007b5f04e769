"""Reads the JSON lines of scripts/bench.sh and prints docs/benchmarks.md."""

import datetime
import json
import os
import statistics
import sys

TITLES = {
    "off": "no listener",
    "fast": "receiver that answers",
    "dead": "receiver that refuses connections",
    "stuck": "receiver that accepts and never reads",
}

with open(sys.argv[1]) as lines:
    results = [json.loads(line) for line in lines]
by_mode = {mode: [r for r in results if r["mode"] == mode] for mode in TITLES}
off = statistics.median(r["cpu_s"] for r in by_mode["off"])
first = results[0]
memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30

print("# Benchmarks\n")
print(f"Written by `make bench` on {datetime.date.today()}, {os.cpu_count()} cores, {memory} GiB.\n")
print("## What the listener costs a driver\n")
print(
    f"Spark {first['spark']}, `local[2]`, {first['tasks']} almost empty tasks, {len(by_mode['off'])} interleaved rounds. "
    "CPU seconds of the Spark process; medians. The last two modes wait up to 2 s at the end by design.\n"
)
print("| mode | CPU s | min to max | ratio | wall s |")
print("|---|---|---|---|---|")
for mode, title in TITLES.items():
    cpu = [r["cpu_s"] for r in by_mode[mode]]
    wall = statistics.median(r["wall_s"] for r in by_mode[mode])
    middle = statistics.median(cpu)
    print(f"| {title} | {middle:.1f} | {min(cpu):.1f} to {max(cpu):.1f} | {middle / off:.2f} | {wall:.1f} |")
