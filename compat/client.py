"""A small HTTP client that keeps its connection, and the answer as it came."""

import gzip
import http.client
import time
import urllib.parse
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """`content_type` is as sent, with its charset."""

    status: int
    content_type: str
    body: bytes
    seconds: float


class Client:
    """GET requests to one server, below its `/api/v1`."""

    def __init__(self, url, timeout=120):
        parts = urllib.parse.urlsplit(url)
        self.address = parts.hostname, parts.port or 80
        self.prefix = parts.path.rstrip("/") + "/api/v1"
        self.timeout = timeout
        self.connection = None

    def get(self, path):
        started = time.monotonic()
        for attempt in (1, 2):
            fresh = self.connection is None
            try:
                if fresh:
                    self.connection = http.client.HTTPConnection(*self.address, timeout=self.timeout)
                self.connection.request("GET", self.prefix + path, headers={"Accept-Encoding": "gzip"})
                response = self.connection.getresponse()
                body = response.read()
                break
            except (http.client.HTTPException, ConnectionError):
                self.close()
                # A kept connection may have been closed by the server; a new one may not fail.
                if fresh or attempt == 2:
                    raise
        if response.getheader("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if response.will_close:
            self.close()
        return Answer(response.status, response.getheader("Content-Type", ""), body, time.monotonic() - started)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
