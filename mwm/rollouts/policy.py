"""The random policy: which action to take at each step, from a seeded generator."""

from collections.abc import Iterator

import numpy as np

BLOCK = 64  # choices drawn at once; one generator call per step would cost more than the step


def random_actions(
    generator: np.random.Generator, count: int, hold: int, repeat_probability: float
) -> Iterator[int]:
    """Endless indices in 0..count - 1, uniform, each chosen for `hold` steps.

    At each step but the first, with `repeat_probability`, the action of the step before is taken
    again instead of the chosen one. What is yielded is what is done, so it can be played again.
    """
    taken = None
    while True:
        for chosen in generator.integers(count, size=BLOCK).tolist():
            for _ in range(hold):
                repeats = repeat_probability > 0 and generator.random() < repeat_probability
                taken = taken if repeats and taken is not None else chosen
                yield taken
