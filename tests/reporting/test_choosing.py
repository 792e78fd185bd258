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
HIT = [50, 53, 56, None, 53, 50, 47]


def start(columns, offsets, *hits, boxes=BOXES, bat=True):
    """Where the strip starts in a film of a ball in these columns, hit at these moments."""
    marks = np.zeros(len(columns), np.uint8)
    marks[list(hits)] = 1
    return liveliest(film(columns, bat), boxes, marks, offsets)


def test_without_a_hit_most_objects_are_seen():
    assert start([*UNSEEN, *ACROSS, *UNSEEN], range(6)) == 5
    assert start([*ACROSS, *UNSEEN, *ACROSS], range(6)) == 0, "the first of them"


def test_a_hit_stands_in_the_middle_although_the_ball_is_hidden_there():
    assert start([*ACROSS, *ACROSS, *HIT], [0, 2, 4], 14) == 12
    assert start([*HIT, *ACROSS], range(7), 2) == 0, "as far as the film goes"
    assert start([*ACROSS, *HIT], range(7), 10) == 6, "to its end"


def test_of_several_hits_the_one_around_which_most_is_seen():
    seen = [50, 53, 56, 55, 53, 50, 47]
    assert start([*HIT, *ACROSS, *seen, *ACROSS], range(6), 2, 15) == 13
    assert start([*seen, *ACROSS, *HIT, *ACROSS], range(6), 2, 15) == 0


@pytest.mark.parametrize("boxes", [{}, {"whole": [0, 0, 64, 64]}, {"never": [0, 8, 8, 16]}])
def test_other_games_have_a_strip_too(boxes):
    found = start([*UNSEEN, *ACROSS], range(4), boxes=boxes, bat=False)
    assert found == (0 if "never" in boxes else 5)


@pytest.mark.parametrize("offsets", [[0, 1], range(11)])
def test_the_shortest_and_the_longest_strip(offsets):
    for hits in ([], [0], [10]):
        assert 0 <= start([*UNSEEN, *ACROSS], offsets, *hits) <= 11 - len(offsets)
