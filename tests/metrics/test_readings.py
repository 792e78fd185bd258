"""How an object is read, for readings that are known."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mwm.metrics.readings import reading

LENGTH, COUNT = 20, 60
FRAMES = LENGTH * COUNT


@pytest.fixture
def truth() -> Tensor:
    """A ball of 2 x 2 pixels that bounces in a field of 40 x 30, now and then out of sight."""
    rng = np.random.default_rng(0)
    frames = torch.zeros(FRAMES, 40, 30, dtype=torch.bool)
    for sequence in range(COUNT):
        row, column = rng.integers(0, 39), rng.integers(0, 29)
        speed = rng.choice([-3, -2, 2, 3], 2)
        for t in range(LENGTH):
            if rng.random() > 0.1:
                at = sequence * LENGTH + t
                frames[at, row : row + 2, column : column + 2] = True
            if not 0 <= row + speed[0] <= 38:
                speed[0] *= -1
            if not 0 <= column + speed[1] <= 28:
                speed[1] *= -1
            row, column = row + speed[0], column + speed[1]
    return frames


def delayed(truth: Tensor, steps: int) -> Tensor:
    """What a model that is late by some steps draws; at the start of a sequence, nothing."""
    sequences = truth.view(COUNT, LENGTH, 40, 30).roll(steps, 1)
    sequences[:, :steps] = False
    return sequences.flatten(0, 1)


def test_what_is_there_is_read_right(truth):
    assert reading(truth, truth, LENGTH) == "right"
    assert reading(truth.roll(1, 1), truth, LENGTH) == "right"  # a pixel off


@pytest.mark.parametrize(
    ("axes", "word"), [((1,), "upside down"), ((2,), "mirrored"), ((1, 2), "turned")]
)
def test_turned_objects_are_told(truth, axes, word):
    assert reading(truth.flip(axes), truth, LENGTH) == word


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_late_objects_are_told(truth, steps):
    word = "step" if steps == 1 else "steps"
    assert reading(delayed(truth, steps), truth, LENGTH) == f"late by {steps} {word}"


def test_early_objects_are_told(truth):
    found = truth.view(COUNT, LENGTH, 40, 30).roll(-2, 1)
    found[:, -2:] = False
    assert reading(found.flatten(0, 1), truth, LENGTH) == "early by 2 steps"


def test_shifted_objects_are_told(truth):
    found = torch.zeros_like(truth)
    found[:, 5:, :] = truth[:, :-5, :]
    assert reading(found, truth, LENGTH) == "shifted"


def test_an_object_from_elsewhere_is_unrelated(truth):
    order = np.random.default_rng(1).permutation(FRAMES)
    assert reading(truth[order], truth, LENGTH) == "unrelated"


def test_an_object_read_roughly_is_inexact(truth):
    rng = np.random.default_rng(2)
    found = torch.stack([f.roll(tuple(rng.integers(-4, 5, 2)), (0, 1)) for f in truth])
    assert reading(found, truth, LENGTH) == "inexact"


def test_an_object_seldom_drawn_is_missing_and_one_never_there_absent(truth):
    found = truth.clone()
    found[: 3 * FRAMES // 4] = False
    assert reading(found, truth, LENGTH) == "missing"
    assert reading(truth, torch.zeros_like(truth), LENGTH) == "absent"


@pytest.mark.parametrize(("step", "way", "word"), [(2, 2, "late"), (0, -2, "early")])
def test_a_delay_is_told_by_frames_whose_past_is_in_their_sequence(truth, step, way, word):
    found = truth[np.random.default_rng(1).permutation(FRAMES)]
    known = torch.arange(FRAMES) % 3 == step  # sequences of three frames; the others tell nothing
    found[known] = truth.roll(way, 0)[known]
    assert reading(found, truth, 3) == f"{word} by 2 steps"


def test_a_pixel_off_in_both_directions_is_not_right(truth):
    assert reading(truth.roll((1, 1), (1, 2)), truth, LENGTH) == "shifted"


def test_an_object_drawn_in_two_frames_of_five_is_missing(truth):
    found = truth.clone()
    found[: 3 * FRAMES // 5] = False
    assert reading(found, truth, LENGTH) == "missing"


def walk() -> torch.Tensor:
    """A ball of 2 x 2 pixels that is always seen, at places of its own in every sequence."""
    rng = np.random.default_rng(0)
    frames = torch.zeros(COUNT * LENGTH, 40, 30, dtype=torch.bool)
    for sequence in range(COUNT):
        start, speed = rng.integers(0, (39, 29)), rng.choice([-3, -2, 2, 3], 2)
        for t in range(LENGTH):
            row, column = (start + t * speed) % (39, 29)
            frames[sequence * LENGTH + t, row : row + 2, column : column + 2] = True
    return frames


def test_an_object_that_is_late_by_four_steps_is_told():
    truth = walk()
    found = truth.view(COUNT, LENGTH, 40, 30).roll(4, 1)
    found[:, :4] = False
    assert reading(found.flatten(0, 1), truth, LENGTH) == "late by 4 steps"


def test_an_object_drawn_in_three_frames_of_five_is_read():
    truth = walk()
    found = truth.clone()
    found[: 2 * len(truth) // 5] = False
    assert reading(found, truth, LENGTH) == "right"


@pytest.mark.parametrize(("rows", "told"), [(10, True), (16, False)])
def test_an_explanation_halves_the_distance(rows, told):
    """Of 26 pixels 10 are left, of 29 still 16."""
    rng = np.random.default_rng(0)
    truth, found = torch.zeros(2, 400, 40, 30, dtype=torch.bool)
    for t, (left, up) in enumerate(rng.integers(0, 2, (400, 2))):
        place, column = 19 + (rows if up else -rows), 2 if left else 26
        truth[t, 19:21, column : column + 2] = True
        found[t, place : place + 2, 28 - column : 30 - column] = True
    assert (reading(found, truth, LENGTH) == "mirrored") == told
