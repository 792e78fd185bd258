"""Any-pooling: the same as a slow reference and as torch, and not one pixel is lost."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mwm.frames.pooling import any_pool

SIZES = [(160, 160), (210, 160), (250, 160), (64, 64), (65, 127), (128, 64), (100, 203), (640, 71)]


def _masks(height: int, width: int, share: float) -> NDArray[np.bool_]:
    return np.random.default_rng(0).random((5, height, width)) < share


def _unpacked(frames: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.unpackbits(frames, axis=1).reshape(-1, 64, 64).astype(bool)


def _slowly(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    height, width = mask.shape
    frame = np.empty((64, 64), bool)
    for i in range(64):
        rows = slice(int(np.floor(i * height / 64)), int(np.ceil((i + 1) * height / 64)))
        for j in range(64):
            columns = slice(int(np.floor(j * width / 64)), int(np.ceil((j + 1) * width / 64)))
            frame[i, j] = mask[rows, columns].any()
    return frame


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("share", [0.001, 0.2])
def test_pooling_is_what_the_slow_reference_says(height: int, width: int, share: float) -> None:
    masks = _masks(height, width, share)
    assert np.array_equal(_unpacked(any_pool(masks)), [_slowly(mask) for mask in masks])


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_pooling_is_adaptive_max_pooling(height: int, width: int) -> None:
    masks = _masks(height, width, 0.05)
    pooled = torch.nn.functional.adaptive_max_pool2d(torch.from_numpy(masks).float(), 64)
    assert np.array_equal(_unpacked(any_pool(masks)), pooled.numpy() > 0)


def test_every_single_pixel_of_pongs_field_is_kept_where_it_is() -> None:
    for row in range(160):
        masks = np.zeros((160, 160, 160), bool)
        masks[range(160), row, range(160)] = True
        frames = _unpacked(any_pool(masks))
        assert frames.any((1, 2)).all()
        _, rows, columns = np.nonzero(frames)
        assert np.abs((rows + 0.5) * 2.5 - (row + 0.5)).max() <= 2.5
        assert len(columns) <= 4 * 160


def test_frames_are_packed_row_by_row_with_the_first_pixel_highest() -> None:
    mask = np.zeros((1, 64, 64), bool)
    mask[0, 1, 2] = True
    assert np.flatnonzero(any_pool(mask)[0]).tolist() == [8]
    assert any_pool(mask)[0, 8] == 0b0010_0000
