"""What an evaluation is of: its game and plays, its training and models, in eval/manifest.json."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from mwm import ArtefactError
from mwm.io import records
from mwm.settings.base import Section

ORIGIN = "origin"  # key of the manifest
DIGITS = 12  # of a checksum, enough to tell results apart


class Origin(Section):
    """Where the numbers of an evaluation come from.

    Attributes:
        game: Gymnasium id.
        play: how its episodes were played: policy, seed, ...; as far as the data say.
        episodes: how many there are, by split.
        objects: name to [top, left, bottom, right] in pixels of the original, half open.
        training: schedule, inputs and seed of all runs (params `train.run`).
        models: the SHA-256 of each run's weights.
    """

    game: str
    play: dict[str, Any]
    episodes: dict[str, int]
    objects: dict[str, Annotated[list[int], Field(min_length=4, max_length=4)]]
    training: dict[str, Any]
    models: dict[str, str]


def read_origin(path: Path) -> tuple[Origin, str]:
    """What the evaluation is of, and the first digits of the checksum of all that it tells.

    Raises:
        MwmError: the manifest is missing or damaged, or tells nothing of the kind.
    """
    content = records.read(path)
    try:
        origin = Origin.model_validate(content.get(ORIGIN))
    except ValidationError:
        raise ArtefactError(
            f"{path}: expected what the evaluation is of, found a file of another version; "
            "run `dvc repro evaluate`"
        ) from None
    return origin, records.digest(content)[:DIGITS]
