"""Receipts of workers, and whether the store has all that they name."""

import re
import time
from contextlib import suppress
from pathlib import Path

from mwm import MwmError
from mwm.engines.attempt import Made, Receipt, read_receipt
from mwm.engines.job import Job
from mwm.engines.store import Store
from mwm.pipeline.cache import listed

LOOK = 0.5  # seconds between two looks
LATE = 60.0  # seconds by which a network's file system may show a file late
RECEIPT = re.compile(r"[0-9a-f]{12}\.json")


def found(path: Path) -> Receipt | None:
    """A receipt that can be read now: a network's file system may fail for a moment."""
    with suppress(MwmError, OSError):
        return read_receipt(path)
    return None


def known(job: Job, store: Store) -> Receipt | None:
    """The receipt of an earlier attempt at the same job, if the store has all that it made."""
    place = job.place(store)
    for path in sorted(place.glob("*.json")) if place.is_dir() else ():
        if RECEIPT.fullmatch(path.name):
            with suppress(MwmError):
                receipt = read_receipt(path)
                if receipt and receipt.code == 0:
                    verify(receipt.outs, store, patient=False)
                    return receipt
    return None


def verify(outs: list[Made], store: Store, patient: bool = True) -> None:
    """Wait until the store shows all that a receipt names.

    Raises:
        MwmError: it does not, at once or, if `patient`, after LATE seconds.
    """
    deadline = LATE if patient else 0.0
    until = time.monotonic() + deadline
    while missing := [out.path for out in outs if not in_store(out, store)]:
        if time.monotonic() >= until:
            raise MwmError(
                f"{missing[0]}: expected it in {store.folder}, as its receipt says, found it "
                f"missing or cut off after {deadline:.0f} seconds; is this folder the same there?"
            )
        time.sleep(LOOK)


def in_store(out: Made, store: Store) -> bool:
    """Whether the store has all of an output, by size."""
    path = store.output(out.md5)
    if not path.is_file():
        return False
    if out.nfiles is None:
        return path.stat().st_size == out.size
    found = [store.output(md5) for md5 in listed(path).values()]
    return all(each.is_file() for each in found) and (
        sum(each.stat().st_size for each in found) == out.size
    )
