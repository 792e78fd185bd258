"""Several stages at once: how they are stopped, and how many are restored beside a cluster."""

import threading
from pathlib import Path

import pytest

from mwm.pipeline import executor
from mwm.pipeline.child import Ended, Heard
from mwm.pipeline.executor import Executor
from mwm.pipeline.plan import Step


def test_a_second_interrupt_keeps_no_stage_from_hearing_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Jobs of a cluster that had not been told yet ran on for hours."""
    monkeypatch.chdir(tmp_path)
    heard: list[str] = []

    class Job:
        def __init__(self, stage: str, ends: Heard) -> None:
            self.stage, self.ends = stage, ends
            if stage == "d":
                ends.put(KeyboardInterrupt())  # type: ignore[arg-type]

        def send(self, number: int) -> None:
            heard.append(self.stage)
            self.ends.put(Ended(self.stage, 1, None, False))
            if self.stage == "b" and threading.current_thread() is threading.main_thread():
                raise KeyboardInterrupt

    steps = [Step(name, "run", [], [], 1.0, "unknown", "") for name in "abcd"]
    with pytest.raises(KeyboardInterrupt):
        Executor(steps, 4, print, (), Job).work()
    assert sorted(heard) == list("abcd")


def test_beside_a_cluster_few_stages_are_restored_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A hundred `dvc repro` started on the login node, to wait for one lock."""
    monkeypatch.chdir(tmp_path)
    at_work: list[str] = []
    most = []

    class Restored:
        def __init__(self, stage: str, ends: Heard) -> None:
            at_work.append(stage)
            most.append(len(at_work))
            threading.Timer(0.05, self.end, (stage, ends)).start()

        def end(self, stage: str, ends: Heard) -> None:
            at_work.remove(stage)
            ends.put(Ended(stage, 0, None, False))

        def send(self, number: int) -> None: ...

    steps = [Step(str(n), "restore", [], [], 1.0, "unknown", "") for n in range(8)]
    work = Executor(steps, 100, print, (), Restored)
    work.work()
    assert len(work.restored) == 8
    assert max(most) == executor.MOST
