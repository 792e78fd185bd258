"""Stages by an engine: the head prepares each as a job, waits for its receipt, and records it."""

import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from signal import Signals
from typing import Any

from mwm import MwmError
from mwm.engines.base import Engine, Task
from mwm.engines.cluster import Cluster
from mwm.engines.job import Made, Receipt, log_path, read_receipt, receipt_path
from mwm.engines.store import Store
from mwm.pipeline import project
from mwm.pipeline.cache import listed
from mwm.pipeline.child import Ended, Heard, Said
from mwm.pipeline.jobs import Prepared, prepare, store_of
from mwm.pipeline.recording import record, recorded
from mwm.pipeline.watching import Note

LOOK = 0.5  # seconds between two looks at a task
TRIES = 2  # of a stage whose worker ended within ...
PROGRESS = 120.0  # ... so many seconds; after more, another goes on from the last checkpoint
LATE = 60.0  # seconds by which a network's file system may show a file late
SOON = 5.0  # the same of a receipt that may never have been written
_dvc = threading.Lock()  # one thread at a time uses DVC's classes
RECEIPT = re.compile(r"[0-9a-f]{12}\.json")


class Remote:
    """A stage at work elsewhere: `heard` gets its lines, and then its end, as of a `Child`."""

    def __init__(
        self, stage: str, heard: Heard, engine: Engine, cluster: Cluster, certain: bool
    ) -> None:
        """Start.

        Args:
            stage: its name.
            heard: gets what becomes of it.
            engine: starts its worker.
            cluster: what to ask it for.
            certain: whether it runs though its deps are those of dvc.lock.
        """
        self._stage, self._heard, self._certain = stage, heard, certain
        self._engine, self._cluster = engine, cluster
        self._task: Task | None = None
        self._stopped = threading.Event()
        threading.Thread(target=self._perform, daemon=True).start()

    def send(self, number: Signals) -> None:
        """End the stage; at once by SIGKILL."""
        self._stopped.set()
        if self._task:
            self._task.stop(at_once=number == Signals.SIGKILL)

    def _perform(self) -> None:
        began, code, ran = time.monotonic(), 1, True
        try:
            with _dvc, project.opened() as repo:
                stage = _named(repo, self._stage)
                before = recorded(stage)
                prepared, store = prepare(repo, stage, self._cluster), store_of(repo)
                now = {path: read.hash_info for path, read in prepared.read.items()}
                ran = self._certain or before != now
            if ran:
                receipt = _known(prepared, store)
                ran = receipt is None
                receipt = receipt or self._worked(prepared, store)
                with _dvc, project.opened() as repo:
                    record(repo, _named(repo, self._stage), prepared, receipt, store)
            code = 0
        except MwmError as error:
            self._say(f"error: {error}")
        except Exception as error:  # of this thread nobody else would hear
            self._heard.put(error)
            return
        self._heard.put(Ended(self._stage, code, time.monotonic() - began if ran else None, False))

    def _worked(self, prepared: Prepared, store: Store) -> Receipt:
        """The receipt of a stage that ended well.

        Raises:
            MwmError: it failed, or its worker vanished, twice.
        """
        job = prepared.job
        path = job.write(store)
        tries = 0
        while tries < TRIES:
            attempt, began = uuid.uuid4().hex[:12], time.monotonic()
            self._refuse_stopped()
            self._task = self._engine.submit(path, attempt, self._stage, job.cores)
            if self._stopped.is_set():  # in between
                self._task.stop(at_once=False)
            receipt, known = self._receipt(path.parent, attempt)
            if receipt is None:
                self._refuse_stopped()
                self._say(f"its worker ended before the stage did ({known})")
                tries += time.monotonic() - began < PROGRESS  # else its time was over, perhaps
                continue
            if receipt.code:
                raise MwmError(receipt.said or f"exit code {receipt.code}, see {path.parent}")
            _verify(receipt.outs, store)
            return receipt
        raise MwmError(f"{TRIES} workers ended before the stage did; see {path.parent}")

    def _refuse_stopped(self) -> None:
        if self._stopped.is_set():
            raise MwmError("interrupted; the next run goes on from the last checkpoint")

    def _receipt(self, place: Path, attempt: str) -> tuple[Receipt | None, str]:
        """The receipt of an attempt, whose lines are told meanwhile; and what the engine knows."""
        assert self._task
        lines = _Tail(log_path(place, attempt))
        with Note(self._stage) as note:
            while True:
                known = self._task.ended()
                for line in lines.new():
                    note.take(line)
                    self._say(line)
                if receipt := read_receipt(receipt_path(place, attempt)):
                    return receipt, ""
                if known is not None:
                    break
                time.sleep(LOOK)
        patience = 0.0 if self._stopped.is_set() else LATE if known.well else SOON
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if receipt := read_receipt(receipt_path(place, attempt)):
                return receipt, ""
            list(place.iterdir())  # makes NFS look again
            time.sleep(LOOK)
        return None, known.said

    def _say(self, line: str) -> None:
        self._heard.put(Said(self._stage, line))


class _Tail:
    """The lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, 0, ""

    def new(self) -> Iterator[str]:
        """Whole lines since the last call."""
        with suppress(OSError), self._path.open(encoding="utf-8", errors="replace") as file:
            file.seek(self._at)
            text = self._rest + file.read()
            self._at = file.tell()
            *lines, self._rest = text.split("\n")
            yield from (line for line in lines if line.strip())


def _known(prepared: Prepared, store: Store) -> Receipt | None:
    """The receipt of an earlier attempt at the same job, if the store has all that it made."""
    place = prepared.job.place(store)
    for path in sorted(place.glob("*.json")) if place.is_dir() else ():
        if RECEIPT.fullmatch(path.name):
            with suppress(MwmError):
                receipt = read_receipt(path)
                if receipt and receipt.code == 0:
                    _verify(receipt.outs, store, patient=False)
                    return receipt
    return None


def _verify(outs: list[Made], store: Store, patient: bool = True) -> None:
    """Wait until the store shows all that a receipt names.

    Raises:
        MwmError: it does not, at once or, if `patient`, after LATE seconds.
    """
    deadline = LATE if patient else 0.0
    until = time.monotonic() + deadline
    while missing := [out.path for out in outs if not _whole(out, store)]:
        if time.monotonic() >= until:
            raise MwmError(
                f"{missing[0]}: expected it in {store.folder}, as its receipt says, found it "
                f"missing or cut off after {deadline:.0f} seconds; is this folder the same there?"
            )
        time.sleep(LOOK)


def _whole(out: Made, store: Store) -> bool:
    path = store.output(out.md5)
    if not path.is_file():
        return False
    if out.nfiles is None:
        return path.stat().st_size == out.size
    found = [store.output(md5) for md5 in listed(path).values()]
    return all(each.is_file() for each in found) and (
        sum(each.stat().st_size for each in found) == out.size
    )


def _named(repo: Any, stage: str) -> Any:
    return next(each for each in repo.index.stages if each.addressing == stage)
