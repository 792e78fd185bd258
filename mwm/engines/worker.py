"""Do a job of the store in a workspace of its own: `python -m mwm.engines.worker JOB ATTEMPT`.

The command's files come from the store, by hash; its outputs go there, each under a temporary name
until it is whole; the receipt comes last. Whoever finds a receipt finds what it names.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from mwm import MwmError
from mwm.engines import publishing
from mwm.engines.job import (
    MARK,
    Job,
    Made,
    Receipt,
    failure_path,
    log_path,
    machine,
    read_job,
    receipt_path,
    versions,
)
from mwm.engines.store import Store, md5_of
from mwm.io import system
from mwm.io.spawn import usable_cores
from mwm.runtime.kernels import processor

SCRATCH = "MWM_SCRATCH"  # a folder for workspaces; that of temporary files if it is not set
LOOK = 0.5  # seconds between two looks at the command, and at who started this worker
GRACE = 15  # seconds that the command has to end by itself
STOPPED = 143
# What engines set for their own ends and a stage sets for itself, or must not see.
DROPPED = ("OMP_NUM_THREADS", "PYTHONPATH", "DVC_STAGE")


class StopError(Exception):
    """This worker is to end: a signal came, or who started it is gone."""


def work(path: Path, attempt: str) -> int:
    """Do the job in the file `path`; leave a log and, unless stopped, a receipt beside it.

    Returns:
        The exit code.
    """
    try:
        failure_path(path.parent, attempt).unlink(missing_ok=True)  # if Slurm started it again
        with log_path(path.parent, attempt).open("a", encoding="utf-8", buffering=1) as log:
            return _logged(path, attempt, log)
    except MwmError as error:  # of a store that is full
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:  # or not there
        print(f"error: {path.parent}: {system.told(error) or error}", file=sys.stderr)
    return 1


def _logged(path: Path, attempt: str, log: IO[str]) -> int:
    store = Store(path.parents[3])
    outs: list[Made] = []
    began = time.monotonic()
    try:
        job = read_job(path)
        store = Store(store.folder, job.group)
        _check_node(job)
        outs, code, said = _performed(job, store, log), 0, ""
    except StopError:
        print("stopped: the next attempt goes on from the last checkpoint", file=log)
        return STOPPED
    except _CommandError as error:
        code, said = error.code, ""
    except (MwmError, OSError) as error:
        code, said = 1, _told(error)
        print(f"error: {said}", file=log)
    receipt = Receipt(code, said, round(time.monotonic() - began, 1), machine(), outs)
    place = failure_path if code else receipt_path
    content = json.dumps(asdict(receipt), indent=1).encode()
    store.put_bytes(content, place(path.parent, attempt))
    return code


def _told(error: MwmError | OSError) -> str:
    return str(error) if isinstance(error, MwmError) else system.told(error) or str(error)


class _CommandError(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


def _check_node(job: Job) -> None:
    """Stop where results would be others, or where a stage would wait for cores.

    Raises:
        MwmError: another version of Python or of a package, or fewer cores than the job has.
    """
    if (found := usable_cores()) < job.cores:
        raise MwmError(
            f"{machine()['host']}: expected {job.cores} cores for {job.name}, found {found}; the "
            "cluster gave it fewer than it was asked for"
        )
    here = versions()
    for name, wanted in job.versions.items():
        if here.get(name) != wanted:
            raise MwmError(
                f"{machine()['host']}: expected {name} {wanted}, which the head has, found "
                f"{here.get(name, 'none')}; use the same environment on every node"
            )


def _performed(job: Job, store: Store, log: IO[str]) -> list[Made]:
    with _workspace() as folder:
        for file in (*job.deps, *job.beside):
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source := store.find(file.md5), target)
            if md5_of(target) != file.md5:
                raise MwmError(f"{source}: expected content of its name, found other; delete it")
            target.chmod(0o755 if file.executable else 0o644)
        for out in job.outs:
            (folder / out).parent.mkdir(parents=True, exist_ok=True)
        checkpoints = store.make_folder(job.checkpoints(store))
        _mark(checkpoints, store, log)
        here = folder / job.folder
        here.mkdir(parents=True, exist_ok=True)
        for command in job.commands:
            whole = f"{command} --part {job.part}" if job.part else command
            _run(whole, here, _environment(folder, checkpoints), log, store.group)
        for file in job.deps:
            if not (folder / file.path).is_file() or md5_of(folder / file.path) != file.md5:
                raise MwmError(f"{file.path}: expected a dep that its stage leaves alone")
        outs = [] if job.part else job.outs
        return [publishing.publish(folder, out, store) for out in outs]


def _mark(checkpoints: Path, store: Store, log: IO[str]) -> None:
    """Note on what processor checkpoints were made; on another, tell that they may not serve."""
    mark, here = checkpoints / MARK, processor()
    if mark.is_file() and (before := mark.read_text(encoding="utf-8")) != here:
        print(f"note: checkpoints are of {before}; on {here} it may start from zero", file=log)
    with store.publishing(mark) as temporary:
        temporary.write_text(here, encoding="utf-8")


@contextmanager
def _workspace() -> Iterator[Path]:
    root = os.environ.get(SCRATCH)
    with tempfile.TemporaryDirectory(prefix="mwm-", dir=root, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _environment(folder: Path, checkpoints: Path) -> dict[str, str]:
    here = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    return kept | {
        "PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)]),
        "DVC_ROOT": str(folder),
        "MWM_CHECKPOINTS": str(checkpoints),
        "MWM_WATCH": str(os.getpid()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _run(
    command: str, folder: Path, environment: dict[str, str], log: IO[str], group: bool
) -> None:
    """Run one command of the stage; end it if this worker is to end.

    With `group` others may go on from the checkpoints that it leaves, whatever this user's umask.

    Raises:
        StopError: it is.
        _CommandError: the command failed.
    """
    print(f"> {command}", file=log)
    parent, stopped = os.getppid(), []
    for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sent, lambda number, frame: stopped.append(number))
    process = subprocess.Popen(
        command,
        shell=True,
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
            if stopped or os.getppid() != parent:
                raise StopError
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK)
    finally:
        _end(process)
    if process.returncode:
        time.sleep(LOOK)  # Slurm tells command and worker at once
        if stopped:
            raise StopError
        raise _CommandError(
            process.returncode if process.returncode > 0 else 128 - process.returncode
        )


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


if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1]), sys.argv[2]))
