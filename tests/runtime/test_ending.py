"""A signal to end is heard once; what follows it while a command tidies up changes nothing."""

import os
import signal
import threading
from pathlib import Path

import pytest

from mwm.runtime import lockfile, locks
from mwm.runtime.signals import GRACE, Terminated, orderly
from mwm.runtime.state import state

ENDING = (signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("first", ENDING)
def test_a_second_signal_does_not_end_the_tidying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: signal.Signals
) -> None:
    """A closed terminal sends SIGHUP, and systems a SIGTERM more: nothing is left half-written."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("DVC_STAGE", raising=False)
    before, tidied = [signal.getsignal(each) for each in ENDING], []

    def work() -> None:
        locks.claim(tmp_path / "out.h5")
        try:
            os.kill(os.getpid(), first)
            threading.Event().wait(5)
        finally:
            for each in ENDING:
                os.kill(os.getpid(), each)
            tidied.append(signal.alarm(round(GRACE)))
            tidied.append(lockfile.holder(*state("locks").iterdir()))

    with pytest.raises(Terminated), orderly():
        work()
    seconds, holder = tidied
    assert 0 < seconds <= GRACE, "a call that never returns would keep it for ever"
    assert holder, "others wait until all is tidy"
    assert signal.alarm(0) == 0, "it would end whatever comes after the command"
    assert [signal.getsignal(each) for each in ENDING] == before
    assert lockfile.holder(*state("locks").iterdir()) is None


def test_a_command_within_a_command_leaves_signals_and_claims_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("DVC_STAGE", raising=False)
    with orderly():
        locks.claim(tmp_path / "out.h5")
        (lock,) = state("locks").iterdir()
        ours = signal.getsignal(signal.SIGTERM)
        with orderly():
            pass
        assert signal.getsignal(signal.SIGTERM) is ours
        assert lockfile.holder(lock)
