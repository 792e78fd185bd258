"""What a V may overlook or misplace: rare pixels, by their own statistics."""

import numpy as np

from mwm.io.frames import Frames
from mwm.smoothing.misreadings import AWAY, BESIDE, SELDOM, pictures


def slow_reference(frames: np.ndarray) -> list[np.ndarray]:
    """Frames (n, p) bool, pixel by pixel."""
    count, pixels = frames.shape
    made = [frames.copy() for _ in range(1 + len(AWAY) + len(BESIDE))]
    for pixel in range(pixels):
        share = frames[:, pixel].mean()
        common = share > 0.5
        if min(share, 1 - share) < SELDOM:
            made[0][:, pixel] = common
            others = [*(-(count // part) for part in AWAY), *BESIDE]
            for which, away in enumerate(others, 1):
                for frame in range(count):
                    made[which][frame, pixel] = frames[(frame + away) % count, pixel]
    return made


def test_rare_pixels_go_or_are_those_of_other_frames(contents: dict[str, Frames]) -> None:
    for world in ("original", "invert"):
        packed = contents[world].frames[:300]
        expected = slow_reference(np.unpackbits(packed, axis=1).astype(bool))
        for picture, bits in zip(pictures(packed), expected, strict=True):
            assert np.array_equal(picture, np.packbits(bits, axis=1))


def test_what_is_frequent_stays(contents: dict[str, Frames]) -> None:
    packed = contents["original"].frames
    bits = np.unpackbits(packed, axis=1)
    share = np.minimum(bits.mean(0), 1 - bits.mean(0))
    for picture in pictures(packed):
        changed = (np.unpackbits(picture, axis=1) != bits).mean(0)
        assert changed[share >= SELDOM].max() == 0
        assert changed[share < SELDOM].max() > 0
