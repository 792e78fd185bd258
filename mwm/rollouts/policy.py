"""The random policy: actions drawn from a seeded generator."""

from collections.abc import Iterator

import numpy as np

BLOCK = 64  # choices drawn at once; one generator call per step would cost more than the step


def random_actions(
    generator: np.random.Generator, count: int, hold: int, repeat_probability: float
) -> Iterator[int]:
    """An endless sequence of uniform action indices in 0..count - 1, each held for `hold` steps.

    At each step but the first, the previous action is repeated with `repeat_probability` instead.
    Yielded actions are those taken, so that an episode can be replayed from them.
    """
    taken = None
    while True:
        for chosen in generator.integers(count, size=BLOCK).tolist():
            for _ in range(hold):
                repeats = repeat_probability > 0 and generator.random() < repeat_probability
                taken = taken if repeats and taken is not None else chosen
                yield taken
