"""The event logs of the benchmark, made when they are missing and kept."""

import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TASKS = {"100k": 100_000, "1m": 1_000_000}


def template(folder: pathlib.Path) -> pathlib.Path:
    """The log of one small query, written by the PySpark that runs this."""

    def make(place: pathlib.Path) -> None:
        run("template.py", str(place))

    return kept(folder / "template", "one query on Spark", make)


def large(folder: pathlib.Path, size: str) -> pathlib.Path:
    """A log of `size`, one of TASKS, written from the template."""
    source = template(folder)

    def make(place: pathlib.Path) -> None:
        run("make_log.py", str(source), str(place / source.name), "--tasks", str(TASKS[size]))

    return kept(folder / size, f"{TASKS[size]:,} tasks", make)


def kept(place: pathlib.Path, title: str, make) -> pathlib.Path:
    found = [file for file in place.iterdir() if file.is_file()] if place.is_dir() else []
    if not found:
        print(f"making the log of {title} in {place}", flush=True)
        started = time.monotonic()
        unfinished = place.with_name(place.name + ".unfinished")
        unfinished.mkdir(parents=True, exist_ok=True)
        for left in unfinished.iterdir():
            left.unlink()
        make(unfinished)
        unfinished.rename(place)
        found = [file for file in place.iterdir() if not file.name.startswith(".")]
        print(f"made in {time.monotonic() - started:.0f} s", flush=True)
    print(f"log: {found[0]}, {found[0].stat().st_size / 1e6:,.0f} MB", flush=True)
    return found[0]


def run(script: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, str(HERE / script), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stderr[-4000:]}")


def warm(path: pathlib.Path) -> None:
    """Reads the file once, so that it is in the page cache."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 24):
            pass
