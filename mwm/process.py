"""A command among others: it ends with the DVC that started it, and alone writes its outputs."""

import fcntl
import hashlib
import json
import os
import re
import select
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from mwm import MwmError

GRACE = 10.0  # seconds in which a command may tidy up once its DVC is gone
LEFT_BEHIND = re.compile(r"\.(.+)\.[a-z0-9_]{8}(\.\w+)?")  # by a killed `store.replacing`

_held: dict[Path, int] = {}  # file descriptors of locks, by what they are for


class Terminated(KeyboardInterrupt):
    """SIGTERM came: end as by Ctrl-C."""


def state(*parts: str) -> Path:
    """A path below $DVC_ROOT/.mwm: what is kept beside the outputs, ignored by Git and by DVC.

    Experiments in temporary folders share it: DVC gives them the DVC_ROOT of the project.
    """
    return Path(os.environ.get("DVC_ROOT", "."), ".mwm", *parts)


def started(pid: int) -> int:
    """When a process started, in the kernel's ticks; with `pid` it names one process for ever.

    0 where there is no /proc.
    """
    try:
        return int(_stat(pid)[19])
    except FileNotFoundError:
        return 0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third on: the second may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


@contextmanager
def orderly() -> Iterator[None]:
    """In the block SIGTERM raises `Terminated`, as does the end of DVC; claims end with the block.

    A command within a command, as `mwm.study` runs one, is the outer one's affair.
    """
    before = signal.getsignal(signal.SIGTERM)
    if before is _terminate or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        _end_with_dvc()
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGTERM, before)
        while _held:
            os.close(_held.popitem()[1])


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough; tidying up goes on
    signal.alarm(round(GRACE))  # whatever becomes of the exception, this is the end
    raise Terminated


def _end_with_dvc() -> None:
    """Watch the DVC that runs this stage, and shells in between: a stage does not outlive them.

    Nobody would commit what it writes, and the next `dvc repro` starts it a second time. By
    pidfds, so on Linux alone.
    """
    if "DVC_STAGE" not in os.environ or not hasattr(os, "pidfd_open"):
        return
    try:
        watched = [os.pidfd_open(pid) for pid in _up_to_dvc()]
    except (FileNotFoundError, ProcessLookupError):
        os.kill(os.getpid(), signal.SIGTERM)  # it is gone already
    except OSError:
        return  # a system that does not let us look
    else:
        threading.Thread(target=_outlive, args=(watched,), daemon=True).start()


def _up_to_dvc() -> Iterator[int]:
    """The processes above this one, up to DVC: the first that was not started as a part of a stage.

    Raises:
        ProcessLookupError: DVC has ended; what is found in its place is of another session.
    """
    pid = os.getppid()
    while b"\0DVC_STAGE=" in b"\0" + Path(f"/proc/{pid}/environ").read_bytes():
        yield pid
        pid = int(_stat(pid)[1])
    if os.getsid(pid) != os.getsid(0):
        raise ProcessLookupError
    yield pid


def folder_of_dvc() -> Path | None:
    """The folder in which the DVC that runs this stage was started; None if it cannot be known."""
    try:
        *_, pid = _up_to_dvc()
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def _outlive(watched: list[int]) -> None:
    poll = select.poll()
    for descriptor in watched:
        poll.register(descriptor, select.POLLIN)
    poll.poll()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)  # the main thread may be in a long call that hears no signal
    os._exit(128 + signal.SIGTERM)


def claim(*outputs: Path) -> None:
    """Be the only process at work on these files or folders, until the command ends.

    Waits for another one, and says which. What a killed one left half-written there is removed.

    Raises:
        MwmError: no lock can be made.
    """
    for output in outputs:
        path = output.resolve()
        if path not in _held:
            _held[path] = _lock(path, output)
            _tidy(path)


def _lock(path: Path, output: Path) -> int:
    """A lock that ends with its process, however that ends; the file says who has it."""
    name = f"{path.name}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.json"
    file = state("locks", name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting: {output} is in use by {_holder(file)}", file=sys.stderr, flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        holder = {"pid": os.getpid(), "command": shlex.join(sys.argv), "since": round(time.time())}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
    except OSError as error:
        raise MwmError(f"{file}: cannot be locked: {error}; allow writing there") from None
    return descriptor


def _holder(file: Path) -> str:
    try:
        holder = json.loads(file.read_text(encoding="utf-8"))
        since = time.strftime("%H:%M:%S", time.localtime(holder["since"]))
        return f"process {holder['pid']} since {since}: {holder['command']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _tidy(path: Path) -> None:
    """Remove the temporary files of a killed process; the lock proves that it is none at work."""
    for file in (path if path.is_dir() else path.parent).glob(".*"):
        found = LEFT_BEHIND.fullmatch(file.name)
        if found and (path.is_dir() or found[1] == path.name):
            with suppress(OSError):
                file.unlink()
