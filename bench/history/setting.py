"""What every part of the benchmark is given."""

import contextlib
import dataclasses
import pathlib
import shutil
import tempfile
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Setting:
    """Where the programs are, and how often to measure."""

    binary: str
    examples: pathlib.Path
    spark_home: str
    logs: pathlib.Path
    work: pathlib.Path
    rounds: int

    @contextlib.contextmanager
    def place(self) -> Iterator[pathlib.Path]:
        """An empty folder on the disk of the logs, removed at the end."""
        self.work.mkdir(parents=True, exist_ok=True)
        place = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=self.work))
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def size_of(folder: pathlib.Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
