"""What models are judged by, against slow and obvious references."""

import numpy as np
import pytest
import torch

from mwm.metrics.errors import alignment, squared_error
from mwm.metrics.objects import OriginalView, f1
from mwm.models.visions.base import unpack_bits
from mwm.worlds import World

CPU = torch.device("cpu")


def test_squared_error_sums_over_pixels_and_averages_over_frames(contents):
    packed = torch.from_numpy(contents["original"].frames[:30])
    probabilities = torch.rand(30, 4096, generator=torch.Generator().manual_seed(0))
    pixels = np.unpackbits(packed.numpy(), axis=1)
    expected = ((probabilities.numpy() - pixels) ** 2).sum() / 30
    assert squared_error(probabilities, packed) == pytest.approx(expected, rel=1e-5)
    assert squared_error(unpack_bits(packed), packed) == 0


def test_alignment_is_one_at_the_own_code_and_zero_at_chance():
    assert alignment(transfer=3, reconstruction=3, chance=30) == 1
    assert alignment(transfer=30, reconstruction=3, chance=30) == 0
    assert alignment(transfer=26, reconstruction=26, chance=26) == 0, "a world that draws blanks"
    assert alignment(transfer=20, reconstruction=26.0, chance=26.1) == 0, "an untrained one"


def test_alignment_falls_in_proportion_to_the_error():
    assert alignment(transfer=9.75, reconstruction=3, chance=30) == 0.75
    assert alignment(transfer=16.5, reconstruction=3, chance=30) == 0.5
    assert alignment(transfer=57, reconstruction=3, chance=30) == -1, "worse than chance is told"


def test_a_code_that_is_a_hundredth_better_than_an_unrelated_one_is_a_code():
    """The threshold could be a half, and a poor world's alignment 0."""
    assert alignment(transfer=99.5, reconstruction=98.9, chance=100) == pytest.approx(1 - 0.6 / 1.1)
    assert alignment(transfer=99.5, reconstruction=99.1, chance=100) == 0


TURNED = [["transpose", "mirror"], [{"permutation": {"seed": 7}}, "chessboard"]]  # no involutions


@pytest.mark.parametrize(
    "steps", [["transpose"], ["hswap"], ["vswap"], ["invert"], ["mirror"], *TURNED], ids=str
)
def test_the_original_s_view_turns_every_world_back_into_the_original(contents, steps):
    world = World("any", steps).make(contents["original"])
    shown = unpack_bits(torch.from_numpy(world.frames[100:160]))
    truth = unpack_bits(torch.from_numpy(contents["original"].frames[100:160]))
    assert torch.equal(OriginalView(world, CPU).binary(shown), truth.bool().view(-1, 64, 64))


def test_objects_of_pong_are_in_their_boxes(contents):
    view = OriginalView(contents["original"], CPU)
    frames = view.binary(unpack_bits(torch.from_numpy(contents["original"].frames)))
    counted = sum(view.crop(frames, name).sum() for name in view.objects)
    assert counted == frames.sum()
    assert view.crop(frames, "agent").flatten(1).any(1).all(), "the agent's bat is in all frames"


def test_f1_counts_pixels_of_frames_in_which_the_object_is_visible():
    truth = torch.zeros(3, 2, 2, dtype=torch.bool)
    found = torch.zeros(3, 2, 2, dtype=torch.bool)
    truth[0, 0] = True  # two pixels, one of them found, and one wrong
    found[0, :, 0] = True
    found[2] = True  # not visible here: does not count
    assert f1(found, truth) == pytest.approx(0.5)
    assert f1(truth, truth) == 1
    assert f1(found[1:], truth[1:]) is None, "nothing to find"
