"""Frames read additively, and deciphered latents that are settled by them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_world import as_is, look_at, states_of_play
from torch import Tensor

from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.settings.train import Smooth
from mwm.settling import additive
from mwm.settling.additive import Additive
from mwm.settling.settle import settle
from mwm.smoothing.smoother import Smoother
from mwm.smoothing.training import train

ACTIONS = 3
PLACES = 60  # of the ball and of the lift, a pixel each
EARLY, BY = 0.02, 2  # the ball's speed on its slow way back, which is read so many steps early


def pictures(states: Tensor) -> np.ndarray:
    """Packed frames (n, 512) with a pixel for the lift and one for the ball; most are white."""
    places = (states * (PLACES - 1)).round().long().numpy()
    bits = np.ones((len(states), 4096), bool)
    bits[np.arange(len(states)), places[:, 0]] = False
    bits[np.arange(len(states)), 100 + places[:, 1]] = False
    return np.packbits(bits, axis=1)


def shown(contents: dict[str, Frames], states: Tensor) -> Frames:
    """Frames of a world that shows these states."""
    return replace(contents["original"], frames=pictures(states))


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


def deciphered(states: Tensor, values: Tensor) -> tuple[Latents, Latents]:
    """Latents of all frames but some, and their part that the lift makes."""
    known = np.arange(len(states)) % 10 > 0
    frames, dimensions = np.arange(len(states))[known], np.arange(2)
    lift = (values - values.mean(0)) * torch.tensor([1.0, 0.0])
    return tuple(
        Latents(frames, part.numpy()[known].astype(np.float32), dimensions)
        for part in (values, lift)
    )  # type: ignore[return-value]


@pytest.mark.slow
def test_flights_that_were_read_early_are_read_in_time(contents: dict[str, Frames]) -> None:
    """The ball was taken to be further on in most of its flights back."""
    original = look_at(*states_of_play(1), as_is)
    wrong = torch.stack([original.z, original.z.roll(len(original.z) // 3, 0)])
    wrong[:, :, 0] = original.z[:, 0]
    lessons = Smooth(steps=600, windows=128, hidden=64, learning_rate=0.004)
    smoother = train(original, wrong, ACTIONS, lessons, seed=0)
    states, actions = states_of_play(2)
    back = torch.zeros(len(states), dtype=torch.bool)
    back[1:] = states[1:, 1] < states[:-1, 1]
    back &= (states[:, 1] > 0.3) & (states[:, 1] < 0.7)
    read = states.clone()
    read[back, 1] -= EARLY * BY
    other = replace(look_at(states, actions, as_is), centre=original.centre, scale=original.scale)
    found = deciphered(states, read)
    settled = settle(smoother, other, shown(contents, states), *found)
    assert len(settled.frames) == len(states)
    errors = (torch.from_numpy(settled.values) - states)[:, 1][back].abs()
    assert errors.mean() < 0.6 * EARLY * BY


def test_what_actions_decide_stays_and_frames_that_were_left_out_are_read(
    contents: dict[str, Frames], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A smoother that spoils everything moves the ball alone."""
    monkeypatch.setattr("mwm.settling.settle.PASSES", 4)
    states, actions = states_of_play(2)
    other = look_at(states, actions, as_is)
    spoiler = Smoother(2, ACTIONS, 8)
    torch.nn.init.zeros_(spoiler.read[-1].weight)
    torch.nn.init.zeros_(spoiler.read[-1].bias)
    torch.nn.init.constant_(spoiler.kept, 0.5)
    found = deciphered(states, states)
    settled = settle(spoiler, other, shown(contents, states), *found)
    assert np.array_equal(settled.frames, np.arange(len(states)))
    errors = (torch.from_numpy(settled.values) - states).abs().mean(0)
    assert errors[0] < 0.02
    assert errors[1] > 0.1
    again = settle(spoiler, other, shown(contents, states), *found)
    assert np.array_equal(settled.values, again.values)
