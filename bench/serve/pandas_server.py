"""The list of jobs as a FastAPI and pandas server answers it: one DataFrame, loaded once, masks, sort_values, iloc.

    python -m uvicorn pandas_server:app --host 127.0.0.1 --port PORT      (TINDERBOX_BENCH_JOBS names spark_jobs.parquet)

Statuses and types are categories and the rows lie in the order of their start, so the default order costs nothing.
Answers are made by orjson. Nothing is kept between requests but the frame itself.
"""

import os

import orjson
import pandas as pd
from fastapi import FastAPI, HTTPException, Response

jobs = pd.read_parquet(os.environ["TINDERBOX_BENCH_JOBS"])
jobs = jobs.sort_values("start_time", kind="stable", ignore_index=True)
for column in ("status", "job_type"):
    jobs[column] = jobs[column].astype("category")
SEARCHED = jobs["job_name"].str.lower() + "\n" + jobs["job_id"].str.lower()
app = FastAPI()


def answer(body: dict) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


def at(time: str) -> pd.Timestamp:
    return pd.Timestamp(time.removesuffix("Z"))


@app.get("/api/jobs")
def list_jobs(
    status: str | None = None,
    job_type: str | None = None,
    since: str | None = None,
    until: str | None = None,
    search: str | None = None,
    sort_by: str = "-start_time",
    limit: int = 50,
    offset: int = 0,
) -> Response:
    keys = [key.removeprefix("-") for key in sort_by.split(",")]
    if not 1 <= limit <= 500 or offset < 0 or not set(keys) <= set(jobs.columns):
        raise HTTPException(400)
    mask = None
    if status is not None:
        mask = jobs["status"] == status
    if job_type is not None:
        of_type = jobs["job_type"] == job_type
        mask = of_type if mask is None else mask & of_type
    if since is not None or until is not None:
        start = jobs["start_time"]
        low = start.searchsorted(at(since)) if since else 0
        high = start.searchsorted(at(until)) if until else len(jobs)
        frame = jobs.iloc[low:high]
        mask = None if mask is None else mask.iloc[low:high]
    else:
        low, high, frame = 0, len(jobs), jobs
    if search is not None:
        found = SEARCHED.iloc[low:high].str.contains(search.lower(), regex=False)
        mask = found if mask is None else mask & found
    if mask is not None:
        frame = frame[mask]
    total = len(frame)
    if sort_by == "-start_time":
        page = frame.iloc[::-1].iloc[offset : offset + limit]
    elif sort_by == "start_time":
        page = frame.iloc[offset : offset + limit]
    else:
        # Only the keys are sorted, and only the page is taken from the whole frame.
        order = frame[keys].sort_values(keys, ascending=[not key.startswith("-") for key in sort_by.split(",")])
        page = frame.loc[order.index[offset : offset + limit]]
    rows = page.astype({"status": str, "job_type": str})
    for time in ("start_time", "end_time"):
        rows[time] = rows[time].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    rows = rows.astype(object).where(rows.notna(), None)
    pagination = {"total": total, "limit": limit, "offset": offset, "has_more": offset + limit < total}
    return answer({"jobs": rows.to_dict("records"), "pagination": pagination})


@app.get("/api/stats")
def stats() -> Response:
    statuses = jobs["status"].value_counts()
    latest = jobs["start_time"].iloc[-1]
    recent = jobs.iloc[jobs["start_time"].searchsorted(latest - pd.Timedelta(hours=24)) :]
    return answer(
        {
            "overview": {"total_jobs": len(jobs), **{str(name): int(count) for name, count in statuses.items()}},
            "performance": {
                "avg_duration_seconds": float(jobs["duration_seconds"].mean()),
                "total_data_processed_mb": float(jobs["input_size_mb"].sum()),
            },
            "job_types": {str(name): int(count) for name, count in jobs["job_type"].value_counts().items()},
            "recent_activity": {
                "jobs_last_24h": len(recent),
                "failures_last_24h": int((recent["status"] == "FAILED").sum()),
            },
        }
    )
