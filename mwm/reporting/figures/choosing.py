"""Which moments of the film a strip shows: chosen by what the original shows, not by decodings."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]


def liveliest(
    original: Pictures,
    boxes: Mapping[str, Sequence[int]],
    hits: NDArray[np.uint8],
    offsets: Sequence[int],
) -> int:
    """The start of the strip in which there is most to see; the first of several.

    A hit by the agent stands in the middle, as far as the film's ends allow; of several the one
    around which most objects are seen, counted over the strip's frames. Without a hit: where most
    objects are seen. In a game without objects: where most pixels are on.

    Args:
        original: (n, 64, 64) uint8, on where above 0.
        boxes: of the objects, [top, left, bottom, right] in pixels, half open.
        hits: (n,) uint8, above 0 where the agent hits.
        offsets: of the strip's frames from its start; the last one is below n.
    """
    latest = len(original) - 1 - offsets[-1]
    middles = np.flatnonzero(hits) - offsets[-1] // 2
    starts = np.clip(middles, 0, latest) if len(middles) else np.arange(latest + 1)
    if boxes:
        crops = (original[:, top:bottom, left:right] for top, left, bottom, right in boxes.values())
        seen = np.sum([crop.any((1, 2)) for crop in crops], 0)
    else:
        seen = original.sum((1, 2), dtype=np.int64)
    return int(starts[seen[starts[:, None] + np.asarray(offsets)].sum(1).argmax()])
