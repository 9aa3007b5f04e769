"""Many small logs: the first scan, and a start when all of them are known.

python small_logs.py --binary TINDERBOX --template LOG --count 10000 --out RESULTS
"""

import argparse
import json
import pathlib
import re
import shutil
import tempfile
import time

from servers import parse, tinderbox


def main():
    options = argparse.ArgumentParser(description=__doc__)
    for name in ("--binary", "--template", "--out"):
        options.add_argument(name, required=True)
    options.add_argument("--count", type=int, default=10_000)
    options = options.parse_args()
    place = pathlib.Path(tempfile.mkdtemp(prefix="tinderbox-bench-"))
    logs = place / "logs"
    logs.mkdir()
    text = pathlib.Path(options.template).read_text(encoding="utf-8")
    own = re.search(r'"App ID":"([^"]+)"', text)[1]
    for number in range(options.count):
        id = f"app-20260101000000-{number:05d}"
        (logs / id).write_text(text.replace(own, id), encoding="utf-8")
    try:
        with tinderbox(options.binary, logs, place) as server:
            count_until(server, options.count)
            first = {"wall_s": server.age(), "cpu_s": server.cpu_s(), "peak_mb": server.peak_mb()}
            time.sleep(2)
        stored = sum(file.stat().st_size for file in (place / "data").rglob("*") if file.is_file())
        with tinderbox(options.binary, logs, place) as server:
            count_until(server, options.count)
            again = {"wall_s": server.age(), "cpu_s": server.cpu_s(), "peak_mb": server.peak_mb()}
    finally:
        shutil.rmtree(place, ignore_errors=True)
    result = {"logs": options.count, "log_bytes": len(text), "first": first, "again": again, "stored_bytes": stored}
    with open(options.out, "a", encoding="utf-8") as out:
        out.write(json.dumps(result) + "\n")
    print(json.dumps(result, indent=1))


def count_until(server, count):
    server.wait(
        "/api/v1/applications",
        lambda status, body: status == 200 and len(parse(body)) >= count,
        pause=0.05,
    )


if __name__ == "__main__":
    main()
