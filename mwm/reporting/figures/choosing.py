"""Which moments of the film a strip shows: chosen by what the original shows, not by decodings."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]


def liveliest(
    original: Pictures, boxes: Mapping[str, Sequence[int]], offsets: Sequence[int]
) -> int:
    """The start of the strip in which there is most to see; the first of several.

    That is where most objects are seen, counted over its frames; of such strips, one in which the
    fastest object turns, as a ball does that is hit. In a game without objects: where most pixels
    are on.

    Args:
        original: (n, 64, 64) uint8, on where above 0.
        boxes: of the objects, [top, left, bottom, right] in pixels, half open.
        offsets: of the strip's frames from its start; the last one is below n.
    """
    last = offsets[-1]
    starts = range(len(original) - last)
    if not boxes:
        on = original.sum((1, 2), dtype=np.int64)
        return max(starts, key=lambda start: on[start + np.asarray(offsets)].sum())
    tracks = np.stack([_track(original, box) for box in boxes.values()])
    seen = np.isfinite(tracks[:, :, 0]).sum(0)
    steps = np.diff(tracks, axis=1)
    speeds = np.nansum(np.abs(steps), (1, 2)) / np.maximum(1, np.isfinite(steps).sum((1, 2)))
    fastest = steps[np.argmax(speeds)]
    turns = (fastest[1:] * fastest[:-1] < 0).any(1)  # at moments 1, 2, ...

    def shown(start: int) -> tuple[int, bool]:
        objects = seen[start + np.asarray(offsets)].sum()
        return int(objects), bool(turns[start : start + last - 1].any())

    return max(starts, key=shown)


def _track(original: Pictures, box: Sequence[int]) -> NDArray[np.float64]:
    """The centroid of what is on in a box at each moment, (n, 2): row, column; NaN if nothing."""
    top, left, bottom, right = box
    on = original[:, top:bottom, left:right] > 0
    count = on.sum((1, 2)).astype(np.float64)
    count[count == 0] = np.nan
    row, column = on.sum(2) @ np.arange(bottom - top), on.sum(1) @ np.arange(right - left)
    track: NDArray[np.float64] = np.stack([row / count, column / count], 1)
    return track
