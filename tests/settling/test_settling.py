"""Frames read additively, and deciphered latents that are settled by them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_sides import pictures, shown, side
from small_world import Looked, as_is, look_at, misread, states_of_play
from torch import Tensor

from mwm import ArtefactError
from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.models.codes import half
from mwm.settings.train import Smooth
from mwm.settling import additive, motifs
from mwm.settling.additive import Additive
from mwm.settling.correction import Correction
from mwm.settling.patterns import tell_apart
from mwm.settling.settle import Settler
from mwm.settling.side import Side
from mwm.settling.sums import Sums
from mwm.smoothing.smoother import Smoother
from mwm.smoothing.training import train

ACTIONS = 3
EARLY, BY = 0.02, 2  # the ball's speed on its slow way back, which is read so many steps early


def test_contributions_are_those_of_a_dense_ridge_regression(
    contents: dict[str, Frames], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(additive, "STEPS", 300)
    packed = contents["invert"].frames[:400, 200:264]  # rows in the middle
    read = Additive(packed)
    rng = torch.Generator().manual_seed(0)
    values, weights = torch.randn(400, 3, generator=rng), torch.rand(400, generator=rng)
    bits = torch.from_numpy(np.unpackbits(packed, axis=1)).double()
    background = bits.mean(0) > 0.5
    x = torch.cat([(bits.bool() ^ background).double(), torch.ones(400, 1)], 1)
    w = (weights / weights.mean()).double()[:, None]
    ridge = additive.RIDGE * torch.eye(513, dtype=torch.float64)
    ridge[-1, -1] = 0
    expected = torch.linalg.solve(x.T @ (w * x) + ridge, x.T @ (w * values))
    found = read.fit(values, weights, torch.ones(3), rounds=1)
    assert torch.allclose(read.read(found).double(), x @ expected, atol=2e-3)


def test_frames_that_differ_are_counted_in_groups() -> None:
    packed = pictures(states_of_play(1)[0])[:50]
    groups = torch.arange(50) % 3
    read = Additive(packed)
    dark = 1 - torch.from_numpy(np.unpackbits(packed, axis=1)).long()  # frames are mostly white
    expected = torch.stack([dark[groups == group].sum(0) for group in range(3)])
    assert torch.equal(read.differ(groups), expected)


def test_a_few_frames_that_are_far_off_are_outvoted() -> None:
    states, _ = states_of_play(1)
    read = Additive(pictures(states))
    wrong = states.clone()
    wrong[::5, 1] += 1.0
    ones = torch.ones(len(states))
    once, often = (
        read.read(read.fit(wrong, ones, torch.ones(2), rounds)) - states for rounds in (1, 5)
    )
    assert once[:, 1].mean() > 0.15
    assert often[:, 1].mean() < 0.06


def test_nothing_to_fit_gives_nothing() -> None:
    states, _ = states_of_play(1)
    read = Additive(pictures(states))
    found = read.fit(torch.zeros(len(states), 2), torch.ones(len(states)), torch.ones(2), 3)
    assert (found == 0).all()


def errors(settled: Latents, states: Tensor) -> Tensor:
    """Mean absolute ones, of the lift and of the ball."""
    assert np.array_equal(settled.frames, np.arange(len(states)))
    return (torch.from_numpy(settled.values) - states).abs().mean(0)


@pytest.mark.slow
def test_flights_that_were_read_early_are_read_in_time(contents: dict[str, Frames]) -> None:
    """The ball was taken to be further on in most of its flights back."""
    original = side(contents, 1)
    lessons = Smooth(steps=600, windows=128, hidden=64, learning_rate=0.004)
    smoother = train(original.codes, misread(original.codes), ACTIONS, lessons, seed=0)
    states, _ = states_of_play(2)
    back = torch.zeros(len(states), dtype=torch.bool)
    back[1:] = states[1:, 1] < states[:-1, 1]
    back &= (states[:, 1] > 0.3) & (states[:, 1] < 0.7)
    read = states.clone()
    read[back, 1] -= EARLY * BY
    settled = Settler(smoother, original).settle(side(contents, 2, read))
    found = (torch.from_numpy(settled.values) - states)[:, 1][back].abs()
    assert found.mean() < 0.6 * EARLY * BY


@pytest.mark.slow
def test_codes_of_a_v_that_was_recruited_are_mended_where_it_was_misled(
    contents: dict[str, Frames],
) -> None:
    """It takes the ball to be further on in a part of its way."""
    original = look_at(*states_of_play(1), as_is)
    states, actions = states_of_play(2)
    seen = states.clone()
    part = ((states[:, 1] - 0.5) / 0.3).clamp(0, 1)
    seen[:, 1] += 0.12 * (torch.pi * part).sin() ** 2
    like = replace(original, frames=np.arange(len(states)), actions=actions)
    codes = replace(like, z=(seen - original.centre) / original.scale)
    lessons = Smooth(steps=600, windows=128, hidden=64, learning_rate=0.004)
    smoother = train(original, misread(original), ACTIONS, lessons, seed=0)
    home = Side(original, shown(contents, states_of_play(1)[0]))
    mended = Settler(smoother, home).mend(codes, shown(contents, states))
    there = (part > 0) & (part < 1)
    found = (torch.from_numpy(mended.values) - states)[:, 1].abs()
    assert found[there].mean() < 0.7 * (seen - states)[there, 1].mean()
    assert found[~there].mean() < 0.02
    assert errors(mended, states)[0] < 0.02


@pytest.fixture
def spoiler(monkeypatch: pytest.MonkeyPatch) -> Smoother:
    """Halves all codes."""
    monkeypatch.setattr("mwm.settling.settle.PASSES", 4)
    smoother = Smoother(2, ACTIONS, 8)
    torch.nn.init.zeros_(smoother.read[-1].weight)
    torch.nn.init.zeros_(smoother.read[-1].bias)
    torch.nn.init.constant_(smoother.kept, 0.5)
    return smoother


@pytest.fixture
def no_motifs(monkeypatch: pytest.MonkeyPatch) -> None:
    """None comes often enough, so that the smoother alone changes codes."""
    monkeypatch.setattr(motifs, "LEAST", 10**6)


@pytest.mark.usefixtures("no_motifs")
def test_a_smoother_that_changes_nothing_gives_the_latents_of_v(
    contents: dict[str, Frames], spoiler: Smoother
) -> None:
    torch.nn.init.ones_(spoiler.kept)
    states, actions = states_of_play(2)
    codes = look_at(states, actions, as_is)
    one, _ = states_of_play(1)
    home = Side(look_at(*states_of_play(1), as_is), shown(contents, one))
    found = Settler(spoiler, home).mend(codes, shown(contents, states))
    expected = codes.z * codes.scale + codes.centre
    assert np.allclose(found.values, expected, atol=1e-6)


@pytest.mark.slow
def test_what_actions_decide_stays_and_frames_that_were_left_out_are_read(
    contents: dict[str, Frames], spoiler: Smoother, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A smoother that spoils everything moves the ball alone."""
    monkeypatch.setattr(Correction, "__call__", lambda self, z: torch.zeros_like(z))
    states, _ = states_of_play(2)
    settler, other = Settler(spoiler, side(contents, 1)), side(contents, 2)
    settled = settler.settle(other)
    lift, ball = errors(settled, states)
    assert lift < 0.02
    assert ball > 0.1
    assert np.array_equal(settled.values, settler.settle(other).values)


@pytest.mark.slow
def test_what_a_smoother_does_to_codes_that_are_right_is_taken_off(
    contents: dict[str, Frames], spoiler: Smoother
) -> None:
    """Each of many passes blurred the latents a little, whether they were right or not."""
    settled = Settler(spoiler, side(contents, 1)).settle(side(contents, 2))
    assert (errors(settled, states_of_play(2)[0]) < 0.02).all()


@pytest.mark.slow
def test_what_actions_decide_is_read_anew(contents: dict[str, Frames], spoiler: Smoother) -> None:
    """A bat was read up to a pixel too high in the middle of its way, and right at both ends."""
    states, _ = states_of_play(2)
    bent = states.clone()
    bent[:, 0] += 0.08 * torch.sin(torch.pi * states[:, 0])
    settled = Settler(spoiler, side(contents, 1)).settle(side(contents, 2, bent))
    before = (bent - states)[:, 0].abs().mean()
    assert errors(settled, states)[0] < 0.25 * before


def test_latents_of_other_frames_or_dimensions_are_refused(
    contents: dict[str, Frames], spoiler: Smoother
) -> None:
    one = side(contents, 1)
    for controlled in (
        replace(one.controlled, frames=one.controlled.frames + 10**6),
        replace(one.controlled, dimensions=one.controlled.dimensions[::-1].copy()),
        replace(one.controlled, frames=one.controlled.frames[:0]),
    ):
        with pytest.raises(ArtefactError, match="original: expected latents deciphered of"):
            Settler(spoiler, one._replace(controlled=controlled))


@pytest.mark.slow
@pytest.mark.usefixtures("no_motifs")
def test_where_actions_decide_nothing_latents_stay(
    contents: dict[str, Frames], spoiler: Smoother
) -> None:
    """Pixels that never differ counted as held, and a constant was moved for them."""
    sides = []
    for seed in (1, 2):
        one = side(contents, seed)
        controlled = replace(one.controlled, values=np.zeros_like(one.controlled.values))
        sides.append(one._replace(controlled=controlled))
    assert not tell_apart(sides[0]).rest.held.any()
    settled = Settler(spoiler, sides[0]).settle(sides[1])
    assert (errors(settled, states_of_play(2)[0]) < 0.02).all()


def test_a_sample_weighs_frames_as_they_are_met(contents):
    content = contents["original"]
    codes = half(Looked(), content, 0)
    at = torch.arange(0, len(codes.z), 3)
    sample = Sums(codes, content, codes.z).sample(at)
    assert torch.equal(sample.weights, codes.weights[at].float())
    assert sample.weights.var() > 0
