"""A policy's training: the same bytes twice, and after an interruption."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from mwm import seeding
from mwm.control import training
from mwm.control.games import Games, environments
from mwm.control.look import Look
from mwm.control.policy import Policy, initialise
from mwm.control.resume import Checkpoints
from mwm.control.training import Trainer
from mwm.io.checkpoints import Shelf


@pytest.fixture
def begin(setup, model, settings, tmp_path, monkeypatch) -> Any:
    """Begins the training of a fresh policy; `kept` in checkpoints at every update, or not."""
    monkeypatch.setenv("MWM_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(training, "WATCHED", 20)

    @contextmanager
    def begun(kept: bool = False) -> Iterator[tuple[Policy, Trainer, Checkpoints | None]]:
        policy = initialise(model.latent + model.module.config.memory, 6, settings.hidden, seed=1)
        shelf = Shelf(tmp_path, lambda path: None)
        seeds = partial(seeding.derive, settings.seed, "games")
        with closing(environments(setup, settings.games, workers=1)) as envs:
            games = Games(envs, model, Look("original"), seeds)
            checkpoints = Checkpoints(shelf, settings.model_dump()) if kept else None
            yield policy, Trainer(policy, games, settings), checkpoints

    return begun


class Stopping:
    """A monitor that interrupts after some updates."""

    def __init__(self, after: int, before: int = 0) -> None:
        self.after, self.before = after, before

    @contextmanager
    def __call__(self, label: str, total: int, unit: str, *, done: int = 0) -> Iterator[Any]:
        assert done == self.before, "it goes on from the checkpoint"
        self.total, self.done = total, done
        yield self

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.done += amount
        if self.done == self.after:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_an_interrupted_training_ends_with_the_same_bytes(begin, tmp_path: Path) -> None:
    with begin() as (policy, trainer, _):
        whole = trainer.train()
        expected = {name: value.clone() for name, value in policy.state_dict().items()}
    rows = whole.training
    assert [row["steps"] for row in rows] == [60 * n for n in range(1, 7)]
    assert any(row["games"] for row in rows)
    assert all(row["score"] is None or -21 <= row["score"] <= 21 for row in rows)
    for before, stop in ((0, 2), (2, 5)):
        with (
            begin(kept=True) as (policy, trainer, kept),
            pytest.raises(KeyboardInterrupt, match=f"after {stop} of 6 updates, of which {stop} a"),
        ):
            trainer.train(kept, Stopping(stop, before))
    with begin(kept=True) as (policy, trainer, kept):
        assert trainer.train(kept, Stopping(7, before=5)).training == rows
        for name, value in policy.state_dict().items():
            assert torch.equal(value, expected[name]), name
    assert list(tmp_path.rglob("latest.safetensors"))
