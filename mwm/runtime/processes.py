"""Which process is which: a number alone is given to another process sooner or later."""

from collections.abc import Sequence
from pathlib import Path

import psutil

ROUNDING = 2.0  # seconds by which a start that was read twice may differ, as the clock is adjusted


def started(pid: int) -> float:
    """When the process `pid` started, in Unix seconds; 0 if there is none, or it has ended."""
    try:
        process = psutil.Process(pid)
        return 0.0 if ended(process) else float(process.create_time())
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
    end = next((end for end in ends if Path(line[:end]).is_file()), ends[0])
    return command([line[:end], *line[end:].split()])


def ancestors() -> list[psutil.Process]:
    """This process, the one that started it, and so on."""
    this = psutil.Process()
    return [this, *this.parents()]
