"""Logs that real Spark does not leave behind by itself, made from logs that it did.

Running applications are copies taken while the application ran; the truncated ones are such copies, cut. Spark's
local master has no attempt ids, so the two attempts of one application are a real log twice, with the attempt id
added to ApplicationStart and the second one's times moved.
"""

import glob
import json
import os
import shutil
import time

import history_server

COMPACT_SECONDS = 300


class RunningCopier:
    """Takes a copy of a log while its application runs, as soon as there is a job in it."""

    def __init__(self, directory):
        self.directory = directory
        self.copies = {}

    def look(self):
        for name in os.listdir(self.directory):
            path = os.path.join(self.directory, name)
            if not name.endswith(".inprogress") or name in self.copies or not os.path.isfile(path):
                continue
            try:
                with open(path, "rb") as log:
                    data = log.read()
            except FileNotFoundError:
                continue
            if b'"Event":"SparkListenerStageCompleted"' in data and b'SparkListenerApplicationStart' in data:
                self.copies[name] = data


def derive(directory, scratch, copier):
    """Adds all derived logs. Applications get ids of their own, so that the whole log stands beside them."""
    copies = sorted(copier.copies.items())
    for number, (name, data) in enumerate(copies[:4]):
        events = data.split(b"\n")
        identifier = f"running-{number}"
        lines = [with_identifier(line, identifier) for line in events[:-1]]
        tail = events[-1]
        if number % 2:
            # Killed while it wrote: the last line is half, and nothing says that the application ended.
            tail = lines.pop()
            tail = tail[: len(tail) // 2]
        suffix = "" if number == 3 else ".inprogress"
        write(directory, identifier + suffix, b"\n".join(lines) + b"\n" + tail)
    plain = finished_plain_logs(directory)
    if plain:
        two_attempts(directory, plain[0], "attempted-1")
    running_rolling(directory)
    compact(directory, scratch)


def compact(directory, scratch):
    """Lets Spark's History Server compact the rolling logs of the application named `compacted`, in their place."""
    apart = os.path.join(scratch, "compact")
    os.makedirs(apart)
    for folder in glob.glob(os.path.join(directory, "eventlog_v2_*")):
        first = glob.glob(os.path.join(folder, "events_1_*"))
        if not first or "." in os.path.basename(first[0]):
            continue
        with open(first[0], "rb") as log:
            if b'"App Name":"compacted"' in log.read():
                shutil.move(folder, apart)
    moved = os.listdir(apart)
    if not moved:
        return
    environment = os.environ["TINDERBOX_SPARK_4"]
    options = {
        "spark.history.fs.eventLog.rolling.maxFilesToRetain": "1",
        "spark.history.fs.eventLog.rolling.compaction.score.threshold": "0.0",
        # The compacted part gets the name of a plain one with a suffix: compressed, no server could read it.
        "spark.eventLog.compress": "false",
    }
    with history_server.spark(environment, apart, scratch, options):
        deadline = time.monotonic() + COMPACT_SECONDS
        while len(glob.glob(os.path.join(apart, "*", "*.compact"))) < len(moved):
            if time.monotonic() > deadline:
                raise SystemExit(f"Spark compacted nothing within {COMPACT_SECONDS} s; see {scratch}/spark.log")
            time.sleep(0.2)
        # The parts that a compacted file replaces are removed after it is there.
        time.sleep(1)
    for folder in moved:
        shutil.move(os.path.join(apart, folder), directory)


def two_attempts(directory, source, identifier):
    """One application, two attempts an hour apart; the first is cut before its end."""
    with open(os.path.join(directory, source), "rb") as log:
        lines = log.read().splitlines()
    for attempt in (1, 2):
        changed = []
        for line in lines:
            event = json.loads(line)
            if event["Event"] == "SparkListenerApplicationStart":
                event["App ID"] = identifier
                event["App Attempt ID"] = str(attempt)
            if attempt == 2:
                shift(event, 3600_000)
            changed.append(json.dumps(event, separators=(",", ":")).encode())
        write(directory, f"{identifier}_{attempt}", b"\n".join(changed) + b"\n")


TIMES = {"Timestamp", "Submission Time", "Completion Time", "Launch Time", "Finish Time", "time", "Getting Result Time"}


def shift(value, milliseconds):
    """Moves every time in an event that is set."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in TIMES and isinstance(inner, int) and inner > 0:
                value[key] = inner + milliseconds
            else:
                shift(inner, milliseconds)
    elif isinstance(value, list):
        for inner in value:
            shift(inner, milliseconds)


def running_rolling(directory):
    """A rolling log whose application runs: the whole one with its status file renamed and its last part cut."""
    for name in sorted(os.listdir(directory)):
        source = os.path.join(directory, name)
        if not name.startswith("eventlog_v2_") or not os.path.isdir(source):
            continue
        parts = [part for part in os.listdir(source) if part.startswith("events_")]
        if len(parts) > 1 or "." in parts[0]:
            continue
        target = os.path.join(directory, "eventlog_v2_running-rolling")
        os.makedirs(target)
        for part in parts:
            with open(os.path.join(source, part), "rb") as log:
                lines = log.read().splitlines(keepends=True)
            lines = [with_identifier(line, "running-rolling") for line in lines[: len(lines) * 2 // 3]]
            number = part.split("_")[1]
            write(target, f"events_{number}_running-rolling", b"".join(lines))
        write(target, "appstatus_running-rolling.inprogress", b"")
        return


def finished_plain_logs(directory):
    found = []
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if os.path.isfile(path) and "." not in name and not name.startswith("running"):
            with open(path, "rb") as log:
                data = log.read()
            if b"SparkListenerSQLExecutionEnd" in data and b"SparkListenerApplicationEnd" in data:
                found.append(name)
    return found


def with_identifier(line, identifier):
    if b'"SparkListenerApplicationStart"' not in line:
        return line
    event = json.loads(line)
    event["App ID"] = identifier
    end = b"\n" if line.endswith(b"\n") else b""
    return json.dumps(event, separators=(",", ":")).encode() + end


def write(directory, name, data):
    with open(os.path.join(directory, name), "wb") as log:
        log.write(data)
