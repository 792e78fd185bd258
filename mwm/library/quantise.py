"""Weights in a quarter of their bytes: int8 with one float32 scale per output channel."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm import ArtefactError, UsageError

LEVELS = 127  # whole numbers on each side of 0: symmetric, so that 0 stays 0
SCALE = ".scale"  # ends the name of the scales of the matrix that is named before it
TRAINING = "weights"  # last part of the names of buffers that only a loss reads
SUMMED = "embedding"  # ... of matrices whose rows are summed: a column is an output channel there


def quantise(state: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    """A state dict in a quarter of its bytes.

    A floating point matrix (rows, columns) becomes int8 `<name>`, and float32 `<name>.scale`: the
    largest size in an output channel, over 127. A linear layer has a channel per row, so that the
    scales are (rows, 1). V's embedding is [pixel, unit] and the rows of a frame's pixels are summed
    into units: its scales are (1, columns). Per row it is as exact (F1 of decoded objects differs
    by 0.0002 at most), but has 16 times as many scales and compresses less well.

    All else is kept: vectors as float32, other types as they are. `weights`, the weights of pixels
    in V's loss, are left out.

    Raises:
        UsageError: something is int8 already.
    """
    packed: dict[str, NDArray[Any]] = {}
    for name, tensor in state.items():
        last = name.rsplit(".", 1)[-1]
        values = tensor.detach().cpu().numpy()
        if last == TRAINING:
            continue
        if values.dtype == np.int8:  # `dequantise` would look for its scales
            raise UsageError(
                f"quantise: {name}: expected weights as they were trained, found int8; quantise "
                "them once"
            )
        if not tensor.is_floating_point():
            packed[name] = values
        elif values.ndim == 2:
            sizes = np.abs(values).max(axis=0 if last == SUMMED else 1, keepdims=True)
            scale = np.where(sizes > 0, sizes / LEVELS, 1).astype(np.float32)
            packed[name] = np.rint(values / scale).clip(-LEVELS, LEVELS).astype(np.int8)
            packed[name + SCALE] = scale
        else:
            packed[name] = values.astype(np.float32)
    return packed


def dequantise(packed: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    """The state dict of which `quantise` made `packed`, to within half a scale.

    Raises:
        ArtefactError: something int8 is no matrix, has no scales, or they do not fit it.
    """
    state = {}
    for name, values in packed.items():
        if name.endswith(SCALE) and name.removesuffix(SCALE) in packed:
            continue
        if values.dtype == np.int8:
            values = values.astype(np.float32) * _scale(packed, name)  # noqa: PLW2901
        state[name] = torch.from_numpy(values.copy())
    return state


def _scale(packed: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    if packed[name].ndim != 2:
        raise ArtefactError(
            f"{name}: expected int8 (rows, columns), found {packed[name].shape}; quantise the "
            "weights anew"
        )
    rows, columns = packed[name].shape
    scale = packed.get(name + SCALE)
    if scale is None or scale.shape not in ((rows, 1), (1, columns)):
        found = "none" if scale is None else scale.shape
        raise ArtefactError(
            f"{name}{SCALE}: expected scales ({rows}, 1) or (1, {columns}), found {found}; "
            "quantise the weights anew"
        )
    return scale
