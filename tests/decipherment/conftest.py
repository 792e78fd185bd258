"""Settings for searches in small worlds."""

from collections.abc import Iterator
from functools import partial

import pytest
import torch

from mwm.decipherment import delays, groups, plan
from mwm.decipherment.delays import shift_parts
from mwm.decipherment.moves import inherit, reverse_best, settle
from mwm.decipherment.plan import Plan


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Of a product, as in the stage."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def small(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many levels and functions as a small world needs."""
    settled = partial(settle, smoothings=2)
    coarse = Plan(1 / 8, 3, [settled, reverse_best], kept=6, lag=8, stride=2, views=6)
    slow = (
        coarse,
        Plan(1 / 4, 6, [settled, shift_parts], kept=4, views=6),
        Plan(1 / 2, 6, [plan.relax, plan.nudge], kept=None, hinted=True, views=6),
        Plan(1, 6, [], kept=1, begin=inherit, hinted=True, views=6),
    )
    monkeypatch.setattr(plan, "SLOW", slow)
    finest = Plan(0.3, 5, [], kept=1, begin=inherit)
    monkeypatch.setattr(plan, "CONTROLLED", (Plan(0.1, 5, coarse.moves, kept=1), finest))
    monkeypatch.setattr(groups, "FEATURES", 200)
    monkeypatch.setattr(delays, "ROUNDS", 1)
    monkeypatch.setattr(delays, "STEPS", (-1.0, 1.0))
