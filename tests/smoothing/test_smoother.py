"""The smoother: codes that do not fit those before and after them are mended, others stay."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_world import as_is, look_at, states_of_play
from torch import Tensor

from mwm import ArtefactError, MwmError
from mwm.io.checkpoints import Shelf
from mwm.models.codes import Codes
from mwm.settings.train import Smooth
from mwm.smoothing import smoother, training
from mwm.smoothing.smoother import REACH, Smoother, smooth
from mwm.smoothing.training import Lessons, train

ACTIONS = 3
AMISS = 0.5, 0.8  # where V takes the ball to be further on, by up to ...
BY = 0.12


def brief(steps: int) -> Smooth:
    return Smooth(steps=steps, windows=128, hidden=64, learning_rate=0.004)


def amiss(states: Tensor) -> Tensor:
    """What a V makes of the states that was misled about one part of the ball's way."""
    lift, ball = states.unbind(1)
    low, high = AMISS
    part = ((ball - low) / (high - low)).clamp(0, 1)
    return torch.stack([lift, ball + BY * (torch.pi * part).sin() ** 2], 1)


def like(other: Codes, original: Codes) -> Codes:
    """Standardised as the original's codes are."""
    latents = other.z * other.scale + other.centre
    z = (latents - original.centre) / original.scale
    return replace(other, z=z, centre=original.centre, scale=original.scale)


def elsewhere(codes: Codes) -> Tensor:
    """The codes with the ball where it is in other frames, (2, n, d)."""
    balls = [codes.z[:, 1].roll(len(codes.z) // part) for part in (3, 5)]
    return torch.stack([torch.stack([codes.z[:, 0], ball], 1) for ball in balls])


def test_codes_that_do_not_fit_those_around_them_are_mended() -> None:
    original = look_at(*states_of_play(1), as_is)
    states, actions = states_of_play(2)
    other = like(look_at(states, actions, amiss), original)
    trained = train(original, elsewhere(original), ACTIONS, brief(600), seed=0)
    latents = smooth(trained, other)
    truth = states[latents.frames]
    low, high = AMISS
    there = (truth[:, 1] > low) & (truth[:, 1] < high)
    before = (amiss(truth) - truth).abs()[there, 1].mean()
    errors = (torch.from_numpy(latents.values) - truth).abs()
    assert errors[there, 1].mean() < 0.7 * before
    assert errors[~there].mean(0).max() < 0.05
    assert latents.dimensions.tolist() == [0, 1]


def test_frames_without_a_whole_window_have_no_latent() -> None:
    codes = look_at(*states_of_play(1), as_is)
    frames = set(smooth(Smoother(2, ACTIONS, 8), codes).frames)
    for start, end in codes.spans:
        inside = {*range(start + REACH, end - REACH)}
        assert frames & {*range(start, end)} == inside


def test_a_smoother_that_changes_nothing_gives_the_latents_of_v() -> None:
    codes = look_at(*states_of_play(1), as_is)
    nothing = Smoother(2, ACTIONS, 8)
    torch.nn.init.zeros_(nothing.read[-1].weight)
    torch.nn.init.zeros_(nothing.read[-1].bias)
    latents = smooth(nothing, codes)
    expected = codes.z[latents.frames] * codes.scale + codes.centre
    assert np.allclose(latents.values, expected, atol=1e-6)


def test_the_middle_of_a_window_is_what_was_there() -> None:
    """Misread codes are recognisable here: they are all beyond 100."""
    codes = look_at(*states_of_play(1), as_is)
    wrong = torch.full((2, *codes.z.shape), 100.0)
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
    whole = train(codes, elsewhere(codes), ACTIONS, settings, seed=0)
    shelf = Shelf(tmp_path, lambda folder: None)

    def interrupt(steps: int, note: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(codes, elsewhere(codes), ACTIONS, settings, 0, interrupt, shelf)
    said: list[int] = []
    drawn = Lessons.draw
    count: list[int] = []
    monkeypatch.setattr(Lessons, "draw", lambda *a: count.append(1) or drawn(*a))
    again = train(
        codes, elsewhere(codes), ACTIONS, settings, 0, lambda n, note: said.append(n), shelf
    )
    assert len(count) < 20, "it went on from the checkpoint"
    assert sum(said) == settings.steps
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_rate_that_ruins_it_is_told() -> None:
    codes = look_at(*states_of_play(1), as_is)
    settings = brief(5).model_copy(update={"learning_rate": 1e30})
    with pytest.raises(MwmError, match=r"smooth: step 5: expected a finite loss, found"):
        train(codes, elsewhere(codes), ACTIONS, settings, 0)


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
