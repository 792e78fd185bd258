"""Linear maps from pairs of frames, which a V without alignment is given to compare with."""

import numpy as np
import pytest
import torch

from mwm.models import encoding
from mwm.transfer.pairs import fit, pair_up


@pytest.mark.parametrize("pairs", [10, 100])
def test_pairs_are_of_the_same_moments_of_training_episodes(
    module, contents, monkeypatch, pairs
) -> None:
    """Of other moments they would make a weak baseline, against which all else looks strong."""
    home, content = contents["original"], contents["mirror"]
    seen, visions, encode = [], [], encoding.encode

    def noting(vision, packed):
        seen.append(packed.numpy().copy())
        visions.append(vision)
        return encode(vision, packed)

    monkeypatch.setattr(encoding, "encode", noting)
    own, other = module.vision("original"), module.vision("mirror")
    mapped = pair_up(own, other, home, content, pairs)
    there, here = seen
    assert [vision is own for vision in visions] == [False, True], "each world by its own V"
    assert visions[0] is other
    assert np.array_equal(content.show(here), there)
    assert len(here) == pairs
    training = {frame.tobytes() for frame in home.frames[home.indices(home.episodes("train"))]}
    assert {frame.tobytes() for frame in here} <= training
    source, aim = encode(other, torch.from_numpy(there))[0], encode(own, torch.from_numpy(here))[0]
    expected = fit(other, source, aim)
    assert torch.equal(mapped.weight, expected.weight), "from the other world's codes to the own"
    assert torch.equal(mapped.bias, expected.bias)
    pair_up(own, module.vision("original"), home, contents["invert"], pairs)
    assert np.array_equal(seen[3], here), "the same moments for every world"


def test_of_fewer_frames_than_pairs_all_are_taken(module, contents, monkeypatch) -> None:
    """As of a small project."""
    home, content = contents["original"], contents["mirror"]
    seen, encode = [], encoding.encode

    def noting(vision, packed):
        seen.append(len(packed))
        return encode(vision, packed)

    monkeypatch.setattr(encoding, "encode", noting)
    pair_up(module.vision("original"), module.vision("mirror"), home, content, 10**6)
    assert seen == [len(home.indices(home.episodes("train", "original")))] * 2
