"""Runs the program beside it on a Sail of its own, which may use so many processors and ends with it.

    python on_sail.py SAIL PROCESSORS FOLDER

Exit code: that of the program; 1 when Sail does not start.
"""

import os
import socket
import subprocess
import sys
import time

STARTS = 60.0
# Only the server of this attempt has these; the program needs none of them.
OF_STORES = ("AWS_",)


def main(sail: str, processors: int, folder: str) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    allowed = sorted(os.sched_getaffinity(0))[:processors]
    environment = {**os.environ, "SAIL_EXECUTION__DEFAULT_PARALLELISM": str(processors)}
    # What it keeps for itself goes with the attempt's temporary files.
    server = subprocess.Popen(
        [sail, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)],
        cwd=os.environ["TMPDIR"],
        env=environment,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    try:
        if not is_up(port, server):
            print("Sail did not start", file=sys.stderr)
            return 1
        own = {name: value for name, value in os.environ.items() if not name.startswith(OF_STORES)}
        own["SPARK_REMOTE"] = f"sc://127.0.0.1:{port}"
        return subprocess.run([sys.executable, os.path.join(folder, "job.py")], env=own, stdin=subprocess.DEVNULL).returncode
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()


def is_up(port: int, server: subprocess.Popen) -> bool:
    end = time.monotonic() + STARTS
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
