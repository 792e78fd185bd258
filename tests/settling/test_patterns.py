"""Patterns of what actions decide: told apart by pixels, matched by how they follow each other."""

from dataclasses import replace

import pytest
import torch
from small_sides import PLACES, pictures, shown, side
from small_world import as_is, look_at, states_of_play
from torch import Tensor

from mwm.io.frames import Frames
from mwm.settling.patterns import Patterns, match, tell_apart
from mwm.settling.sums import Sums

KINDS = 21  # places of a lift, a step apart: patterns as they are


def test_pixels_told_by_patterns_are_those_of_what_actions_decide(
    contents: dict[str, Frames],
) -> None:
    states, _ = states_of_play(1)
    reached = (states[:, 0] * (PLACES - 1)).round().long().unique()
    told = tell_apart(side(contents, 1)).rest.held
    assert told[reached].all()
    assert told.sum() == len(reached)


def test_a_pattern_is_a_place_of_what_actions_decide(contents: dict[str, Frames]) -> None:
    """States of the chain told the place of a bat to a pixel only."""
    states, _ = states_of_play(1)
    noise = 0.1 * torch.rand(len(states), generator=torch.Generator().manual_seed(0))
    read = states.clone()
    read[:, 0] = ((read[:, 0] + noise) * 7).round() / 7
    patterns = tell_apart(side(contents, 1, read))
    place = (states[:, :1] * (PLACES - 1)).round()
    assert (place - patterns.means(place)[patterns.of]).abs().mean() < 0.1


@pytest.mark.parametrize("flipped", [False, True])
def test_patterns_do_not_depend_on_what_is_taken_for_the_background(
    contents: dict[str, Frames], flipped: bool
) -> None:
    """A pixel that is on in half of the frames is background in one world, and not in the other."""
    one = side(contents, 1)
    states, _ = states_of_play(1)
    states[:, 1] = (1 - states[:, 1] if flipped else states[:, 1]).round()
    one = one._replace(content=replace(one.content, frames=pictures(states)))
    one.controlled.values[:, 1] = 0.2 * states[one.controlled.frames, 1]  # too little to tell
    patterns = tell_apart(one)
    mean = (patterns.centres[patterns.of] / one.codes.precision.sqrt()).mean(0)
    assert torch.allclose(mean, one.decided.mean(0), atol=0.02)


def test_where_it_is_not_known_what_actions_decide_there_is_one_pattern(
    contents: dict[str, Frames],
) -> None:
    patterns = tell_apart(side(contents, 1)._replace(controlled=None))
    assert len(patterns.centres) == 1
    assert not patterns.rest.held.any()


def lift(contents: dict[str, Frames], seed: int, read: Tensor | None = None) -> Patterns:
    """The places of a lift, each of which says where it is, or what was read there."""
    states, actions = states_of_play(seed)
    codes = look_at(states, actions, as_is)
    of = (states[:, 0] * (KINDS - 1)).round().long()
    centres = torch.linspace(0, 1, KINDS)[:, None] if read is None else read
    return Patterns(codes, of, centres, Sums(codes, shown(contents, states), codes.z))


def test_patterns_are_matched_though_they_were_read_a_few_places_off(
    contents: dict[str, Frames],
) -> None:
    place = torch.linspace(0, 1, KINDS)[:, None]
    wrong = place + 0.12 * torch.sin(2 * torch.pi * place)
    nearest = torch.cdist(wrong, place).argmin(1)
    assert (nearest - torch.arange(KINDS)).abs().max() >= 2
    chances = match(lift(contents, 1), lift(contents, 2, wrong))
    assert torch.allclose(chances.sum(1), torch.ones(KINDS))
    assert (chances.argmax(1) == torch.arange(KINDS)).all()


@pytest.mark.slow
def test_a_world_of_one_pattern_is_matched_with_one_that_has_several(
    contents: dict[str, Frames],
) -> None:
    several, other = lift(contents, 1), lift(contents, 2)
    one = replace(several, of=torch.zeros_like(several.of), centres=torch.zeros(1, 1))
    assert torch.allclose(match(one, other), torch.ones(KINDS, 1))
    assert torch.allclose(match(other, one).sum(1), torch.ones(1))


@pytest.mark.slow
def test_patterns_are_the_same_twice(contents: dict[str, Frames]) -> None:
    once, again = (tell_apart(side(contents, 1)) for _ in range(2))
    assert torch.equal(once.of, again.of)
    assert torch.equal(match(once, once), match(again, again))
