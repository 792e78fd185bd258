"""A small world deciphered from independent episodes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_world import EPISODES, RESTARTS, STATES, STEPS, as_is, look_at, states_of_play, turned
from torch import Tensor

from mwm import MwmError
from mwm.decipherment import groups, plan
from mwm.decipherment.decipher import decipher
from mwm.decipherment.delays import shift_parts
from mwm.io.latents import Latents


def deciphered(order: Sequence[int] = range(EPISODES)) -> tuple[Latents, Tensor]:
    """Latents of a world upside down, whose episodes come in some order, and the true ones."""
    original = look_at(*states_of_play(1), as_is)
    states, actions = states_of_play(2)
    places = torch.cat([torch.arange(e * STEPS, (e + 1) * STEPS) for e in order])
    other = look_at(states[places], actions[places], turned)
    latents = decipher(original, other, STATES, RESTARTS, seed=0).latents
    return latents, states[places][latents.frames][:, latents.dimensions]


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_world_upside_down_is_deciphered_from_plays_of_its_own() -> None:
    latents, truth = deciphered()
    errors = (torch.from_numpy(latents.values) - truth).square().mean(0) / truth.var(0)
    assert (errors < 0.15).all(), errors


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_the_same_latents_twice() -> None:
    (one, _), (two, _) = deciphered(), deciphered()
    assert np.array_equal(one.values, two.values)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_two_threads_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them in a process of its own, where nothing is patched."""
    coarse, middle, fine = plan.SLOW[0], *plan.SLOW[-2:]
    moves = [*coarse.moves, shift_parts]
    slow = (
        replace(coarse, share=1 / 4, functions=3, moves=moves, views=6),
        replace(middle, functions=6, views=6),
        replace(fine, functions=6, views=6),
    )
    monkeypatch.setattr(plan, "SLOW", slow)
    monkeypatch.setattr(groups, "FEATURES", 200)
    codes = look_at(*states_of_play(1), as_is), look_at(*states_of_play(2), turned)
    one, two = (decipher(*codes, 100, 6, seed=0, threads=threads) for threads in (1, 2))
    assert np.array_equal(one.latents.values, two.latents.values)
    for name, found in one.found.items():
        assert found.scores == two.found[name].scores
        assert torch.equal(found.emissions, two.found[name].emissions)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_no_episode_has_a_partner() -> None:
    """No leak: where the other world's episodes stand among them matters to the draws alone."""
    latents, truth = deciphered(order=[5, 2, 7, 0, 3, 6, 1, 4])
    errors = (torch.from_numpy(latents.values) - truth).square().mean(0) / truth.var(0)
    assert (errors < 0.15).all(), errors


@pytest.mark.usefixtures("small")
def test_one_sequence_is_refused_and_one_action_is() -> None:
    """None was left to judge by, and scores were NaN; actions that never differ decide nothing."""
    some = look_at(*states_of_play(1), as_is)
    one = replace(some, spans=np.array([[0, 150]]))
    with pytest.raises(MwmError, match="expected two sequences of 100 frames or more"):
        decipher(some, one, STATES, RESTARTS, seed=0)
    idle = replace(some, actions=torch.full_like(some.actions, 2))
    with pytest.raises(MwmError, match="expected different actions"):
        decipher(some, idle, STATES, RESTARTS, seed=0)


@pytest.mark.usefixtures("small")
def test_short_episodes_are_refused() -> None:
    brief = look_at(*states_of_play(1), as_is)
    spans = np.stack([np.arange(0, 1000, 100), np.arange(100, 1100, 100)], 1)
    with pytest.raises(
        MwmError, match="an episode of 108 frames or more, found the longest of 100"
    ):
        decipher(replace(brief, spans=spans), brief, STATES, RESTARTS, seed=0)
