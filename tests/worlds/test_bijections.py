import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mwm import UsageError
from mwm.seeding import generator
from mwm.worlds import KINDS, World, bijection

HALF = 32

BOARD = np.kron(np.indices((8, 8)).sum(0) % 2, np.ones((8, 8), int)).astype(np.uint8)

# What each kind does to pictures (n, 64, 64); those of the paper are spelled as there.
REFERENCE = {
    "transpose": lambda x: np.flip(np.rot90(x, -1, axes=(1, 2)), axis=2),
    "hswap": lambda x: np.concatenate([x[:, :, HALF:], x[:, :, :HALF]], axis=2),
    "vswap": lambda x: np.concatenate([x[:, HALF:, :], x[:, :HALF, :]], axis=1),
    "invert": lambda x: 1 - x,
    "mirror": lambda x: np.flip(x, axis=2),
    "chessboard": lambda x: x ^ BOARD,
}

packed_frames = st.integers(1, 3).flatmap(lambda n: arrays(np.uint8, (n, 512)))
kinds = pytest.mark.parametrize("kind", REFERENCE)


def _unpacked(frames):
    return np.unpackbits(frames, axis=1).reshape(-1, 64, 64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0, 1, 2**63 - 1])
def test_every_registered_kind_moves_pixels_one_to_one_and_loses_none(kind, value):
    frames = generator(value, "noise").integers(0, 256, (50, 512), dtype=np.uint8)
    arguments = list(inspect.signature(KINDS[kind]).parameters)[1:]
    world = World("any", [{kind: dict.fromkeys(arguments, value)}])
    before = frames.copy()
    shown = world.show(frames)
    assert np.array_equal(frames, before)
    pixel_map, inverted = world.pixels()
    assert np.array_equal(np.sort(pixel_map), np.arange(4096))
    back = np.empty((len(frames), 4096), np.uint8)
    back[:, pixel_map] = np.unpackbits(shown ^ inverted, axis=1)
    assert np.array_equal(np.packbits(back, axis=1), frames)


@kinds
@given(frames=packed_frames)
def test_packed_bits_move_as_unpacked_pixels_do(kind, frames):
    assert np.array_equal(_unpacked(KINDS[kind](frames)), REFERENCE[kind](_unpacked(frames)))


@kinds
@given(frames=packed_frames)
def test_each_of_them_is_an_involution(kind, frames):
    assert np.array_equal(KINDS[kind](KINDS[kind](frames)), frames)


@kinds
def test_every_variant_changes_real_frames_and_not_its_input(kind, pong):
    before = pong.frames.copy()
    assert not np.array_equal(KINDS[kind](pong.frames), before)
    assert np.array_equal(pong.frames, before)


@given(frames=packed_frames, seed=st.integers(0, 2**63 - 1))
def test_a_permutation_moves_every_pixel_to_one_place(frames, seed):
    order = generator(seed, "permutation").permutation(4096)
    shown = np.unpackbits(KINDS["permutation"](frames, seed=seed), axis=1)
    assert np.array_equal(shown, np.unpackbits(frames, axis=1)[:, order])


def test_permutations_of_two_seeds_differ(pong):
    one, other = (KINDS["permutation"](pong.frames, seed=seed) for seed in (7, 8))
    assert not np.array_equal(one, other)


def test_one_decorated_function_is_a_new_kind(pong, monkeypatch):
    monkeypatch.setattr("mwm.worlds.registry.KINDS", dict(KINDS))

    @bijection("a_test_kind")
    def a_test_kind(frames):
        """Upper side down."""
        return frames.reshape(-1, 64, 8)[:, ::-1].reshape(-1, 512)

    shown = World("upside_down", ["a_test_kind"]).make(pong)
    assert np.array_equal(_unpacked(shown.frames), np.flip(_unpacked(pong.frames), axis=1))


def test_a_kind_cannot_be_registered_twice():
    with pytest.raises(ValueError, match="'mirror' is registered already"):
        bijection("mirror")(lambda frames: frames)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("miror", "unknown bijection 'miror'; expected one of .*; did you mean 'mirror'?"),
        ("mirror vswap", "unknown bijection 'mirror vswap'; expected one of transpose, hswap"),
        ("permutation", "expected permutation with seed, found no params; write {permutation:"),
        ({"permutation": {"sede": 7}}, "expected permutation with seed, found sede; write"),
        ({"mirror": {"seed": 7}}, "expected mirror with no params, found seed; write mirror"),
        (
            {"mirror": {}, "vswap": {}},
            "expected one bijection in each item .*, found mirror, vswap",
        ),
        ({}, "expected one bijection in each item of the list, found none"),
        (7, "expected one bijection in each item of the list, found 7"),
        ({"permutation": 7}, "expected permutation with seed, found 7; write {permutation:"),
        ({"permutation": {"seed": "7"}}, "permutation: seed: expected a whole number, found '7'"),
    ],
)
def test_a_step_that_is_no_bijection_is_told(step, told):
    with pytest.raises(UsageError, match=rf"^World\('odd'\): {told}"):
        World("odd", ["mirror", step])
