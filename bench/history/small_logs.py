"""Ten thousand small logs of ended applications: the first scan, and a start when all of them are known.

Spark's server, which for its list reads less of a log than ours, keeps its list in a store on disk here; in memory it
would know nothing after a start.
"""

import re
from collections.abc import Callable

from logs import template
from servers import Server, parse, spark_history_server, spark_version, tinderbox
from setting import Setting, size_of

COUNT = 10_000


def measure(setting: Setting, count: int = COUNT) -> dict:
    source = template(setting.logs)
    text = source.read_text(encoding="utf-8")
    own = re.search(r'"App ID":"([^"]+)"', text)[1]
    with setting.place() as place:
        logs = place / "logs"
        logs.mkdir()
        print(f"writing {count:,} logs, {count * len(text) / 1e6:,.0f} MB", flush=True)
        for number in range(count):
            id = f"app-20260101000000-{number:05d}"
            (logs / id).write_text(text.replace(own, id), encoding="utf-8")
        ours = twice(lambda: tinderbox(setting.binary, logs, place), count)
        ours["stored_bytes"] = size_of(place / "data")
        store = place / "store"
        theirs = twice(lambda: spark_history_server(setting.spark_home, logs, place, store), count)
        with spark_history_server(setting.spark_home, logs, place, store) as server:
            version = spark_version(server)
    return {"logs": count, "log_bytes": len(text), "ours": ours, "theirs": theirs, "spark": version}


def twice(start: Callable[[], Server], count: int) -> dict:
    found = {}
    for name, pause in (("first", 0.5), ("again", 0.02)):
        with start() as server:
            server.wait("/api/v1/applications", lambda status, body: status == 200 and listed(body) >= count, pause)
            found[name] = server.usage()
            server.settle()
            found[name]["whole"] = server.usage()
        print(f"  {name}: {found[name]['wall_s']:.2f} s, {found[name]['cpu_s']:.1f} CPU s", flush=True)
    return found


def listed(body: bytes) -> int:
    """Applications in the answer; none while Spark's server answers with its page."""
    return len(parse(body)) if body.startswith(b"[") else 0
