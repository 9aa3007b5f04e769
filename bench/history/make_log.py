"""Writes a plain event log with any number of tasks, from a real log of one SQL query.

    python make_log.py TEMPLATE OUT --tasks 1000000 [--seed 1]

TEMPLATE is a plain log of Spark in which one SQL execution ran two stages (see `template.py`). Its lines are
written again and again with other ids, each time with as many tasks as wanted and with other measured values, so
that Spark's own history server reads the result as it reads the template. A tenth of the repetitions holds nine
tenths of the tasks. The same arguments give the same bytes. No stage has more than 100,000 tasks, beyond which
Spark forgets rows.
"""

import argparse
import json
import random
import re

LARGE_STAGE = 90_000
SMALL_STAGE = 1_000
REDUCERS = 100
EXECUTORS = 16
SLOTS = 64
# Left out of task ends so that a task takes 3.4 KB: internal accumulators, which repeat `Task Metrics`, and these.
LEFT_OUT = ("time in aggregation build",)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("template")
    options.add_argument("out")
    options.add_argument("--tasks", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    lines = [json.loads(line) for line in open(options.template, encoding="utf-8")]
    template = Template(lines)
    with open(options.out, "w", encoding="utf-8", buffering=1 << 20) as out:
        Writer(template, random.Random(options.seed), out).write(options.tasks)


class Template:
    """The lines before the query, those of the query without tasks, and those after it."""

    def __init__(self, lines):
        names = [line["Event"] for line in lines]
        first = next(i for i, name in enumerate(names) if name.endswith("SQLExecutionStart"))
        last = next(i for i, name in enumerate(names) if name.endswith("SQLExecutionEnd"))
        self.before, self.after = lines[:first], lines[last + 1 :]
        query = lines[first : last + 1]
        tasks = ("SparkListenerTaskStart", "SparkListenerTaskEnd")
        ran = {line["Stage ID"] for line in query if line["Event"] == tasks[1]}
        self.ends = {
            stage: next(x for x in query if x["Event"] == tasks[1] and x["Stage ID"] == stage) for stage in ran
        }
        self.starts = {
            stage: next(x for x in query if x["Event"] == tasks[0] and x["Stage ID"] == stage) for stage in ran
        }
        self.query = [line for line in query if line["Event"] not in tasks]
        self.stages = 1 + max(info["Stage ID"] for line in query for info in line.get("Stage Infos", []))
        self.jobs = 1 + max(line.get("Job ID", 0) for line in query)
        self.start_time = next(line["time"] for line in query if "time" in line)


class Writer:
    """Keeps the ids and the clock of the log that is being written."""

    def __init__(self, template, random, out):
        self.template, self.random, self.out = template, random, out
        self.copy, self.task, self.clock = 0, 0, template.start_time

    def write(self, tasks):
        for line in self.template.before:
            self.line(line)
        for executor in range(1, EXECUTORS + 1):
            self.executor(str(executor))
        while self.task < tasks:
            left = tasks - self.task
            wanted = LARGE_STAGE if self.copy % 11 == 0 else SMALL_STAGE
            self.query(max(1, min(wanted, left - REDUCERS)))
            self.copy += 1
        for line in self.template.after:
            if line["Event"] == "SparkListenerApplicationEnd":
                line["Timestamp"] = self.clock
            self.line(line)

    def line(self, line):
        self.out.write(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n")

    def executor(self, id):
        host = "worker-" + id
        info = {"Host": host, "Total Cores": SLOTS // EXECUTORS, "Log Urls": {}, "Attributes": {}, "Resources": {},
                "Resource Profile Id": 0, "Registration Time": self.clock, "Request Time": self.clock}  # fmt: skip
        self.line({"Event": "SparkListenerExecutorAdded", "Timestamp": self.clock, "Executor ID": id, "Executor Info": info})
        block_manager = {"Executor ID": id, "Host": host, "Port": 7000}
        self.line({"Event": "SparkListenerBlockManagerAdded", "Block Manager ID": block_manager,
                   "Maximum Memory": 1 << 30, "Timestamp": self.clock, "Maximum Onheap Memory": 1 << 30,
                   "Maximum Offheap Memory": 0})  # fmt: skip

    def query(self, mappers):
        for line in self.template.query:
            line = json.loads(json.dumps(line))
            self.shift(line, mappers)
            stage = line.get("Stage Info", {}).get("Stage ID")
            if line["Event"] == "SparkListenerStageCompleted":
                count = line["Stage Info"]["Number of Tasks"]
                began = self.clock
                self.tasks(stage - self.copy * self.template.stages, stage, count)
                line["Stage Info"]["Submission Time"] = began
                line["Stage Info"]["Completion Time"] = self.clock
            self.line(line)

    def shift(self, value, mappers):
        """Moves every id and time of a line to this repetition."""
        if isinstance(value, list):
            for item in value:
                self.shift(item, mappers)
            return
        if not isinstance(value, dict):
            return
        stages, jobs = self.copy * self.template.stages, self.copy * self.template.jobs
        if "Number of Tasks" in value:
            value["Number of Tasks"] = mappers if value["Stage ID"] % self.template.stages == 0 else REDUCERS
        for key, item in value.items():
            if key == "Stage ID":
                value[key] += stages
            elif key == "Job ID":
                value[key] += jobs
            elif key in ("Stage IDs",):
                value[key] = [id + stages for id in item]
            elif key == "Parent IDs" and "Stage ID" in value:
                value[key] = [id + stages for id in item]
            elif key in ("executionId", "rootExecutionId"):
                value[key] += self.copy
            elif key == "spark.sql.execution.id":
                value[key] = str(int(item) + self.copy)
            elif key in ("time", "Submission Time", "Completion Time"):
                value[key] = self.clock
            elif key == "accumulatorId" or (key == "ID" and "Name" in value):
                value[key] += self.copy * 1_000
            elif key == "accumUpdates":
                value[key] = [[id + self.copy * 1_000, number] for id, number in item]
            self.shift(value[key], mappers)

    def tasks(self, base, stage, count):
        start = pattern(self.template.starts[base], stage, self.copy)
        end = pattern(self.template.ends[base], stage, self.copy)
        random, write = self.random.random, self.out.write
        slots = [self.clock] * SLOTS
        running = [None] * SLOTS
        for index in range(count):
            slot = index % SLOTS
            if running[slot]:
                write(running[slot])
            run = int(20 + 400 * random() ** 4)
            launch = slots[slot]
            slots[slot] = launch + run + 8
            number = {
                "task": self.task, "index": index, "launch": launch, "finish": launch + run + 8,
                "executor": 1 + slot % EXECUTORS, "run": run, "cpu": run * 900_000 + int(random() * 90_000),
                "deserialize": int(random() * 6), "gc": int(random() ** 8 * run),
                "bytes": int(1e4 + random() * 5e5), "records": int(900 + random() * 200),
                "nanos": int(random() * 5e6), "size": 2_200 + int(random() * 100),
            }  # fmt: skip
            write(start % number)
            running[slot] = end % number
            self.task += 1
        for text in running:
            if text:
                write(text)
        self.clock = max(slots)


MEASURES = {
    "Executor Run Time": "run", "Executor CPU Time": "cpu", "Executor Deserialize Time": "deserialize",
    "JVM GC Time": "gc", "Result Size": "size", "Shuffle Bytes Written": "bytes", "Shuffle Write Time": "nanos",
    "Shuffle Records Written": "records", "Local Bytes Read": "bytes", "Total Records Read": "records",
    "Records Read": "records", "Task ID": "task", "Index": "index", "Partition ID": "index",
    "Launch Time": "launch", "Finish Time": "finish",
}  # fmt: skip
ACCUMULATED = {
    "duration": "run", "number of output rows": "records", "shuffle bytes written": "bytes",
    "shuffle records written": "records", "shuffle write time": "nanos", "data size": "bytes",
}  # fmt: skip


def pattern(event, stage, copy):
    """The event as a text in which `%(name)d` stands for what differs from task to task."""
    event = json.loads(json.dumps(event))
    event["Stage ID"] = stage
    mark(event)
    info = event["Task Info"]
    if event["Event"] == "SparkListenerTaskStart":
        info["Finish Time"] = 0
    info["Executor ID"], info["Host"] = "%(executor)d", "worker-%(executor)d"
    kept = []
    for item in info["Accumulables"]:
        name = item["Name"]
        if name.startswith("internal.") or name in LEFT_OUT:
            continue
        item["ID"] += copy * 1_000
        measure = ACCUMULATED.get(name)
        if measure:
            item["Update"] = f"%({measure})d"
        kept.append(item)
    info["Accumulables"] = kept
    text = json.dumps(event, separators=(",", ":"))
    return re.sub(r'"@(\w+)@"', r"%(\1)d", text) + "\n"


def mark(value):
    for key, item in value.items():
        if isinstance(item, dict):
            mark(item)
        elif key in MEASURES and isinstance(item, int) and not (item == 0 and "Read" in key):
            value[key] = f"@{MEASURES[key]}@"


if __name__ == "__main__":
    main()
