"""Rates of success with their intervals."""

import math

NORMAL = 1.959964  # standard deviations to either side that hold 95% of a normal distribution


def wilson(successes: int, tries: int) -> tuple[float, float]:
    """The 95% interval of a rate (Wilson 1927, "Probable Inference", J. Am. Stat. Assoc. 22)."""
    rate, weight = successes / tries, NORMAL**2 / tries
    middle = (rate + weight / 2) / (1 + weight)
    spread = rate * (1 - rate) / tries + weight / (4 * tries)
    half = NORMAL * math.sqrt(spread) / (1 + weight)
    return max(middle - half, 0.0), min(middle + half, 1.0)
