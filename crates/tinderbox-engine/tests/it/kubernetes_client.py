"""Drives a run with the published Python client of Kubernetes: makes its objects, watches it, reads its log, deletes it.

    python kubernetes_client.py SERVER MANIFESTS

Prints one JSON object with what was seen.
"""

import json
import sys
import time

from kubernetes import client, utils, watch

LIMIT_S = 120


def main() -> None:
    server, file = sys.argv[1:]
    configuration = client.Configuration(host=server)
    api = client.ApiClient(configuration)
    core = client.CoreV1Api(api)
    with open(file, encoding="utf-8") as manifests:
        pod, *owned = json.load(manifests)
    namespace = pod["metadata"].get("namespace", "default")
    name = pod["metadata"]["name"]
    made = utils.create_from_dict(api, pod, namespace=namespace)[0]
    owner = {"apiVersion": "v1", "kind": "Pod", "controller": True, "name": name, "uid": made.metadata.uid}
    for one in owned:
        one["metadata"]["ownerReferences"] = [owner]
        utils.create_from_dict(api, one, namespace=namespace)

    phases = until(core, namespace, name, lambda event: event["object"].status.phase in ("Succeeded", "Failed"))
    log = core.read_namespaced_pod_log(name, namespace)
    drivers = core.list_namespaced_pod(namespace, label_selector="spark-role=driver").items
    maps = [one.metadata.name for one in core.list_namespaced_config_map(namespace).items]
    core.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
    # What belongs to the pod goes with it.
    end = time.monotonic() + LIMIT_S
    while left := core.list_namespaced_pod(namespace).items + core.list_namespaced_config_map(namespace).items:
        if time.monotonic() > end:
            raise SystemExit(f"still there: {[one.metadata.name for one in left]}")
        time.sleep(0.05)
    seen = {"phases": phases, "log": log, "drivers": [one.metadata.name for one in drivers], "config_maps": maps}
    print(json.dumps(seen))


def until(core: client.CoreV1Api, namespace: str, name: str, over) -> list[str]:
    """The phases of a pod until this holds of an event."""
    phases: list[str] = []
    stream = watch.Watch().stream(
        core.list_namespaced_pod, namespace, field_selector=f"metadata.name={name}", timeout_seconds=LIMIT_S
    )
    for event in stream:
        phase = event["object"].status.phase
        if phases[-1:] != [phase]:
            phases.append(phase)
        if over(event):
            return phases
    raise SystemExit(f"{name} has not ended within {LIMIT_S} s: {phases}")


if __name__ == "__main__":
    main()
