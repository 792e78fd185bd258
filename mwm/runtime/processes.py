"""Which process is which: a number alone is given to another process sooner or later."""

import os
from collections.abc import Sequence
from pathlib import Path

import psutil

# Seconds by which a start that was read twice may differ. Linux counts them from when the machine
# started; other systems remember the time of day, which is adjusted now and then.
ROUNDING = 0.05 if psutil.LINUX else 2.0


LOOK = 0.5  # seconds over which the cores are watched


def idle_cores() -> float:
    """How many of the cores that this process may use have had no work for a moment."""
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return usable - psutil.cpu_percent(LOOK) / 100 * cores


def started(pid: int) -> float:
    """When the process `pid` started; 0 if there is none, or it has ended.

    In seconds since the machine started, or on systems but Linux in Unix seconds: a clock that is
    set while a process runs must not make another one of it.
    """
    try:
        process = psutil.Process(pid)
        origin = psutil.boot_time() if psutil.LINUX else 0.0
        return 0.0 if ended(process) else max(process.create_time() - origin, 0.01)
    except psutil.Error:
        return 0.0


def alive(pid: int, since: float) -> bool:
    """Whether the process `pid` that started at `since` is still there."""
    found = started(pid)
    return found > 0 and abs(found - since) < ROUNDING


def ended(process: psutil.Process) -> bool:
    """Whether a process is gone, or a zombie that only waits to be asked for its exit code."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def command(words: Sequence[str]) -> str:
    """A process's arguments as a user gives them: without the folders of its program."""
    program = Path(words[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    return " ".join([name, *words[1:]])


def told(line: str) -> str:
    """The same of arguments joined by spaces, whose program may have spaces in its path."""
    ends = [*(at for at, sign in enumerate(line) if sign == " "), len(line)]
    # os.path and not Path: another user's folder, or a name that is too long, is no file either.
    end = next((end for end in ends if os.path.isfile(line[:end])), ends[0])  # noqa: PTH113
    return command([line[:end], *line[end:].split()])


def ancestors() -> list[psutil.Process]:
    """This process, the one that started it, and so on."""
    this = psutil.Process()
    return [this, *this.parents()]
