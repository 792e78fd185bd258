"""A job until its receipt is there: workers are started, watched, and started anew."""

import codecs
import io
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mwm import MwmError
from mwm.engines.attempt import Attempt, Receipt
from mwm.engines.base import End, Engine, Task
from mwm.engines.job import MARK, Job
from mwm.engines.store import Store, inside, md5_of
from mwm.pipeline.remote import receipts
from mwm.pipeline.remote.watching import Note

TRIES = 2  # workers that may vanish one after the other, with no new checkpoint in between
MOST = 200  # ... and with some: parts of one stage have their checkpoints in one folder
SOON = 5.0  # seconds to wait for a receipt that may never have been written


class Work:
    """A job that is to be done by an engine's workers, one after the other."""

    def __init__(
        self,
        job: Job,
        store: Store,
        engine: Engine,
        room: threading.Semaphore,
        say: Callable[[str], None],
    ) -> None:
        """Prepare it.

        Args:
            job: what is to be done.
            store: where workers find it.
            engine: starts workers.
            room: for as many workers as may be there at once.
            say: gets the lines of workers.
        """
        self._job, self._store, self._engine, self._room = job, store, engine, room
        self._say = say
        self._task: Task | None = None
        self._stopped = threading.Event()

    def stop(self, at_once: bool) -> None:
        """End it; `done` raises then."""
        self._stopped.set()
        if self._task:
            self._task.stop(at_once)

    def done(self) -> Receipt:
        """Do it.

        Raises:
            MwmError: it failed, or its workers vanished and left nothing new to go on from.
        """
        path = self._job.write(self._store)
        tries, workers, saved, known = 0, 0, self._saved(), ""
        while tries < TRIES and workers < MOST:
            name = uuid.uuid4().hex[:12]
            with self._worker():
                self._task = self._engine.submit(path, name, self._job.name, self._job.cores)
                if self._stopped.is_set():  # in between
                    self._task.stop(at_once=False)
                receipt, known = self._receipt(self._task, Attempt(path.parent, name))
            if receipt is None:
                self._refuse_stopped()
                self._say(f"its worker ended before the stage did ({known})")
                before, saved = saved, self._saved()
                further = any(md5 != before.get(name) for name, md5 in saved.items())
                tries, workers = 0 if further else tries + 1, workers + 1
                continue
            if receipt.code:
                raise MwmError(receipt.said or f"exit code {receipt.code}, see {path.parent}")
            receipts.verify(receipt.outs, self._store)
            return receipt
        raise MwmError(f"{workers} workers ended before the stage did ({known}); see {path.parent}")

    def _saved(self) -> dict[str, str]:
        """The hashes of its checkpoints, by path: a worker that got further leaves others.

        Notes beside them and files that were not finished are left out: those always differ.
        """
        found = {}
        for name, path in inside(self._job.checkpoints(self._store)).items():
            if path.name != MARK and path.suffix != ".json" and not path.name.startswith("."):
                with suppress(OSError):  # it went meanwhile, or is another user's alone
                    found[name] = md5_of(path)
        return found

    @contextmanager
    def _worker(self) -> Iterator[None]:
        """Wait until there is room for one more worker."""
        self._refuse_stopped()
        while not self._room.acquire(timeout=receipts.LOOK):
            self._refuse_stopped()
        try:
            yield
        finally:
            self._room.release()

    def _refuse_stopped(self) -> None:
        if self._stopped.is_set():
            raise MwmError("interrupted; the next run goes on from the last checkpoint")

    def _ended(self, task: Task) -> End | None:
        """How a task ended; one that its engine cannot tell of is stopped, or it goes on unseen."""
        try:
            return task.ended()
        except BaseException:
            self._refuse_stopped()  # by this head, and so cancelled
            task.stop(at_once=False)
            raise

    def _receipt(self, task: Task, attempt: Attempt) -> tuple[Receipt | None, str]:
        """The receipt of an attempt, whose lines are told meanwhile; and what the engine knows."""
        lines = _Tail(attempt.log)
        with Note(self._job.name) as note:
            while True:
                known = self._ended(task)
                receipt = receipts.found(attempt.success)
                for line in lines.new(last=bool(known or receipt)):
                    note.take(line)
                    self._say(line)
                if receipt:
                    return receipt, ""
                if known is not None:
                    break
                time.sleep(receipts.LOOK)
        patience = 0.0 if self._stopped.is_set() else receipts.LATE if known.well else SOON
        deadline = time.monotonic() + patience
        paths = [attempt.success]
        if not known.well:  # else a failure is that of a node that was cut off
            paths.append(attempt.failure)
        while True:
            for path in paths:
                if receipt := receipts.found(path):
                    return receipt, ""
            if time.monotonic() >= deadline:
                return None, known.said
            with suppress(OSError):
                list(attempt.folder.iterdir())  # makes NFS look again
            time.sleep(receipts.LOOK)


class _Tail:
    """The lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, 0, ""
        utf8 = codecs.getincrementaldecoder("utf-8")("replace")  # half a character waits
        self._decoder = io.IncrementalNewlineDecoder(utf8, translate=True)  # as of a progress bar

    def new(self, last: bool) -> Iterator[str]:
        """Whole lines since the last call; of the last call also one that never ended."""
        with suppress(OSError), self._path.open("rb") as file:
            file.seek(self._at)
            text = self._rest + self._decoder.decode(file.read(), final=last)
            self._at = file.tell()
            *lines, self._rest = text.split("\n")
            yield from (line for line in [*lines, self._rest * last] if line.strip())
