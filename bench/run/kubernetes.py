"""How many submissions to Kubernetes a second are accepted and confirmed, and how long one `spark-submit` takes.

    python kubernetes.py --program KUBERNETES_SUBMISSIONS --server SERVE --spark-home HOME --results DIR

Ours: examples/kubernetes_submissions.rs, with the test cluster in the same process; its memory is that of both. Spark's:
`spark-submit` in cluster mode, which does not wait for the end of its application, one after the other, to a test cluster
of its own. In both pods wait for an image that does not exist.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "history"))

from machine import describe


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", required=True)
    options.add_argument("--server", required=True)
    options.add_argument("--spark-home", type=pathlib.Path, required=True)
    options.add_argument("--results", type=pathlib.Path, required=True)
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--submits", type=int, default=5)
    options = options.parse_args()
    machine, began = describe("run-kubernetes"), time.monotonic()
    printed = subprocess.run([options.program, str(options.seconds)], check=True, capture_output=True, text=True).stdout
    result = {"ours": json.loads(printed), "spark_submit": spark_submit(options)}
    machine["seconds"] = round(time.monotonic() - began)
    options.results.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(line) + "\n" for line in (machine, result)]
    (options.results / "run-kubernetes.jsonl").write_text("".join(lines), encoding="utf-8")
    print(json.dumps(result))


def spark_submit(options: argparse.Namespace) -> dict:
    # It ends with its input, also when this fails.
    server = subprocess.Popen([options.server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().strip()
        assert address.startswith("http://"), "the test cluster did not start"
        took = [submit(options.spark_home, address, number) for number in range(options.submits)]
    finally:
        server.stdin.close()
        server.wait(timeout=60)
    return {"seconds": took, "per_second": 1 / statistics.median(took)}


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
