"""The tables of a search: sizes, hints, and one result at the end."""

from mwm.decipherment import plan
from mwm.decipherment.moves import inherit
from mwm.settings.params import Params


def test_levels_become_finer_and_end_with_one_candidate_at_all_states(
    defaults: Params,
) -> None:
    states = defaults.train.decipher.states
    assert [int(one.share * states) for one in plan.SLOW] == [31, 62, 125, 250, 500, 1000]
    assert [round(one.share * states) for one in plan.CONTROLLED] == [30, 100, 300, 1000]
    assert plan.SLOW[-1].kept == plan.CONTROLLED[-1].kept == 1


def test_hints_are_used_at_the_last_two_levels_and_what_is_known_is_inherited(
    defaults: Params,
) -> None:
    """At 500 states hints once led half_turn of seed 3 into a late serve, with V of that time.

    They do not with the present V: docs/experiments.md, "A network instead of a finer chain".
    """
    sizes = [one.share * defaults.train.decipher.states for one in plan.SLOW if one.hinted]
    assert sizes == [500, 1000]
    assert plan.SLOW[-1].begin is plan.CONTROLLED[-1].begin is inherit
    assert not any(one.hinted for one in plan.CONTROLLED)
