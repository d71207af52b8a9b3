"""Makes chosen calls into the operating system fail, end or hold the process, in noiseaug and in its workers.

Python imports this at start-up from PYTHONPATH. `FAULT_OF_NOISEAUG` holds a JSON object:

- `call`: `os.open`, `os.write`, `os.read`, `os.replace`, `os.unlink`, `os.scandir`, `os.fsync`, or `write` (of a file
  opened by `open`);
- `path`: a regular expression for the path concerned (the last one, where there are two);
- `nth`: the how-manieth such call of all processes, from 1; 0 means every one;
- `when`: `before`, `half` (writes only) or `after` the call;
- `do`: `kill-group`, `kill`, `kill-parent` (of a worker: the run), `interrupt-group`, `segfault`, `hang`, `hold` (which
  says so in the FIFO `reached`, and goes on when there is something to read from the FIFO `go`), `append` to, `touch`
  or `remove` the file `victim`, `raise` an exception that nobody expects, or the name of an errno to fail with;
- `count`: a file in which calls are counted across processes.
"""

import builtins
import errno
import json
import os
import re
import signal
import time

fault = json.loads(os.environ.get("FAULT_OF_NOISEAUG", "null"))
real = {name: getattr(os, name) for name in ("open", "write", "read", "replace", "unlink", "close", "scandir", "fsync")}
real_open = builtins.open
paths_of_fds = {}


def is_due(path):
    if path is None or not re.search(fault["path"], os.fsdecode(path)):
        return False
    if not fault["nth"]:
        return True
    fd = real["open"](fault["count"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        real["write"](fd, b".")
        return os.fstat(fd).st_size == fault["nth"]
    finally:
        real["close"](fd)


def parent():
    """The process that this one works for: the parent, or that of the template which this one was forked from."""
    template = os.getppid()
    if b"serve_template" not in real_open(f"/proc/{template}/cmdline", "rb").read():
        return template
    return int(real_open(f"/proc/{template}/stat").read().rpartition(")")[2].split()[1])


def strike():
    action = fault["do"]
    if action == "kill-group":
        os.killpg(0, signal.SIGKILL)
        time.sleep(60)
    elif action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
    elif action == "kill-parent":
        os.kill(parent(), signal.SIGKILL)
        time.sleep(60)
    elif action == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif action == "hang":
        time.sleep(3600)
    elif action == "interrupt-group":
        os.killpg(0, signal.SIGINT)
    elif action == "hold":
        reached = real["open"](fault["reached"], os.O_WRONLY)
        real["write"](reached, b".")
        real["read"](real["open"](fault["go"], os.O_RDONLY), 1)
    elif action == "append":
        with real_open(fault["victim"], "ab") as file:
            file.write(b".")
    elif action == "touch":
        os.utime(fault["victim"])
    elif action == "remove":
        real["unlink"](fault["victim"])
    elif action == "raise":
        raise ZeroDivisionError("nobody expected this\nnor a second line")
    else:
        number = getattr(errno, action)
        raise OSError(number, os.strerror(number))


def around(call, path, halves=None):
    if not is_due(path):
        return call()
    if fault["when"] == "before":
        strike()
    if fault["when"] == "half" and halves:
        first, second = halves
        written = first()
        strike()
        return written + second()
    result = call()
    if fault["when"] == "after":
        strike()
    return result


def patched_open(path, *args, **kwargs):
    def call():
        fd = real["open"](path, *args, **kwargs)
        paths_of_fds[fd] = path
        return fd

    return around(call, path) if fault["call"] == "os.open" else call()


def halves_of(write, data):
    middle = len(data) // 2
    return lambda: write(data[:middle]), lambda: write(data[middle:])


def patched_write(fd, data):
    def write(part):
        return real["write"](fd, part)

    return around(lambda: write(data), paths_of_fds.get(fd), halves_of(write, data))


class Watched:
    """A file whose writes are watched."""

    def __init__(self, file, path):
        self._file, self._path = file, path

    def write(self, data):
        return around(lambda: self._file.write(data), self._path, halves_of(self._file.write, data))

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()


def watched_open(path, mode="r", *args, **kwargs):
    file = real_open(path, mode, *args, **kwargs)
    if isinstance(path, str) and "w" in mode and re.search(fault["path"], path):
        return Watched(file, path)
    return file


if fault:
    os.open = patched_open
    if fault["call"] == "os.write":
        os.write = patched_write
    elif fault["call"] == "os.read":
        os.read = lambda fd, size: around(lambda: real["read"](fd, size), paths_of_fds.get(fd))
    elif fault["call"] == "os.replace":
        os.replace = lambda old, new: around(lambda: real["replace"](old, new), new)
    elif fault["call"] == "os.unlink":
        os.unlink = lambda path, **kwargs: around(lambda: real["unlink"](path, **kwargs), path)
    elif fault["call"] == "os.scandir":
        os.scandir = lambda path=".": around(lambda: real["scandir"](path), path)
    elif fault["call"] == "os.fsync":
        os.fsync = lambda fd: around(lambda: real["fsync"](fd), "")
    elif fault["call"] == "write":
        builtins.open = watched_open
