"""What a V may overlook or misplace: rare pixels, by their own statistics."""

import numpy as np
import torch
from small_world import Looked

from mwm.io.frames import Frames
from mwm.models.codes import half, means_of
from mwm.smoothing.misreadings import AWAY, BESIDE, SELDOM, misread, pictures


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


def test_misread_codes_are_those_of_the_pictures_in_the_units_of_the_codes(contents):
    content, v = contents["original"], Looked()
    codes = half(v, content, 0)
    found = misread(v, content, codes)
    made = [
        means_of(v, one)[0][:, codes.dimensions] for one in pictures(content.frames[codes.frames])
    ]
    expected = (torch.stack(made) - codes.centre) / codes.scale
    assert len(found.beside) == len(BESIDE)
    torch.testing.assert_close(torch.cat([found.elsewhere, found.beside]), expected)
    torch.testing.assert_close(
        found.beside[0, :-1].mean(0), found.beside[1, 1:].mean(0), atol=0.2, rtol=0
    )
