"""What the page holds beside its scripts: models and plays, as one text of base64."""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.control.player import Player
from mwm.control.policy import MOST
from mwm.control.visions import check_anchor
from mwm.library.quantise import quantise
from mwm.models.model import MetaWorldModel
from mwm.playground.opening import Opening

Arrays = dict[str, NDArray[Any]]
ALIGNMENT = 4  # bytes; typed arrays of float32 begin at a multiple of it
VISION, PREDICTS = "sparse", "change"  # what engine.js knows


def check(model: MetaWorldModel, player: Player | None) -> None:
    """Refuse what the page's scripts do not know.

    Raises:
        UsageError: an architecture that engine.js lacks.
        ArtefactError: the player learned in the codes of another model.
    """
    for name, wanted in (("vision", VISION), ("predicts", PREDICTS)):
        if (found := getattr(model.config, name)) != wanted:
            raise UsageError(
                f"params.yaml: train.model.{name}: the playground knows {wanted} alone, found "
                f"{found}; train with {name}: {wanted}, or do without the page"
            )
    if player is not None:
        check_anchor(player, model)


def bundle(model: MetaWorldModel, start: Opening, player: Player | None) -> str:
    """The text that bundle.js reads; the same inputs give the same text.

    Args:
        model: V of all worlds, and M.
        start: what the page starts from.
        player: its policy plays; None: nobody but the reader can.
    """
    header = {
        **start.header,
        "model": {
            key: getattr(model.config, key) for key in ("latent", "hidden", "rank", "memory")
        },
        "player": None if player is None else {"most": MOST},
    }
    arrays = quantise(model.state_dict())
    if player is not None:
        state = player.policy.state_dict()
        kept = {name: value for name, value in state.items() if not name.startswith("critic.")}
        arrays |= {f"policy.{name}": value for name, value in quantise(kept).items()}
    arrays |= start.arrays
    return base64.b64encode(zlib.compress(_bytes(header, arrays), 9)).decode()


def _bytes(header: Mapping[str, Any], arrays: Arrays) -> bytes:
    """The length of the header, the header, and the arrays where it says that they are."""
    sizes = {name: -(-array.nbytes // ALIGNMENT) * ALIGNMENT for name, array in arrays.items()}

    def told(start: int) -> bytes:
        listed, offset = [], start
        for name, array in arrays.items():
            about = {"name": name, "type": array.dtype.name, "shape": array.shape}
            listed.append({**about, "offset": offset})
            offset += sizes[name]
        return json.dumps({**header, "arrays": listed}, separators=(",", ":")).encode()

    # Offsets are written in the header, whose length depends on them: leave room for long ones.
    length = -(-(len(told(10**9)) + 4) // ALIGNMENT) * ALIGNMENT
    head = told(length).ljust(length - 4)
    parts = [
        np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        .tobytes()
        .ljust(sizes[name], b"\0")
        for name, array in arrays.items()
    ]
    return len(head).to_bytes(4, "little") + head + b"".join(parts)
