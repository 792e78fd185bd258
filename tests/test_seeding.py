"""Random streams: the same for the same root and path, unrelated for all others."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mwm import seeding
from mwm.worlds import World

PARTS = st.one_of(st.integers(0, 99), st.text("abc", min_size=1, max_size=3))
ADDRESS = st.tuples(st.integers(0, 2**63 - 1), st.lists(PARTS, max_size=3).map(tuple))


def test_a_seed_is_what_it_has_always_been() -> None:
    assert seeding.derive(0, "collect", 7) == 6901998174304417118


def test_a_generator_s_numbers_are_what_they_have_always_been() -> None:
    """All plays, and worlds with a permutation, would be others."""
    drawn = seeding.generator(0, "collect", 7).integers(1000, size=4)
    assert drawn.tolist() == [55, 352, 532, 153]
    pixel_map, _ = World("any", [{"permutation": {"seed": 7}}]).pixels()
    assert pixel_map[:4].tolist() == [2162, 505, 537, 1324]


@given(ADDRESS)
def test_a_seed_has_63_bits(address: tuple[int, tuple[int | str, ...]]) -> None:
    root, path = address
    assert 0 <= seeding.derive(root, *path) < 2**63


@given(ADDRESS, ADDRESS)
def test_seeds_of_different_addresses_differ(
    one: tuple[int, tuple[int | str, ...]], other: tuple[int, tuple[int | str, ...]]
) -> None:
    told = [(root, *map(str, path)) for root, path in (one, other)]
    seeds = [seeding.derive(root, *path) for root, path in (one, other)]
    assert (told[0] == told[1]) == (seeds[0] == seeds[1])


def test_neighbouring_roots_and_paths_share_no_stream() -> None:
    streams = [
        seeding.generator(root, "batch", step).bytes(64)
        for root, step in itertools.product(range(8), range(8))
    ]
    assert len(set(streams)) == len(streams)


def test_a_generator_repeats_itself() -> None:
    first, second = (seeding.generator(3, "batch").random(5) for _ in range(2))
    np.testing.assert_array_equal(first, second)
