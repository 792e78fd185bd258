"""Latents refined by codes that both worlds share: a chain sees what a single frame does not."""

from dataclasses import replace

import pytest
import torch
from small_world import as_is, look_at, states_of_play
from torch import Tensor

from mwm.decipherment import groups, plan
from mwm.decipherment.codes import Codes
from mwm.decipherment.refine import refine

STATES = 130
AMISS = 0.5, 0.8  # where V takes the ball to be further on, by up to ...
BY = 0.12


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


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_codes_that_do_not_fit_those_around_them_are_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups, "FEATURES", 200)
    monkeypatch.setattr(plan, "REFINED", replace(plan.REFINED, functions=6, views=6))
    original = look_at(*states_of_play(1), as_is)
    states, actions = states_of_play(2)
    other = like(look_at(states, actions, amiss), original)
    steps: list[int] = []
    latents = refine(original, other, STATES, 0, lambda: steps.append(1))
    assert len(steps) == 2
    truth = states[latents.frames]
    low, high = AMISS
    there = (truth[:, 1] > low) & (truth[:, 1] < high)
    before = (amiss(truth) - truth).abs()[there, 1].mean()
    errors = (torch.from_numpy(latents.values) - truth).abs()
    assert errors[there, 1].mean() < 0.8 * before
    assert errors[~there].mean(0).max() < 0.05


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_the_same_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "FEATURES", 100)
    codes = look_at(*states_of_play(1), as_is)
    one, two = (refine(codes, codes, STATES, 0).values for _ in range(2))
    assert one.tobytes() == two.tobytes()
