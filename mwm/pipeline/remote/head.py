"""Stages by an engine: the head prepares each as jobs, waits for their receipts, and records it."""

import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from signal import Signals
from typing import Any

from mwm import MwmError
from mwm.engines.attempt import Receipt
from mwm.engines.base import Engine
from mwm.engines.cluster import Cluster
from mwm.engines.job import Job
from mwm.engines.store import Store
from mwm.pipeline import project
from mwm.pipeline.child import Ended, Heard, Said
from mwm.pipeline.remote.attempts import Work
from mwm.pipeline.remote.jobs import changed, parts, prepare, store_of
from mwm.pipeline.remote.receipts import known
from mwm.pipeline.remote.recording import is_whole, record, recorded
from mwm.runtime import faults

_dvc = threading.Lock()  # one thread at a time uses DVC's classes


class Remote:
    """A stage at work elsewhere: `heard` gets its lines, and then its end, as of a `Child`."""

    def __init__(
        self,
        stage: str,
        heard: Heard,
        engine: Engine,
        cluster: Cluster,
        room: threading.Semaphore,
        certain: bool,
    ) -> None:
        """Start.

        Args:
            stage: its name.
            heard: gets what becomes of it.
            engine: starts its workers.
            cluster: what to ask it for.
            room: for as many workers as may be there at once.
            certain: whether it runs though its deps are those of dvc.lock.
        """
        self._stage, self._heard, self._certain = stage, heard, certain
        self._engine, self._cluster, self._room = engine, cluster, room
        self._works: list[Work] = []
        self._stopped = False
        self._changing = threading.Lock()  # of these two
        threading.Thread(target=self._perform, daemon=True).start()

    def send(self, number: Signals) -> None:
        """End the stage; at once by SIGKILL."""
        with self._changing:
            self._stopped = True
        self._stop_works(at_once=number == Signals.SIGKILL)

    def _perform(self) -> None:
        began, code, ran = time.monotonic(), 1, True
        seconds: float | None = None
        try:
            with _dvc, project.opened(wait=False) as repo:
                stage = _named(repo, self._stage)
                before = recorded(stage)
                prepared, store = prepare(repo, stage, self._cluster), store_of(repo)
                now = {path: read.hash_info for path, read in prepared.read.items()}
                again = stage.always_changed or stage.is_callback
                ran = self._certain or before != now or not is_whole(stage, store)
                several = parts(stage, prepared.job, self._cluster)
            if ran:
                receipt = None if again else known(prepared.job, store)
                ran = receipt is None
                receipt = receipt or self._worked(prepared.job, several, store)
                if not several:
                    seconds = receipt.seconds  # without its time in the queue
                with _dvc, project.opened() as repo:
                    record(repo, _named(repo, self._stage), prepared, receipt, store)
            code = 0
        except (MwmError, OSError) as error:  # of a file: others at work go on
            told = str(error) if isinstance(error, MwmError) else faults.told(error)
            self._say(f"error: {told}")
        except Exception as error:  # of this thread nobody else would hear
            self._heard.put(error)
            return
        if seconds is None:
            seconds = time.monotonic() - began
        self._heard.put(Ended(self._stage, code, seconds if ran else None, False))

    def _worked(self, job: Job, several: list[Job], store: Store) -> Receipt:
        """The receipt of a stage, whose parts leave checkpoints from which it goes on."""
        if several:
            with ThreadPoolExecutor(len(several)) as pool:
                ends = [pool.submit(self._done, each, store) for each in several]
                ended, left = wait(ends, return_when=FIRST_EXCEPTION)
                if left:
                    self._stop_works(at_once=False)
            for end in ended:
                end.result()
        return self._done(job, store)

    def _done(self, job: Job, store: Store) -> Receipt:
        said = self._say if not job.part else lambda line: self._say(f"part {job.part}: {line}")
        work = Work(job, store, self._engine, self._room, said)
        with self._changing:
            self._works.append(work)
            if self._stopped:
                work.stop(at_once=False)
        return work.done()

    def _stop_works(self, at_once: bool) -> None:
        with self._changing:
            works = list(self._works)
        for work in works:
            work.stop(at_once)

    def _say(self, line: str) -> None:
        self._heard.put(Said(self._stage, line))


def _named(repo: Any, stage: str) -> Any:
    from dvc.lock import LockError

    # A `dvc repro` beside this writes dvc.lock in place; a `dvc push`, which takes hours, does not.
    with suppress(LockError), repo.lock:
        repo.index.stages  # noqa: B018
    found = next((each for each in repo.index.stages if each.addressing == stage), None)
    if found is None:
        raise changed(stage)
    return found
