"""A standalone master that answers as Spark's does and runs nothing: drivers run until they are told to end.

Master, REST server and page are one HTTP server, which also plays the page of its one worker. Only what
`org.apache.spark.deploy.rest` and `JsonProtocol.writeMasterState` say is answered.
"""

import asyncio
import json
import pathlib
import threading
import time
import urllib.parse

APPLICATION_START = {
    "Event": "SparkListenerApplicationStart",
    "App Name": "waits",
    "Timestamp": 0,
    "User": "bench",
}


class Master:
    """Runs in a thread of its own until `close`."""

    def __init__(self) -> None:
        self.drivers: dict[str, dict] = {}
        self.requests = 0
        self.port = 0
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()

    def run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def end(self, driver: str, state: str) -> None:
        log = self.drivers[driver]["log"]
        with log.open("a", encoding="utf-8") as out:
            event = {"Event": "SparkListenerApplicationEnd", "Timestamp": int(time.time() * 1000)}
            out.write(json.dumps(event) + "\n")
        self.drivers[driver]["state"] = state

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                method, path, _ = first.split(" ")
                headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.requests += 1
                kind, answer = self.answer(method, urllib.parse.urlsplit(path), body)
                data = answer.encode()
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode())
                writer.write(data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, method: str, url: urllib.parse.SplitResult, body: bytes) -> tuple[str, str]:
        parts = url.path.strip("/").split("/")
        if parts[:2] == ["v1", "submissions"]:
            return "application/json", json.dumps(self.submission(parts, body))
        if parts == ["json"]:
            return "application/json", json.dumps(self.page())
        return "text/plain", self.log(urllib.parse.parse_qs(url.query))

    def submission(self, parts: list[str], body: bytes) -> dict:
        if parts[2] == "create":
            name = f"driver-20260101000000-{len(self.drivers):04d}"
            properties = json.loads(body)["sparkProperties"]
            folder = pathlib.Path(urllib.parse.urlsplit(properties["spark.eventLog.dir"]).path)
            folder.mkdir(parents=True, exist_ok=True)
            number = name.rsplit("-", 1)[1]
            log = folder / f"app-20260101000000-{number}"
            start = {**APPLICATION_START, "App ID": log.name, "Timestamp": int(time.time() * 1000)}
            version = {"Event": "SparkListenerLogStart", "Spark Version": "3.5.8"}
            log.write_text(json.dumps(version) + "\n" + json.dumps(start) + "\n", encoding="utf-8")
            self.drivers[name] = {"state": "RUNNING", "log": log, "started": int(time.time() * 1000)}
            return {"action": "CreateSubmissionResponse", "success": True, "submissionId": name}
        driver = self.drivers.get(parts[3])
        if driver is None:
            return {"action": "SubmissionStatusResponse", "success": False}
        if parts[2] == "kill":
            self.end(parts[3], "KILLED")
            return {"action": "KillSubmissionResponse", "success": True}
        return {
            "action": "SubmissionStatusResponse",
            "success": True,
            "driverState": driver["state"],
            "workerHostPort": "127.0.0.1:1",
        }

    def page(self) -> dict:
        active, completed = [], []
        for name, driver in self.drivers.items():
            shown = {
                "id": name,
                "starttime": str(driver["started"]),
                "state": driver["state"],
                "cores": 1,
                "memory": 1024,
                "submitdate": "Thu Jan 01 00:00:00 UTC 2026",
                "worker": "worker-1",
                "mainclass": "org.apache.spark.deploy.SparkSubmit",
            }
            (active if driver["state"] == "RUNNING" else completed).append(shown)
        worker = {
            "id": "worker-1",
            "host": "127.0.0.1",
            "port": 1,
            "webuiaddress": self.url,
            "cores": 1000,
            "coresused": 0,
            "memory": 1_000_000,
            "state": "ALIVE",
        }
        return {
            "status": "ALIVE",
            "workers": [worker],
            "activeapps": [],
            "completedapps": [],
            "activedrivers": active,
            # spark.deploy.retainedDrivers
            "completeddrivers": completed[-200:],
        }

    def log(self, query: dict[str, list[str]]) -> str:
        text = f"{query['driverId'][0]} works\n" * 3
        offset = min(int(query["offset"][0]), len(text))
        return f"==== Bytes {offset}-{len(text)} of {len(text)} of /spark/{query['driverId'][0]}/log ====\n{text[offset:]}"
