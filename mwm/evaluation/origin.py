"""What an evaluation is of, as the data and the trained models say."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mwm.io import records
from mwm.io.frames import SPLITS, Frames
from mwm.io.origin import Origin
from mwm.models.model import WEIGHTS

PLAYED = ("policy", "hold", "repeat_probability", "frame_skip", "max_steps", "seed")


def origin_of(original: Frames, folders: Iterable[Path]) -> Origin:
    """What runs in `folders` that are evaluated on the frames of the original are of.

    Raises:
        MwmError: a manifest is missing or damaged.
    """
    found = original.attributes
    manifests = {folder.name: records.read(folder / records.MANIFEST) for folder in folders}
    played = {name: found[name] for name in PLAYED if name in found}
    training = next(iter(manifests.values()))["settings"]["run"]
    return Origin(
        game=str(found["game"]),
        play={k: v.item() if isinstance(v, np.generic) else v for k, v in played.items()},
        episodes={split: len(original.episodes(split)) for split in SPLITS},
        objects=json.loads(found["objects"]),
        training={name: training[name] for name in ("schedule", "inputs", "seed")},
        models={name: manifest[records.FILES][WEIGHTS] for name, manifest in manifests.items()},
    )
