"""What is rare: pixels that seldom differ from the background, and frames that have such pixels."""

import numpy as np
import pytest

from mwm.models import rarity


def test_usual_is_what_counting_bits_finds(contents):
    for world in ("original", "invert", "vswap"):
        packed = contents[world].frames
        bits = np.unpackbits(packed, axis=1)
        background = bits.mean(0) > 0.5
        found = rarity.usual(packed)
        assert np.array_equal(np.unpackbits(found.background), background)
        np.testing.assert_allclose(found.share, (bits != background).mean(0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_a_frame_weighs_as_its_rarest_pixel(contents, exponent):
    packed = contents["original"].frames.copy()
    known = rarity.usual(packed)
    packed[7] = known.background  # nothing differs
    found = rarity.frame_weights(packed, known, exponent)
    assert found[7] == 1
    for index in range(0, len(packed), 97):
        on = np.unpackbits(packed[index] ^ known.background).astype(bool)
        rarest = (1 / (known.share[on] + 2e-4)).max(initial=1)
        assert found[index] == pytest.approx(rarest**exponent)


def test_weights_of_pixels_are_bounded_and_rise_with_rarity():
    share = np.array([0.5, 0.05, 0.01, 0.001, 0.0])
    found = rarity.pixel_weights(share, 0.5)
    assert found[0] == found[1].round(2) == 1
    assert np.all(np.diff(found[1:4]) > 0)
    assert found[-1] == rarity.MOST
    assert np.all(rarity.pixel_weights(share, 0.0) == 1)


def test_a_world_that_moves_and_inverts_pixels_weighs_the_same_moments_the_same(contents):
    weights = []
    for world in ("original", "transpose", "invert", "vswap"):
        packed = contents[world].frames
        weights.append(rarity.frame_weights(packed, rarity.usual(packed), 0.7))
    for other in weights[1:]:
        np.testing.assert_array_equal(other, weights[0])
