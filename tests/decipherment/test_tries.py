"""A search that missed the key is told by its score, and starts anew from other emissions."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from small_world import STATES, as_is, look_at, states_of_play, turned

from mwm.decipherment import plan, search
from mwm.decipherment.groups import CONTROLLED_ENOUGH, controlled_group, slow_group
from mwm.decipherment.level import Level, own_score
from mwm.decipherment.search import TRIES, Found, _search_level
from mwm.decipherment.sources import Other
from mwm.decipherment.task import Check, Group
from mwm.decipherment.worker import ALONE

FEW = 6  # restarts


def group() -> Group:
    """The first two levels of a search in a small world."""
    original = look_at(*states_of_play(1), as_is)
    other = look_at(*states_of_play(2), turned)
    return slow_group(original, other, plan.SLOW[:2], STATES, FEW, 0)


def searched(one: Group, *checks: Check) -> tuple[search.Found, list[str]]:
    names: list[str] = []
    found = search.search(
        replace(one, checks=checks), 0, resume=lambda name, level: names.append(name) or level()
    )
    return found, names


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_likely_key_is_taken_at_once_and_of_others_the_best() -> None:
    one = group()
    first, names = searched(one, Check(2, 0.1))
    assert names == ["slow-0-0", "slow-1-0"]
    assert first.share > first.enough == 0.1
    best, names = searched(one, Check(2, 100.0))
    assert best.share < best.enough == 100.0
    assert names == [f"slow-{level}-{number}" for number in range(TRIES) for level in (0, 1)]
    alone, names = searched(one)
    assert names == ["slow-0-0", "slow-1-0"]
    assert alone.scores == first.scores
    assert best.scores[-1][0] >= first.scores[-1][0]


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_search_that_fails_a_later_check_repeats_the_earlier_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half of the flights of a world were misread; that showed only at the last of six levels."""
    monkeypatch.setattr(search, "TRIES", 2)
    _, names = searched(group(), Check(1, 100.0), Check(2, 100.0))
    assert names == ["slow-0-0", "slow-0-1", "slow-1-0", "slow-0-2", "slow-0-3", "slow-1-2"]


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_what_actions_control_is_judged_at_the_finest_level_that_is_searched() -> None:
    """A bat that was read upside down had 0.96 of the score to expect at the level before."""
    original, other = look_at(*states_of_play(1), as_is), look_at(*states_of_play(2), turned)
    coarse, finest = plan.CONTROLLED
    levels = (coarse, replace(coarse, share=0.2), finest)
    one = controlled_group(original, other, levels, STATES, 0)
    assert [check.levels for check in one.checks] == [2]
    found, names = searched(one, *one.checks)
    assert names == [f"controlled-{level}-0" for level in (0, 1, 2)], "a right key is taken at once"
    assert found.share > found.enough == CONTROLLED_ENOUGH, "the level below is not judged"


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_actions_that_the_original_never_took_are_read_like_any() -> None:
    """Their transitions were whatever the memory held."""
    original, other = look_at(*states_of_play(1), as_is), look_at(*states_of_play(2), turned)
    never = replace(original, actions=original.actions.clamp(max=1))
    one = controlled_group(never, other, plan.CONTROLLED, STATES, 0)
    assert (
        Level(
            one.steps[0].scale, one.steps[0].original, one.other, 0
        ).states.chain.transitions.shape[0]
        == 3
    )
    found, _ = searched(replace(one, steps=one.steps[:1]))
    level, sequences = found.level, other.sequences(100, 1)
    assert level.expect(found.emissions, never.z, sequences).isfinite().all()


@pytest.mark.usefixtures("small")
def test_the_score_to_expect_is_that_of_emissions_counted_from_true_states() -> None:
    step = group().steps[1]
    codes = step.original.codes
    level = Level(step.scale, step.original, Other(codes, step.original.view_functions), 0)
    counts = torch.zeros(1, level.states.count, level.symbols.count)
    for frame in level.states.at.tolist():
        counts[0, level.states.of[frame], level.symbols.of[frame]] += 1
    counts += 1e-3 * counts.mean()
    emissions = counts / counts.sum(2, keepdim=True)
    expected = level.score(emissions)[0]
    assert own_score(step.scale, step.original, 0) == pytest.approx(expected, rel=1e-4)
    shuffled = emissions[:, torch.randperm(level.states.count)]
    assert level.score(shuffled)[0] < 0.5 * expected


def test_a_level_ends_with_its_likeliest_emissions_first():
    emissions = torch.tensor([0.1, 0.4, 0.2]).view(3, 1, 1)
    level = SimpleNamespace(score=lambda found: found.flatten().tolist())
    nothing = plan.Plan(1, 1, [], kept=None, begin=lambda coarse, found, level, workers: found)
    before = Found(level, emissions, [[0.0]])
    found = _search_level(nothing, level, before, 3, 0, ALONE)
    assert torch.equal(found.emissions.flatten(), torch.tensor([0.4, 0.2, 0.1]))
    assert found.scores == [0.4, 0.2, 0.1]
