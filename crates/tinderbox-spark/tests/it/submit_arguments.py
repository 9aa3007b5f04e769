"""Reads command lines as spark-submit does: a list of {args, files} from the file that is named, answers by line."""

import json
import sys

from pyspark.java_gateway import launch_gateway

jvm = launch_gateway().jvm
python_utils = jvm.org.apache.spark.api.python.PythonUtils
FIELDS = [
    "master", "deployMode", "executorMemory", "executorCores", "totalExecutorCores", "driverMemory",
    "driverCores", "driverExtraClassPath", "driverExtraLibraryPath", "driverExtraJavaOptions", "queue", "numExecutors",
    "files", "pyFiles", "archives", "mainClass", "primaryResource", "name", "jars", "packages", "packagesExclusions",
    "repositories", "proxyUser", "principal", "keytab", "submissionToKill", "submissionToRequestStatusFor",
]


def parsed(arguments):
    listed = jvm.java.util.ArrayList()
    for argument in arguments:
        listed.add(argument)
    environment = python_utils.toScalaMap(jvm.java.util.HashMap())
    try:
        read = jvm.org.apache.spark.deploy.SparkSubmitArguments(python_utils.toSeq(listed), environment)
    except Exception as error:
        return {"error": str(error.java_exception.getMessage())}
    children = read.childArgs()
    answer = {field: getattr(read, field)() for field in FIELDS}
    answer["args"] = [children.apply(at) for at in range(children.size())]
    answer["supervise"] = read.supervise()
    answer["action"] = read.action().toString()
    pairs = read.sparkProperties().toSeq()
    answer["conf"] = {pairs.apply(at)._1(): pairs.apply(at)._2() for at in range(pairs.size())}
    return answer


with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        print("ANSWER " + json.dumps(parsed(json.loads(line))))
