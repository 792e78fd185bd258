"""Do a job of the store in a workspace of its own: `python -m mwm.engines.worker JOB ATTEMPT`.

The command's files come from the store, by hash; its outputs go there, each under a temporary name
until it is whole; the receipt comes last. Whoever finds a receipt finds what it names.
"""

import os
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import IO

from mwm import MwmError
from mwm.engines import command, node, publishing
from mwm.engines.attempt import Attempt, Made, Receipt
from mwm.engines.command import CommandError, StopError, Watch
from mwm.engines.job import MARK, Job, read_job
from mwm.engines.store import Store, md5_of
from mwm.engines.workspace import workspace
from mwm.io import system
from mwm.runtime.kernels import processor

STOPPED = 143
# What engines set for their own ends and a stage sets for itself, or must not see.
DROPPED = ("OMP_NUM_THREADS", "PYTHONPATH", "DVC_STAGE")


def work(path: Path, name: str) -> int:
    """Do the job in the file `path`; leave a log and, unless stopped, a receipt beside it.

    Args:
        path: job.json.
        name: of this attempt.

    Returns:
        The exit code.
    """
    watch, attempt = Watch(), Attempt(path.parent, name)
    try:
        if attempt.success.is_file():  # Slurm started it again after it had ended well
            return 0
        attempt.failure.unlink(missing_ok=True)
        with attempt.log.open("a", encoding="utf-8", buffering=1) as log:
            return _logged(path, attempt, watch, log)
    except MwmError as error:  # of a store that is full
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:  # or not there
        print(f"error: {path.parent}: {system.told(error) or error}", file=sys.stderr)
    return 1


def _logged(path: Path, attempt: Attempt, watch: Watch, log: IO[str]) -> int:
    store = Store(path.parents[3])
    outs: list[Made] = []
    began = time.monotonic()
    try:
        job = read_job(path)
        store = Store(store.folder, job.group)
        node.check(job)
        outs, code, said = _performed(job, store, watch, log), 0, ""
    except StopError:
        print("stopped: the next attempt goes on from the last checkpoint", file=log)
        return STOPPED
    except CommandError as error:
        code, said = error.code, ""
    except (MwmError, OSError) as error:
        code, said = 1, _told(error)
        print(f"error: {said}", file=log)
    seconds = round(time.monotonic() - began, 1)
    attempt.write(Receipt(code, said, seconds, node.machine(), outs), store)
    return code


def _told(error: MwmError | OSError) -> str:
    """What happened; of a node's own disk, where."""
    if isinstance(error, MwmError):
        return str(error)
    path = error.filename2 or error.filename  # of a copy, what was being written
    where = f"{os.fsdecode(path)}: " if isinstance(path, str | bytes) else ""
    return f"{socket.gethostname()}: {where}{system.told(error) or error}"


def _performed(job: Job, store: Store, watch: Watch, log: IO[str]) -> list[Made]:
    with workspace() as folder:
        for name in job.folders:
            (folder / name).mkdir(parents=True, exist_ok=True)
        for file in (*job.deps, *job.beside):
            watch.refuse_stopped()
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
        for each in job.commands:
            last = each is job.commands[-1]
            whole = f"{each} --part {job.part}" if job.part and last else each
            environment = _environment(folder, checkpoints)
            words = command.in_shell(job.shell, whole)
            command.run(words, here, environment, log, watch, store.group)
        for file in job.deps:
            if not (folder / file.path).is_file() or md5_of(folder / file.path) != file.md5:
                raise MwmError(f"{file.path}: expected a dep that its stage leaves alone")
        outs = [] if job.part else job.outs
        return [publishing.publish(folder, out, store) for out in outs]


def _mark(checkpoints: Path, store: Store, log: IO[str]) -> None:
    """Note on what processor checkpoints were made; on another, tell that they may not serve."""
    mark, here = checkpoints / MARK, processor()
    before = mark.read_text(encoding="utf-8") if mark.is_file() else None
    if before == here:
        return
    if before is not None:
        print(f"note: checkpoints are of {before}; on {here} it may start from zero", file=log)
    with store.publishing(mark) as temporary:
        temporary.write_text(here, encoding="utf-8")


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


if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1]), sys.argv[2]))
