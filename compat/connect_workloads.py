"""Spark Connect: a server inside the application and a client that speaks just enough of its protocol.

PySpark's own client needs grpc and pandas, which are not in its plain environment. A few messages of
`spark/connect/base.proto` over HTTP/2 do: one request on a connection, no compression, the answer's headers unread.
"""

import socket
import struct
import uuid

from rdd_workloads import wait_for_events

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACKNOWLEDGED = 1, 4, 1


def connect_server(spark, _scratch):
    """Two sessions, queries with tags that succeed and fail, one session that is closed and one that is not."""
    context = spark.sparkContext
    service = getattr(context._jvm.org.apache.spark.sql.connect.service, "SparkConnectService$")
    port = getattr(service, "MODULE$").localPort()
    first, second = (str(uuid.UUID(int=number)) for number in (1, 2))
    execute(port, first, "ada", "select id % 3 as key, count(*) as n from range(100) group by 1", ["tag-one", "tag-two"])
    execute(port, first, "ada", "select 'ünïcödé' as text, 'password=hunter2' as more", [])
    execute(port, second, "bob", "select raise_error('asked for') from range(2)", ["fails"])
    execute(port, second, "bob", "select nothing from nowhere", [])
    execute(port, second, "bob", "select 1", [])
    call(port, "ReleaseSession", text(1, first) + part(2, text(1, "ada")))
    wait_for_events(context)


def execute(port, session, user, query, tags):
    relation = part(1, b"") + part(10, text(1, query))
    request = text(1, session) + part(2, text(1, user) + text(2, user)) + part(3, part(1, relation))
    request += text(4, "tinderbox-compat") + text(6, str(uuid.uuid4()))
    call(port, "ExecutePlan", request + b"".join(text(7, tag) for tag in tags))


def call(port, method, message):
    """Sends one request and reads until the server has ended the stream. A failed query ends it as well."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": f"/spark.connect.SparkConnectService/{method}",
        ":authority": f"127.0.0.1:{port}",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    block = b"".join(b"\x00" + literal(name) + literal(value) for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(
            PREFACE
            + frame(SETTINGS, 0, 0, b"")
            + frame(HEADERS, END_HEADERS, 1, block)
            + frame(DATA, END_STREAM, 1, b"\x00" + struct.pack(">I", len(message)) + message)
        )
        stream = connection.makefile("rb")
        while True:
            head = stream.read(9)
            if len(head) < 9:
                raise ConnectionError(f"{method}: the Connect server closed the connection")
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            payload = stream.read(length)
            if kind == SETTINGS and not flags & ACKNOWLEDGED:
                connection.sendall(frame(SETTINGS, ACKNOWLEDGED, 0, b""))
            elif kind == PING and not flags & ACKNOWLEDGED:
                connection.sendall(frame(PING, ACKNOWLEDGED, 0, payload))
            elif kind == RESET:
                raise ConnectionError(f"{method}: stream refused with code {int.from_bytes(payload, 'big')}")
            elif kind == GOAWAY:
                raise ConnectionError(f"{method}: {payload[8:].decode('utf-8', 'replace')}")
            elif kind in (DATA, HEADERS) and flags & END_STREAM:
                return


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(value):
    """A string of HPACK without Huffman coding; ours are shorter than 127 bytes."""
    data = value.encode()
    return bytes([len(data)]) + data


def part(number, data):
    """A length-delimited field of a protobuf message."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def text(number, value):
    return part(number, value.encode())


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])
