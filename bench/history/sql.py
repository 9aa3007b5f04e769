"""`tinderbox history sql` over the tasks of a hundred applications, a million together, on Sail.

Cold is the whole program, the start of Sail included; warm is the query on a session that has the table.
"""

import json
import subprocess
import time

from setting import Setting

QUESTION = (
    "SELECT stage_id % 10 AS tenth, count(*) AS n, sum(executor_run_time_ms) AS ms FROM tasks "
    "GROUP BY stage_id % 10 ORDER BY tenth"
)
COLD = 5


def measure(setting: Setting) -> dict:
    with setting.place() as place:
        data = place / "data"
        data.mkdir()
        result = json.loads(output([str(setting.examples / "history_sql_bench"), str(data), QUESTION]))
        command = [setting.binary, "history", "sql", "--data-dir", str(data), "--format", "json", QUESTION]
        result["cold_s"] = []
        for _ in range(COLD):
            began = time.monotonic()
            answer = json.loads(output(command))
            result["cold_s"].append(time.monotonic() - began)
            counted = sum(row[1] for row in answer["rows"])
            if counted != result["tasks"]:
                raise SystemExit(f"{counted} tasks counted, {result['tasks']} expected")
    return result | {"engine": answer["engine"], "sql": QUESTION}


def output(command: list[str]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"exit code {done.returncode}: {' '.join(command)}\n{done.stderr[-3000:]}")
    return done.stdout
