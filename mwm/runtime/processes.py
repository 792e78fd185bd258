"""Which process is which: a number alone is given to another process sooner or later."""

import psutil

ROUNDING = 2.0  # seconds by which a start that was read twice may differ, as the clock is adjusted


def started(pid: int) -> float:
    """When the process `pid` started, in Unix seconds; 0 if there is none."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def alive(pid: int, since: float) -> bool:
    """Whether the process `pid` that started at `since` is still there."""
    return since > 0 and abs(started(pid) - since) < ROUNDING


def ancestors() -> list[psutil.Process]:
    """This process, the one that started it, and so on."""
    this = psutil.Process()
    return [this, *this.parents()]
