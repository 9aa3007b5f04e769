"""Reads the logs of a directory and those below with our binary alone, and asks every endpoint of each application.

    python3 compat/alone.py DIR

For logs that Spark does not read or that are broken: nothing is compared, but every request must be answered, and
nothing may panic. Prints a line for each application and what was not read. The last line is `N passed, N failed`.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter

import compare
import history_server
import walk
from client import Client


def main():
    directory = os.path.abspath(sys.argv[1])
    binary = os.environ["TINDERBOX_BIN"]
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="tinderbox-alone-") as folder:
        # The server over the same data directory reads nothing again.
        command = [binary, "collect", "--recursive", "--event-log-dir", directory]
        command += ["--data-dir", os.path.join(folder, "data")]
        collected = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(collected.stdout, end="")
        print(f"collect ended with {collected.returncode}")
        failed += collected.returncode != 0 or "panicked" in collected.stdout
        with history_server.tinderbox(binary, directory, "auto", folder) as ours:
            ours.wait_for(1, quiet_seconds=3)
            client = Client(ours.url)
            for application, base, runs in compare.attempts(json.loads(client.get("/applications").body)):
                statuses, bad = ask_all(client, application, base)
                passed, failed = passed + (not bad), failed + bool(bad)
                for path in bad:
                    print(f"no answer: {path}")
                print(f"{base}: {'runs' if runs else 'ended'}, {told(client, base)}; answers {dict(statuses)}")
        with open(ours.log) as log:
            lines = [line for line in log if "panicked" in line or "WARN" in line or "ERROR" in line]
        print("".join(lines), end="")
        failed += any("panicked" in line or "history API fails" in line for line in lines)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def ask_all(client, application, base):
    """How many answers have each status, and which requests failed."""
    statuses, failed = Counter(), []
    for request in walk.of_application(base, application["id"], client, True, True):
        status = client.get(request.path).status
        statuses[status] += 1
        # As Spark does for a column that there is not and a length below zero; 503 is for a thread dump of a driver that is gone.
        if status >= 500 and status != 503 and not re.search("onsense|length=-1", request.path):
            failed.append(request.path)
    return statuses, failed


def told(client, base):
    """The counts that say what an application is."""
    names = ("jobs", "stages", "allexecutors", "sql?length=100000")
    return ", ".join(f"{len(walk.read(client, f'{base}/{name}'))} {name.split('?')[0]}" for name in names)


if __name__ == "__main__":
    sys.exit(main())
