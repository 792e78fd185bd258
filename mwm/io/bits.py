"""Binary frames in the two forms that users may hand in: pictures of bool, or packed bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.io.frames import FRAME_BYTES, SIDE


def pack(frames: Any, name: str = "frames") -> NDArray[np.uint8]:
    """Frames in either form as packed bits.

    Args:
        frames: (..., 64, 64) bool, or (..., 512) uint8 packed; NumPy's or PyTorch's.
        name: what an error calls them.

    Returns:
        (..., 512) uint8: 64 x 64 bits row by row, the leftmost pixel of eight the highest bit.

    Raises:
        UsageError: another shape or dtype.
    """
    array = as_array(frames)
    if array.dtype == np.uint8 and array.shape[-1:] == (FRAME_BYTES,):
        return array
    if array.dtype == np.bool_ and array.shape[-2:] == (SIDE, SIDE):
        return np.packbits(array.reshape(*array.shape[:-2], SIDE * SIDE), axis=-1)
    raise UsageError(
        f"{name}: expected (..., 64, 64) bool or (..., 512) uint8, found {described(array)}"
        f"{_advice(array, name)}"
    )


def unpack(frames: Any) -> NDArray[np.bool_]:
    """Packed frames, (..., 512) uint8, as pictures: (..., 64, 64) bool.

    Raises:
        UsageError: another shape or dtype; pictures are returned as they are.
    """
    packed = pack(frames)
    bits = np.unpackbits(packed, axis=-1).view(np.bool_)
    return bits.reshape(*packed.shape[:-1], SIDE, SIDE)


def as_array(value: Any) -> NDArray[Any]:
    """A NumPy array of what a caller handed in, PyTorch's tensors (of any device) included.

    Raises:
        UsageError: it is no array, for instance a ragged list.
    """
    try:
        if hasattr(value, "detach"):  # a tensor; without importing PyTorch
            value = value.detach().cpu()
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"expected an array, found {type(value).__name__}: {said}") from None
    return array


def described(array: NDArray[Any]) -> str:
    """`float32 (10, 64, 64)`, for messages."""
    return f"{array.dtype} {array.shape}"


def _advice(array: NDArray[Any], name: str) -> str:
    """The call to write instead, to end a message."""
    if array.shape[-2:] == (SIDE, SIDE):
        how = "> 0.5" if np.issubdtype(array.dtype, np.floating) else "!= 0"
        return f"; write {name} {how}"
    if array.dtype == np.bool_ and array.shape[-1:] == (SIDE * SIDE,):
        return f"; write {name}.reshape(-1, 64, 64)"
    if array.shape[-3:-1] == (210, 160) or array.shape[-2:] == (210, 160):
        return f'; write mwm.frames_of("ALE/Pong-v5", {name})'
    return ""
