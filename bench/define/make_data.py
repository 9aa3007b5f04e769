"""Makes Parquet files of orders, and one of customers: make_data.py FOLDER NAME:ROWS..."""

import pathlib
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CUSTOMERS = 100_000
CHUNK = 1_000_000
STATUS = np.array(["paid", "new", "shipped", "returned"])
REGIONS = np.array(["north", "east", "south", "west", "overseas"])


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    for wanted in [*sys.argv[2:], "orders:1000"]:
        name, rows = wanted.split(":")
        # Each file is the same whichever others are made.
        write(folder / f"{name}.parquet", int(rows), np.random.default_rng(int(rows)))
    rng = np.random.default_rng(1)
    ids = np.arange(CUSTOMERS, dtype=np.int32)
    customers = pa.table(
        {
            "customer_id": ids,
            "name": [f"customer {at}" for at in ids],
            "region": REGIONS[rng.integers(0, len(REGIONS), CUSTOMERS)],
        }
    )
    pq.write_table(customers, folder / "customers.parquet")


def write(path: pathlib.Path, rows: int, rng: np.random.Generator) -> None:
    writer = None
    unfinished = path.with_suffix(".unfinished")
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        chunk = pa.table(
            {
                "order_id": np.arange(start, start + count, dtype=np.int64),
                "customer_id": rng.integers(0, CUSTOMERS, count).astype(np.int32),
                "amount": rng.random(count) * 1000,
                "discount": rng.random(count),
                "status": STATUS[rng.integers(0, len(STATUS), count)],
                "ordered_at": pa.array(
                    1_700_000_000_000_000 + rng.integers(0, 10**13, count), pa.timestamp("us", tz="UTC")
                ),
                "reference": rng.integers(0, 2**62, count),
            }
        )
        writer = writer or pq.ParquetWriter(unfinished, chunk.schema)
        writer.write_table(chunk)
    writer.close()
    unfinished.rename(path)


if __name__ == "__main__":
    main()
