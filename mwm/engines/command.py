"""One command of a stage: run it, and end it with all that it started."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

LOOK = 0.5  # seconds between two looks at the command
GRACE = 15  # seconds that the command has to end by itself
UNREAD = {"bash": ["--noprofile", "--norc"], "zsh": ["--no-rcs"], "fish": ["--no-config"]}
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopError(Exception):
    """A signal came, or who started this process is gone."""


class Watch:
    """Whether this process is to end. No signal ends it by itself from now on."""

    def __init__(self) -> None:
        """Heed signals, and who started this process."""
        self._parent, self._told = os.getppid(), False
        for sent in ENDING:
            signal.signal(sent, self._take)

    def _take(self, number: int, frame: object) -> None:
        self._told = True

    def refuse_stopped(self) -> None:
        """Raises StopError if it is to end."""
        if self._told or os.getppid() != self._parent:
            raise StopError


class CommandError(Exception):
    """The command failed.

    Attributes:
        code: its exit code, 128 and the signal's number if a signal ended it.
    """

    def __init__(self, code: int) -> None:
        """Of an exit code as `subprocess` gives it."""
        self.code = code if code > 0 else 128 - code


def in_shell(shell: str, command: str) -> list[str]:
    """The words that run a command in a shell which reads no file of its user, as DVC has them."""
    return [shell, *UNREAD.get(Path(shell).name, []), "-c", command]


def run(
    command: Sequence[str],
    folder: Path,
    environment: dict[str, str],
    log: IO[str],
    watch: Watch,
    group: bool = False,
) -> None:
    """Run one command of the stage, in words; end it if this process is to end.

    With `group` others may go on from the checkpoints that it leaves, whatever this user's umask.

    Raises:
        StopError: it is to end.
        CommandError: the command failed.
    """
    watch.refuse_stopped()
    print(f"> {command[-1]}", file=log)
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o002 if group else -1,
    )
    try:
        while process.poll() is None:
            watch.refuse_stopped()
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK)
    finally:
        _end(process)
    if process.returncode:
        time.sleep(LOOK)  # Slurm tells command and worker at once
        watch.refuse_stopped()
        raise CommandError(process.returncode)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the command and all that it started."""
    for sent, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        if process.poll() is not None:
            break
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what it left behind
