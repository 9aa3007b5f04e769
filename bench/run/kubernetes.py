"""How many runs a second are accepted by the server and confirmed by Kubernetes, and how long one `spark-submit` takes.

    python kubernetes.py --binary TINDERBOX --cluster SERVE --spark-home HOME --results DIR [--seconds 60]

Ours: `tinderbox serve` in a process of its own, which is asked for runs (`POST /api/runs`) by eight clients, one after the
other by each. A run is confirmed when it has left `submitting`: the API server has taken all of its objects. At the end
the pods are counted, one for each. Spark's: `spark-submit` in cluster mode, which does not wait for the end of its application, one
after the other. Each has a test cluster of its own, in another process, whose pods wait for an image that does not exist.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "history"))

from machine import describe
from servers import Server, free_port

CLIENTS = 8
RATE = 80
KUBECONFIG = """apiVersion: v1
kind: Config
current-context: bench
clusters: [{{name: bench, cluster: {{server: '{url}'}}}}]
users: [{{name: me, user: {{}}}}]
contexts: [{{name: bench, context: {{cluster: bench, user: me}}}}]
"""
PROFILE = """name: bench
engine: kubernetes
kubernetes: {{kubeconfig: '{kubeconfig}', image: 'none:1'}}
cluster: {{version: "3.5"}}
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", required=True)
    options.add_argument("--cluster", required=True)
    options.add_argument("--spark-home", type=pathlib.Path, required=True)
    options.add_argument("--results", type=pathlib.Path, required=True)
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--submits", type=int, default=5)
    options = options.parse_args()
    machine, began = describe("run-kubernetes"), time.monotonic()
    with tempfile.TemporaryDirectory() as place, cluster(options.cluster) as address:
        ours = runs(options, address, pathlib.Path(place))
    with cluster(options.cluster) as address:
        took = [submit(options.spark_home, address, number) for number in range(options.submits)]
    spark_submit = {"seconds": took, "per_second": 1 / statistics.median(took)}
    result = {"ours": ours, "spark_submit": spark_submit}
    machine["seconds"] = round(time.monotonic() - began)
    options.results.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(line) + "\n" for line in (machine, result)]
    (options.results / "run-kubernetes.jsonl").write_text("".join(lines), encoding="utf-8")
    print(json.dumps(result))


@contextlib.contextmanager
def cluster(program: str) -> Iterator[str]:
    # It ends with its input, also when this fails.
    server = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().strip()
        assert address.startswith("http://"), "the test cluster did not start"
        yield address
    finally:
        server.stdin.close()
        server.wait(timeout=60)


def runs(options: argparse.Namespace, address: str, place: pathlib.Path) -> dict:
    kubeconfig = place / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG.format(url=address), encoding="utf-8")
    port, data = free_port(), place / "data"
    command = [options.binary, "serve", "--data-dir", str(data), "--listen", f"127.0.0.1:{port}"]
    with Server(command, port, dict(os.environ), place / "server.log") as server:
        server.wait("/api/jobs?limit=1")
        post(port, "/api/clusters", {"file": "bench.yaml", "document": PROFILE.format(kubeconfig=kubeconfig)})
        cpu, began = server.cpu_s(), time.monotonic()
        accepted: list[list[float]] = [[] for _ in range(CLIENTS)]
        ends = began + options.seconds
        workers = [threading.Thread(target=ask, args=(port, place, ends, took)) for took in accepted]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds = time.monotonic() - began
        confirmed = count(port, "starting,running")
        cpu = server.cpu_s() - cpu
        asked = sum(map(len, accepted))
        while count(port, "queued,submitting"):
            time.sleep(0.2)
        pods = len(get(urllib.parse.urlsplit(address).netloc, "/api/v1/namespaces/default/pods")["items"])
        if pods != asked:
            raise SystemExit(f"{asked} runs were asked for and there are {pods} pods")
        answers = sorted(one for took in accepted for one in took)
        return {
            "at_once": CLIENTS,
            "seconds": seconds,
            "accepted": asked,
            "confirmed": confirmed,
            "per_second": confirmed / seconds,
            "accepted_ms": {"median": statistics.median(answers) * 1000, "p99": answers[len(answers) * 99 // 100] * 1000},
            "cpu_s": cpu,
            "peak_mb": server.peak_mb(),
        }


def ask(port: int, place: pathlib.Path, ends: float, took: list[float]) -> None:
    wanted = {"file": "local:///opt/app/app.py", "base_directory": str(place), "engine": "bench"}
    while time.monotonic() < ends:
        began = time.monotonic()
        post(port, "/api/runs", wanted)
        took.append(time.monotonic() - began)
        time.sleep(max(0.0, CLIENTS / RATE - took[-1]))


def post(port: int, path: str, body: dict) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status not in (200, 201):
            raise SystemExit(f"POST {path}: {answer.status} {said[:500]!r}")


def count(port: int, states: str) -> int:
    return get(f"127.0.0.1:{port}", f"/api/jobs?limit=1&state={states}")["pagination"]["total"]


def get(server: str, path: str) -> dict:
    connection = http.client.HTTPConnection(server, timeout=60)
    connection.request("GET", path)
    return json.loads(connection.getresponse().read())


def submit(home: pathlib.Path, address: str, number: int) -> float:
    conf = {
        "spark.kubernetes.container.image": "none:1",
        "spark.kubernetes.submission.waitAppCompletion": "false",
        "spark.app.name": f"bench-{number}",
    }
    command = [str(home / "bin/spark-submit"), "--master", f"k8s://{address}", "--deploy-mode", "cluster"]
    command += [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]
    # Credentials of this machine's user are for other clusters.
    environment = {**os.environ, "KUBECONFIG": os.devnull}
    began = time.monotonic()
    done = subprocess.run([*command, "local:///opt/app/app.py"], env=environment, capture_output=True, text=True, timeout=600)
    took = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"spark-submit failed: {done.stderr[-2000:]}")
    return took


if __name__ == "__main__":
    main()
