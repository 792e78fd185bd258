"""Linear maps from pairs of frames, which a V without alignment is given to compare with."""

import numpy as np
import pytest

from mwm.models import encoding
from mwm.transfer.pairs import pair_up


@pytest.mark.parametrize("pairs", [10, 100])
def test_pairs_are_of_the_same_moments_of_training_episodes(
    module, contents, monkeypatch, pairs
) -> None:
    """Of other moments they would make a weak baseline, against which all else looks strong."""
    home, content = contents["original"], contents["mirror"]
    seen, encode = [], encoding.encode

    def noting(vision, packed):
        seen.append(packed.numpy().copy())
        return encode(vision, packed)

    monkeypatch.setattr(encoding, "encode", noting)
    pair_up(module.vision("original"), module.vision("mirror"), home, content, pairs)
    there, here = seen
    assert np.array_equal(content.show(here), there)
    assert len(here) == pairs
    training = {frame.tobytes() for frame in home.frames[home.indices(home.episodes("train"))]}
    assert {frame.tobytes() for frame in here} <= training
