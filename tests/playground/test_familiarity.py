"""What is usual of real frames, of strangenesses that are known."""

import pytest
import torch

from mwm.playground import familiarity


def test_levels_are_those_that_their_names_say(contents, monkeypatch) -> None:
    """`strange` could be above three of four real sequences."""
    monkeypatch.setattr(familiarity, "encode", lambda vision, packed: (packed.float(), None))
    # 15 of each sequence have its number, whatever they are of
    monkeypatch.setattr(
        familiarity,
        "strangeness",
        lambda model, z: torch.arange(len(z)).div(15, rounding_mode="floor").double(),
    )

    class Model:
        def vision(self, world: str) -> None:
            assert world == "original"

    found = familiarity.familiarity(Model(), contents["original"])
    most = len(familiarity.windows(contents["original"], 15, 120)) - 1
    assert found.span == 15
    assert most > 3
    levels = [found.usual, found.strange, found.foreign]
    assert levels == pytest.approx([0.5 * most, 0.95 * most, 0.99 * most], abs=1e-4)
