"""What an act leaves behind."""

from mwm.training.history import History


def test_what_followed_counts_on() -> None:
    first = History([{"iteration": 1, "loss": 3.0}, {"iteration": 2, "loss": 2.0}], [], [])
    more = History([{"iteration": 1, "loss": 1.0}], [{"iteration": 1, "alignment": 0.9}], [])
    joined = first.then(more)
    assert joined.training[:2] == first.training
    assert joined.training[2] == {"iteration": 3, "loss": 1.0}
    assert joined.validation == [{"iteration": 3, "alignment": 0.9}]
    assert more.training == [{"iteration": 1, "loss": 1.0}]  # not changed
