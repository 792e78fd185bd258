"""What an evaluation is of: read as it was written, and told from every other evaluation."""

from pathlib import Path

import pytest

from mwm import ArtefactError
from mwm.io import records
from mwm.io.origin import ORIGIN, Origin, read_origin

KNOWN = Origin(
    game="ALE/Pong-v5",
    play={"policy": "random", "seed": 7},
    episodes={"train": 4, "validation": 1, "test": 1},
    objects={"ball": [0, 8, 64, 54]},
    training={"schedule": "anchored", "seed": 8},
    models={"mirror": "0" * 64},
)


def test_evaluations_of_one_origin_with_other_numbers_are_told_apart(tmp_path: Path) -> None:
    """A report of new tables had the digits of the report before."""
    digits = []
    for checksum in ("1" * 64, "2" * 64):
        content = {ORIGIN: KNOWN.model_dump(), records.FILES: {"pairs.csv": checksum}}
        records.write(tmp_path / "manifest.json", content)
        origin, found = read_origin(tmp_path / "manifest.json")
        assert origin == KNOWN
        assert len(found) == 12
        digits.append(found)
    assert digits[0] != digits[1]


def test_a_manifest_of_nothing_is_told(tmp_path: Path) -> None:
    records.write(tmp_path / "manifest.json", {records.FILES: {}})
    with pytest.raises(ArtefactError, match="expected what the evaluation is of, found a file of"):
        read_origin(tmp_path / "manifest.json")
