"""Makes the data of customer-analytics.yaml: purchases of customers, seeded and skewed.

One customer (a reseller) has 35 % of all purchases, and the customers' table is just too large for Spark's default
broadcast threshold of 10 MB. So Spark shuffles and sorts both sides of the join, and one task gets a third of all
rows. That weakness lies in the data and survives Spark's defaults, adaptive execution included.

Needs numpy and pyarrow. The same seed gives the same rows.
"""

import argparse
import json
import pathlib
import shutil
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FORMAT = 1
RESELLER_SHARE = 0.35
RESELLER_ID = 424_242
SEGMENTS = ["consumer", "home office", "small business", "enterprise", "public sector"]
CITIES = ["Amsterdam", "Bogota", "Cairo", "Dakar", "Eindhoven", "Fukuoka", "Graz", "Hanoi", "Izmir", "Jakarta"]
NUM_PRODUCTS = 400


def customers(rng: np.random.Generator, count: int) -> pa.Table:
    ids = np.arange(count, dtype=np.int64)
    # Random letters do not compress, which keeps the file as large as real names and addresses would.
    letters = rng.integers(ord("a"), ord("z") + 1, size=(count, 32), dtype=np.uint8)
    emails = pa.array(letters.view("S32").ravel().astype(str))
    return pa.table(
        {
            "customer_id": ids,
            "email": emails,
            "age": rng.integers(12, 90, count, dtype=np.int32),
            "segment": pa.array(np.array(SEGMENTS)[rng.integers(0, len(SEGMENTS), count)]),
            "city": pa.array(np.array(CITIES)[rng.integers(0, len(CITIES), count)]),
        }
    )


def purchases(rng: np.random.Generator, first: int, count: int, num_customers: int) -> pa.Table:
    buyers = rng.integers(0, num_customers, count, dtype=np.int64)
    buyers[rng.random(count) < RESELLER_SHARE] = RESELLER_ID % num_customers
    products = rng.zipf(1.3, count) % NUM_PRODUCTS
    names = np.array([f"product-{n:04d}" for n in range(NUM_PRODUCTS)])
    # Whole cents: sums of doubles would differ in the last digit from plan to plan.
    cents = np.round(rng.gamma(2.0, 2_500.0, count)).astype(np.int64) + 99
    day = np.datetime64("2026-01-01T00:00:00", "us")
    return pa.table(
        {
            "purchase_id": np.arange(first, first + count, dtype=np.int64),
            "customer_id": buyers,
            "product": pa.array(names[products]),
            "quantity": rng.integers(1, 12, count, dtype=np.int32),
            "amount_cents": cents,
            "purchased_at": pa.array(day + rng.integers(0, 300 * 86_400_000_000, count)),
        }
    )


def write(folder: pathlib.Path, parts) -> None:
    folder.mkdir(parents=True)
    for number, table in enumerate(parts):
        pq.write_table(table, folder / f"part-{number:05d}.parquet", compression="snappy", row_group_size=250_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write to")
    parser.add_argument("--purchases", type=int, default=12_000_000, help="rows of purchases")
    parser.add_argument("--customers", type=int, default=1_000_000, help="rows of customers")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if options.purchases < 1 or options.customers < 1:
        parser.error("--purchases and --customers must be at least 1")

    made = {"format": FORMAT, "purchases": options.purchases, "customers": options.customers, "seed": options.seed}
    stamp = options.out / "made.json"
    if stamp.exists() and json.loads(stamp.read_text()) == made:
        print(f"{options.out}: there already", file=sys.stderr)
        return

    started = time.monotonic()
    # Written beside and renamed: an interrupted run leaves nothing that looks whole.
    fresh = options.out.with_name(options.out.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    rng = np.random.default_rng(options.seed)
    write(fresh / "customers", [customers(rng, options.customers)])
    part = 1_000_000
    sizes = [min(part, options.purchases - first) for first in range(0, options.purchases, part)]
    write(
        fresh / "purchases",
        (purchases(rng, number * part, size, options.customers) for number, size in enumerate(sizes)),
    )
    (fresh / "made.json").write_text(json.dumps(made))
    shutil.rmtree(options.out, ignore_errors=True)
    fresh.rename(options.out)
    seconds = time.monotonic() - started
    print(f"{options.out}: {options.purchases} purchases, {options.customers} customers in {seconds:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
