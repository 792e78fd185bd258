"""The smoother: codes that do not fit those before and after them are mended, others stay."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_world import as_is, look_at, misread, states_of_play

from mwm import ArtefactError, MwmError
from mwm.io.checkpoints import Shelf
from mwm.settings.train import Smooth
from mwm.smoothing import smoother, training
from mwm.smoothing.misreadings import Misread
from mwm.smoothing.smoother import OFFSETS, REACH, Smoother, once
from mwm.smoothing.training import Lessons, train

ACTIONS = 3


def brief(steps: int) -> Smooth:
    return Smooth(steps=steps, windows=128, hidden=64, learning_rate=0.004)


def test_the_middle_of_a_window_is_what_was_there() -> None:
    """Misread codes are recognisable here: they are all beyond 100."""
    codes = look_at(*states_of_play(1), as_is)
    wrong = torch.full((2, *codes.z.shape), 100.0)
    wrong = Misread(elsewhere=wrong, beside=codes.z.expand_as(wrong))
    lessons = Lessons(codes, wrong, np.random.default_rng(0), torch.Generator().manual_seed(0))
    x, actions, truth = lessons.draw(2000)
    assert truth.abs().max() < 10
    known = {tuple(row) for row in codes.z.tolist()}
    assert all(tuple(row) in known for row in truth.tolist())
    share = (x > 50).any(2).float().mean()
    assert 0.1 < share < 0.6
    whole = (x < 50).all(2).all(1)
    assert whole.any()
    assert ((x[whole][:, smoother.MIDDLE] - truth[whole]).abs().median()) < training.NOISE
    assert actions.shape == x.shape[:2]


def test_the_same_bytes_twice_and_after_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MWM_CHECKPOINT_SECONDS", "0")
    codes = look_at(*states_of_play(1), as_is)
    settings = brief(60)
    whole = train(codes, misread(codes), ACTIONS, settings, seed=0)
    shelf = Shelf(tmp_path, lambda folder: None)

    def interrupt(steps: int, note: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(codes, misread(codes), ACTIONS, settings, 0, interrupt, shelf)
    said: list[int] = []
    drawn = Lessons.draw
    count: list[int] = []
    monkeypatch.setattr(Lessons, "draw", lambda *a: count.append(1) or drawn(*a))
    again = train(
        codes, misread(codes), ACTIONS, settings, 0, lambda n, note: said.append(n), shelf
    )
    assert len(count) < 20, "it went on from the checkpoint"
    assert sum(said) == settings.steps
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_rate_that_ruins_it_is_told() -> None:
    codes = look_at(*states_of_play(1), as_is)
    settings = brief(5).model_copy(update={"learning_rate": 1e30})
    with pytest.raises(MwmError, match=r"smooth: step 5: expected a finite loss, found"):
        train(codes, misread(codes), ACTIONS, settings, 0)


def test_it_is_kept_and_read(tmp_path: Path) -> None:
    one = Smoother(2, ACTIONS, 8)
    smoother.save(one, tmp_path, {})
    first = (tmp_path / smoother.WEIGHTS).read_bytes()
    two = smoother.load(tmp_path, 2, ACTIONS, 8)
    assert all(torch.equal(v, two.state_dict()[k]) for k, v in one.state_dict().items())
    smoother.save(two, tmp_path, {})
    assert (tmp_path / smoother.WEIGHTS).read_bytes() == first
    with pytest.raises(ArtefactError, match=r"embed.0.weight: expected .*\(256, 3\)"):
        smoother.load(tmp_path, 3, ACTIONS, 8)


def test_none_is_told_where_one_is_needed(tmp_path: Path) -> None:
    smoother.save(None, tmp_path, {})
    with pytest.raises(ArtefactError, match="not found"):
        smoother.load(tmp_path, 2, ACTIONS, 8)


def test_many_codes_are_mended_as_each_window_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes are embedded once for all windows that read them."""
    monkeypatch.setattr(smoother, "PART", 7)
    codes = look_at(*states_of_play(1), as_is)
    one, at = Smoother(2, ACTIONS, 8), codes.indices(REACH, REACH)[:50]
    with torch.no_grad():
        mended = once(one, codes, at)
        for frame in at.tolist():
            window = frame + OFFSETS
            expected = one(codes.z[None, window], codes.actions[None, window])
            assert torch.allclose(mended[[frame]], expected, atol=1e-5)
    rest = torch.ones(len(codes.z), dtype=torch.bool)
    rest[at] = False
    assert torch.equal(mended[rest], codes.z[rest])


def test_the_rate_of_a_smoother_falls_over_its_second_half(monkeypatch):
    rates, update = [], torch.optim.Adam.step
    monkeypatch.setattr(
        torch.optim.Adam,
        "step",
        lambda self: rates.append(self.param_groups[0]["lr"]) or update(self),
    )
    codes = look_at(*states_of_play(1), as_is)
    settings = Smooth(steps=8, windows=4, hidden=4, learning_rate=0.004)
    train(codes, misread(codes), 3, settings, seed=0)
    assert rates == pytest.approx([0.004] * 5 + [0.003, 0.002, 0.001])


def test_the_loss_counts_by_precision():
    codes = look_at(*states_of_play(1), as_is)
    codes = replace(codes, precision=torch.tensor([1.0, 0.0]))
    settings = Smooth(steps=1, windows=4, hidden=4, learning_rate=0.004)
    smoother = train(codes, misread(codes), 3, settings, seed=0)
    assert smoother.kept[0] != 1
    assert smoother.kept[1] == 1, "by what does not show, nothing is learned"


def test_lessons_are_drawn_by_the_weights_of_their_middles():
    codes = look_at(*states_of_play(1), as_is)
    weights = torch.zeros(len(codes.z), dtype=torch.float64)
    weights[[100, 5000]] = torch.tensor([1.0, 3.0], dtype=torch.float64)
    codes = replace(codes, weights=weights)
    wrong = SimpleNamespace(elsewhere=codes.z[None], beside=codes.z[None])
    rng = torch.Generator().manual_seed(0)
    truth = Lessons(codes, wrong, np.random.default_rng(0), rng).draw(2000)[2]
    late = (truth == codes.z[5000]).all(1)
    assert ((truth == codes.z[100]).all(1) | late).all()
    assert late.float().mean().item() == pytest.approx(0.75, abs=0.05)
