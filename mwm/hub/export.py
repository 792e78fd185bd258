"""The pretrained models as a folder that a model hub takes as it is."""

import os
import tempfile
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from mwm import MwmError, UsageError
from mwm.control import player as players
from mwm.io.files import check_folder, write_json, write_text
from mwm.library import pretrained
from mwm.models.model import save
from mwm.reporting.shared.words import rounded_down

CARD = Path(__file__).with_name("card.md")
LICENCE = "LICENSE"
PLAYER = "player"
EXAMPLE = """\
import numpy as np

import mwm

model = mwm.load(".")
frames = np.zeros((10, 64, 64), bool)  # of the original; mwm.frames_of makes them of screens
frames[:, 30:32, 30:32] = True  # a ball
z = model.encode("original", frames)  # latents, (10, 32)
pictures = model.decode("mirror", z)  # probabilities, (10, 64, 64)
player = mwm.load_player("player")
codes = np.concatenate([z, np.zeros((10, player.about.model.memory), np.float32)], axis=1)
print(pictures.shape, player.choose(codes))
"""


def export(folder: Path) -> None:
    """Write weights, config.json, a model card, the licence and an example into a new folder.

    A new folder gets its name once it is complete, and an empty one its files, so that the command
    can run again.

    Raises:
        UsageError: the folder is there and not empty, or this copy of mwm has no pretrained models.
        MwmError: it cannot be written.
    """
    folder = Path(os.path.realpath(folder))  # Path.resolve fails where links lead in a circle
    here = os.path.lexists(folder)
    if here and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: expected a new or an empty folder, found another")
    place = folder if here else folder.parent  # what is here may be a mount, or the current folder
    check_folder(place)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=place) as temporary:
        made = Path(temporary) / folder.name
        try:
            _write(made)
        except MwmError as error:
            raise type(error)(str(error).replace(str(made), str(folder))) from None
        if here:
            for each in made.iterdir():
                each.replace(folder / each.name)
        else:
            made.replace(folder)


def _write(folder: Path) -> None:
    model, _, about = pretrained.read()
    player = players.load_player(pretrained.NAME)
    (folder / PLAYER).mkdir(parents=True)
    settings = {"made_of": pretrained.NAME, "control": about["control"]}
    save(model, folder, settings)
    as_player = player.about.model_copy(update={"kind": "player"})
    players.save(players.Player(as_player, player.model, player.policy), folder / PLAYER, [])
    form = {"worlds": model.worlds, "actions": model.actions, "game": about["game"]}
    write_json(folder / "config.json", {"library_name": "mwm", **form, **about["model"]})
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["down"] = rounded_down
    template = environment.from_string(CARD.read_text(encoding="utf-8"))
    text = template.render(about=about, worlds=model.worlds, example=EXAMPLE)
    write_text(folder / "README.md", text.rstrip() + "\n")
    write_text(folder / "example.py", EXAMPLE)
    write_text(folder / LICENCE, _licence())


def _licence() -> str:
    """Installed, it is in the package's metadata; in a checkout, beside the package."""
    root = Path(__file__).parents[2]
    found = [*root.glob(f"mwm-*.dist-info/licenses/{LICENCE}"), root / LICENCE]
    return found[0].read_text(encoding="utf-8")
