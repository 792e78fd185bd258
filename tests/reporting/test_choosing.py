"""Which part of a film a strip shows, of made-up films in which that is known."""

import numpy as np
import pytest

from mwm.reporting.figures.choosing import liveliest

BOXES = {"bat": [0, 0, 64, 8], "ball": [0, 8, 64, 64]}


def film(columns, bat=True):
    """A ball at these columns at successive moments, None where it is not seen, and a still bat."""
    frames = np.zeros((len(columns), 64, 64), np.uint8)
    if bat:
        frames[:, 20:30, 2:4] = 255
    for frame, column in zip(frames, columns, strict=True):
        if column is not None:
            frame[40:42, column : column + 2] = 255
    return frames


UNSEEN = [None] * 5
ACROSS = [20, 22, 24, 26, 28, 30]
HIT = [50, 53, 56, 53, 50, 47]


@pytest.mark.parametrize("seen", [ACROSS, HIT])
def test_most_objects_are_seen(seen):
    assert liveliest(film([*UNSEEN, *seen, *UNSEEN]), BOXES, range(6)) == 5


def test_of_such_strips_one_shows_a_hit():
    assert liveliest(film([*ACROSS, *UNSEEN, *HIT]), BOXES, range(6)) == 11
    assert liveliest(film([*HIT, *UNSEEN, *HIT]), BOXES, range(6)) == 0, "the first of them"


def test_a_hit_between_two_frames_of_the_strip_counts():
    assert liveliest(film([*ACROSS, *UNSEEN, *HIT]), BOXES, [0, 2, 4]) == 11


@pytest.mark.parametrize("boxes", [{}, {"whole": [0, 0, 64, 64]}, {"never": [0, 8, 8, 16]}])
def test_other_games_have_a_strip_too(boxes):
    shown = film([*UNSEEN, *ACROSS], bat=False)
    assert liveliest(shown, boxes, range(4)) == (0 if "never" in boxes else 5)


@pytest.mark.parametrize("offsets", [[0, 1], range(11)])
def test_the_shortest_and_the_longest_strip(offsets):
    assert 0 <= liveliest(film([*UNSEEN, *ACROSS]), BOXES, offsets) <= 11 - len(offsets)
