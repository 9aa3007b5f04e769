# Runs the command behind the attempt's folder and puts a mark in the place of every secret of its environment in what it
# prints, and in what Spark has recorded when it has ended. Ends with the command's exit code.
import json
import os
import signal
import subprocess
import sys
import threading
from urllib.parse import quote

MARK = b"*********(redacted)"
RECORDS = ["eventlog", "expectations.jsonl"]
PIECE = 1 << 16

folder, command = sys.argv[1], sys.argv[2:]


def forms(text):
    """As it is, as URLs have it, and as JSON has it, JSON within JSON included."""
    yield text
    yield quote(text, safe="", errors="surrogateescape")
    for as_ascii in (False, True):
        inner = json.dumps(text, ensure_ascii=as_ascii)[1:-1]
        yield inner
        yield json.dumps(inner, ensure_ascii=as_ascii)[1:-1]


secrets = set()
for name, value in os.environ.items():
    if name.startswith("TINDERBOX_SECRET_"):
        # What is printed in several lines is seen line by line.
        for line in [value, *value.splitlines()]:
            secrets |= {form.encode("utf-8", "surrogateescape") for form in forms(line)}
secrets = sorted(filter(None, secrets), key=len, reverse=True)
longest = max(map(len, secrets), default=1)


def hidden(text):
    for secret in secrets:
        text = text.replace(secret, MARK)
    return text


def copy(source):
    """Whole lines; of a line that is very long, all but an end that may be the beginning of a secret."""
    rest = b""
    while True:
        piece = source.read1(PIECE)
        rest += piece
        if not piece:
            cut = len(rest)
        elif b"\n" in rest:
            cut = rest.rindex(b"\n") + 1
        elif len(rest) > PIECE:
            rest = hidden(rest)
            cut = max(0, len(rest) - longest)
        else:
            continue
        try:
            sys.stdout.buffer.write(hidden(rest[:cut]))
            sys.stdout.buffer.flush()
        except OSError:
            pass  # A full disk does not stop the job.
        rest = rest[cut:]
        if not piece:
            return


def holds_secret(path):
    with open(path, "rb") as file:
        before = b""
        while piece := file.read(1 << 20):
            text = before + piece
            if any(secret in text for secret in secrets):
                return True
            before = text[-longest:]
    return False


def clean(path):
    if not holds_secret(path):
        return
    fresh = path + ".hiding"
    with open(path, "rb") as old, open(fresh, "wb") as new:
        for line in old:
            new.write(hidden(line))
    os.replace(fresh, path)


# Whoever ends the run signals the command too; this one stays for its exit code.
for one in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(one, lambda *_: None)
child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
reader = threading.Thread(target=copy, args=(child.stdout,), daemon=True)
reader.start()
code = child.wait()
# What the command left running may hold the pipe open.
reader.join(5)
for record in RECORDS:
    path = os.path.join(folder, record)
    files = [path] if os.path.isfile(path) else []
    for directory, _, names in os.walk(path):
        files += [os.path.join(directory, name) for name in names]
    for file in files:
        try:
            clean(file)
        except OSError as error:
            print(f"cannot look for secrets in {file}: {error.strerror}", file=sys.stderr)
sys.exit(code if code >= 0 else 128 - code)
