import pytest

from mwm.reporting.run.foreign import read_foreign
from mwm.reporting.run.summary import summarise
from mwm.reporting.shared.results import read_pairs

SIX = ["original", "transpose", "hswap", "vswap", "invert", "mirror"]
CROSSED = {("original", "vswap"): 0.3, ("mirror", "original"): 0.92, ("vswap", "mirror"): -0.2}


def _summary(folder):
    return summarise(read_pairs(folder / "pairs.csv"), read_foreign(folder / "foreign.csv"))


def test_the_lower_direction_of_each_variant_and_the_lowest_of_all_are_told(evaluated):
    told = _summary(evaluated({"anchored": SIX}, CROSSED))
    assert told == {
        "alignment_transpose": 0.98,
        "alignment_hswap": 0.98,
        "alignment_vswap": 0.3,
        "alignment_invert": 0.98,
        "alignment_mirror": 0.92,
        "alignment_min": -0.2,
        "predicted_alignment_min": -0.21,
        "opponent_f1_min": pytest.approx(-0.98 * 0.2),
        "agent_f1_min": pytest.approx(-0.98 * 0.2),
        "ball_f1_min": pytest.approx(-0.98 * 0.2),
        "successes": 3,
        "pairs_aligned": 27,
        "foreign_alignment_min": pytest.approx(-0.2 * 0.9),
        "foreign_f1_share_min": pytest.approx(0.3 * 0.9),
    }


def test_a_game_without_listed_objects_has_no_f1(evaluated):
    told = _summary(evaluated({"anchored": SIX}, objects=()))
    assert [name for name in told if "f1" in name] == []
    assert told["successes"] == 5


def test_models_of_the_joint_schedule_are_summed_up_together(evaluated):
    models = {f"joint_{world}": ["original", world] for world in SIX[1:]}
    told = _summary(evaluated(models, CROSSED))
    assert told["alignment_vswap"] == 0.3
    assert told["alignment_min"] == 0.3
    assert told["pairs_aligned"] == 8


def test_with_many_worlds_the_sums_come_first_and_then_as_many_worlds_as_fit(evaluated):
    worlds = [f"world_{i}" for i in range(12)]
    names = dict.fromkeys(worlds, "mirror")
    told = _summary(evaluated({"anchored": ["original", *worlds]}, names=names))
    assert len(told) == 15
    assert {"alignment_min", "ball_f1_min", "successes", "pairs_aligned"} <= told.keys()
    assert [name for name in told if "world_" in name] == [f"alignment_world_{i}" for i in range(6)]


def test_an_alignment_that_was_not_measured_is_left_out(evaluated):
    folder = evaluated({"anchored": ["original", "mirror"]}, {("original", "mirror"): float("nan")})
    told = _summary(folder)
    assert told["alignment_mirror"] == 0.98
    assert told["pairs_aligned"] == 1
