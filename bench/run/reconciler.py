"""What a thousand runs in flight cost the server, and how soon it says what their cluster says.

    python reconciler.py --binary TINDERBOX --results DIR [--runs 1000]

The cluster is `standalone_master.py`: real requests, no Spark. CPU is that of the server's process, in percent of one
core. A state change is timed from the moment in which the master ends a driver to the answer of `GET /api/jobs/ID` that
says so, its event log read; asked every 40 ms, which is work of the server too.
"""

import argparse
import http.client
import json
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "history"))

from machine import describe
from servers import Server, free_port
from standalone_master import Master

STEADY_S = 60
CHANGES = 60
PROFILE = """name: bench
engine: standalone
standalone: {{master: "spark://127.0.0.1:1", rest: "{url}", web: "{url}"}}
cluster: {{version: "3.5"}}
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", required=True)
    options.add_argument("--results", type=pathlib.Path, required=True)
    options.add_argument("--runs", type=int, default=1000)
    options.add_argument("--steady", type=int, default=STEADY_S)
    options = options.parse_args()
    machine, began = describe("run-reconciler"), time.monotonic()
    master = Master()
    try:
        with tempfile.TemporaryDirectory() as place:
            result = measure(options, master, pathlib.Path(place))
    finally:
        master.close()
    machine["seconds"] = round(time.monotonic() - began)
    lines = [json.dumps(line) + "\n" for line in (machine, result)]
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "run-reconciler.jsonl").write_text("".join(lines), encoding="utf-8")
    print(json.dumps(result))


def measure(options: argparse.Namespace, master: Master, place: pathlib.Path) -> dict:
    port = free_port()
    command = [options.binary, "serve", "--data-dir", str(place / "data"), "--listen", f"127.0.0.1:{port}"]
    program = place / "waits.py"
    program.write_text("print('waits')\n", encoding="utf-8")
    with Server(command, port, dict(os.environ), place / "tinderbox.log") as server:
        server.wait("/api/jobs?limit=1")
        api = Api(port)
        api.post("/api/clusters", {"file": "bench.yaml", "document": PROFILE.format(url=master.url)})
        before, started = server.cpu_s(), time.monotonic()
        for _ in range(options.runs):
            body = {"file": str(program), "base_directory": str(place), "engine": "bench"}
            api.post("/api/runs", body)
        running = "/api/jobs?status=running&limit=1"
        server.wait(running, lambda status, body: status == 200 and json.loads(body)["pagination"]["total"] == options.runs, 0.2)
        result = {
            "runs": options.runs,
            "started_s": time.monotonic() - started,
            "started_cpu_s": server.cpu_s() - before,
        }
        # Until the last one rests.
        time.sleep(5)
        result["steady"] = cost(server, master, lambda: time.sleep(options.steady))
        changes: list[float] = []
        result["with_changes"] = cost(server, master, lambda: changes.extend(change(api, master) for _ in range(CHANGES)))
        result["visible_ms"] = {
            "count": len(changes),
            "median": statistics.median(changes) * 1e3,
            "slowest": max(changes) * 1e3,
        }
        result["peak_mb"] = server.peak_mb()
        ended = [driver for driver in master.drivers.values() if driver["state"] == "FINISHED"]
        assert len(master.drivers) == options.runs, "a run was submitted twice, or not at all"
        assert len(ended) == CHANGES
    return result


def cost(server: Server, master: Master, do) -> dict[str, float]:
    cpu, requests, began = server.cpu_s(), master.requests, time.monotonic()
    do()
    seconds = time.monotonic() - began
    return {
        "seconds": seconds,
        "core_percent": 100 * (server.cpu_s() - cpu) / seconds,
        "requests_per_s": (master.requests - requests) / seconds,
    }


def change(api: "Api", master: Master) -> float:
    """Seconds until the end of one driver is seen."""
    # At any moment of the server's period.
    time.sleep(random.uniform(0.1, 0.7))
    name = random.choice([name for name, driver in master.drivers.items() if driver["state"] == "RUNNING"])
    attempt = next(part for part in master.drivers[name]["log"].parts if part.startswith("attempt-"))
    run = master.drivers[name]["log"].parts[master.drivers[name]["log"].parts.index(attempt) - 1]
    began = time.monotonic()
    master.end(name, "FINISHED")
    while api.get(f"/api/jobs/{run}")["job"]["state"] != "succeeded":
        if time.monotonic() - began > 60:
            raise SystemExit(f"{run} is not seen to have ended")
        time.sleep(0.04)
    return time.monotonic() - began


class Api:
    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str) -> dict:
        return self.ask("GET", path, None)

    def post(self, path: str, body: dict) -> dict:
        return self.ask("POST", path, json.dumps(body))

    def ask(self, method: str, path: str, body: str | None) -> dict:
        headers = {"Content-Type": "application/json"} if body else {}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:2000]!r}")
        return json.loads(text)


if __name__ == "__main__":
    main()
