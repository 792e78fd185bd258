"""A command ends in good order: on Ctrl-C, SIGTERM, SIGHUP, and with the DVC that started it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psutil

from mwm.runtime import locks, processes

GRACE = 10.0  # seconds in which a command may tidy up once its DVC is gone
WATCH = 0.5  # seconds between two looks at that DVC
WATCHER = "watch DVC"  # name of the thread that looks


class Terminated(KeyboardInterrupt):
    """SIGTERM came, or the terminal was closed: end as by Ctrl-C."""


@contextmanager
def orderly() -> Iterator[None]:
    """In the block SIGTERM raises `Terminated`, as does the end of DVC; claims end with the block.

    So does SIGHUP, which comes when the terminal is closed, unless it is ignored (`nohup`).
    A command that another command calls leaves this to the outer one.
    """
    before = signal.getsignal(signal.SIGTERM)
    if before is _terminate or threading.current_thread() is not threading.main_thread():
        yield
        return
    hung_up = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGTERM, _terminate)
    if hung_up is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _terminate)
    try:
        _end_with_dvc()
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGHUP, hung_up)
        locks.release_all()


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    for sent in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sent, signal.SIG_IGN)  # once is enough; tidying up goes on
    signal.alarm(round(GRACE))  # whatever becomes of the exception, this is the end
    raise Terminated


def _end_with_dvc() -> None:
    """Watch the DVC that runs this stage, and the shells in between: a stage must not outlive them.

    Nobody would commit what it writes, and the next `dvc repro` starts it a second time. The same
    of an engine's worker, which names itself (MWM_WATCH).
    """
    worker = os.environ.get("MWM_WATCH")
    if "DVC_STAGE" not in os.environ and not worker:
        return
    try:
        watched = [psutil.Process(int(worker))] if worker else _up_to_dvc()
    except psutil.AccessDenied:
        return  # a system that does not let us look
    except (psutil.NoSuchProcess, ProcessLookupError):
        os.kill(os.getpid(), signal.SIGTERM)  # it is gone already
        return
    threading.Thread(target=_outlive, args=(watched,), name=WATCHER, daemon=True).start()


def computing() -> bool:
    """Whether threads of this process are at work beside this one."""
    return any(
        thread is not threading.current_thread() and thread.name != WATCHER
        for thread in threading.enumerate()
    )


def _up_to_dvc() -> list[psutil.Process]:
    """The processes above this one, up to DVC: the first that was not started as part of a stage.

    Raises:
        psutil.NoSuchProcess, ProcessLookupError: DVC has ended; what stands in its place is of
            another session.
    """
    above = []
    for process in processes.ancestors()[1:]:
        if os.getsid(process.pid) != os.getsid(0):
            break
        above.append(process)
        if "DVC_STAGE" not in process.environ():
            return above
    raise psutil.NoSuchProcess(os.getppid())


def folder_of_dvc() -> Path | None:
    """The folder in which the DVC that runs this stage was started; None if it cannot be known."""
    try:
        return Path(_up_to_dvc()[-1].cwd())
    except (psutil.Error, ProcessLookupError):
        return None


def _outlive(watched: list[psutil.Process]) -> None:
    while not any(map(processes.ended, watched)):
        time.sleep(WATCH)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)  # the main thread may be in a long call that hears no signal
    os._exit(128 + signal.SIGTERM)
