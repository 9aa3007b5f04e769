"""One PySpark process that makes the event logs of many applications, one after the other in one JVM.

    PYTHONPATH=compat PYTHON spark_process.py SPARK LOG_DIR SCRATCH [NAME...]

Runs in an environment with PySpark. SPARK is `3.5` or `4`. A workload that fails is printed and makes the
exit code 1; the applications after it are still made.
"""

import os
import pathlib
import sys
import time
import traceback

from pyspark import SparkConf, SparkContext, cloudpickle
from pyspark.sql import SparkSession

import cluster_workloads
import failing_workloads
import rdd_workloads
import sql_workloads
from applications import APPLICATIONS

# The executors of a cluster do not find this folder.
for module in (cluster_workloads, failing_workloads, rdd_workloads, sql_workloads):
    cloudpickle.register_pickle_by_value(module)

EVERY_APPLICATION = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.eventLog.enabled": "true",
    "spark.sql.shuffle.partitions": "4",
    "spark.default.parallelism": "4",
    "spark.cleaner.periodicGC.interval": "1h",
}


def main():
    version, log_dir, scratch = sys.argv[1:4]
    wanted = set(sys.argv[4:])
    SparkContext._ensure_initialized()
    SparkContext._jvm.org.apache.spark.api.python.PythonUtils  # fails here, not in the first application
    failed = 0
    # Those of a cluster wait much, the others compute: the two versions begin at different ends.
    for application in APPLICATIONS if version == "3.5" else reversed(APPLICATIONS):
        if version not in application.versions or (wanted and application.name not in wanted):
            continue
        started = time.monotonic()
        try:
            run(application, log_dir, os.path.join(scratch, application.name))
            outcome = "made"
        except Exception:
            traceback.print_exc()
            outcome = "FAILED"
            failed += 1
        print(f"{outcome} {version} {application.name} in {time.monotonic() - started:.1f} s", flush=True)
    return 1 if failed else 0


def run(application, log_dir, scratch):
    """One application from start to stop. Its scratch folder is gone when Spark's temporary files are."""
    os.makedirs(scratch, exist_ok=True)
    # The JVM's system properties carry what spark-submit was given; no application may inherit them.
    conf = SparkConf(loadDefaults=False)
    settings = {
        **EVERY_APPLICATION,
        "spark.app.name": application.title or application.name,
        "spark.master": "local[2]",
        "spark.eventLog.dir": pathlib.Path(log_dir).absolute().as_uri(),
        "spark.local.dir": os.path.join(scratch, "local"),
        "spark.sql.warehouse.dir": pathlib.Path(scratch, "warehouse").absolute().as_uri(),
        **application.settings,
    }
    for key, value in settings.items():
        conf.set(key, value)
    context = SparkContext(conf=conf)
    context.setLogLevel("OFF")
    try:
        application.workload(SparkSession(context), scratch)
    finally:
        context.stop()
        SparkSession._instantiatedSession = None


if __name__ == "__main__":
    sys.exit(main())
