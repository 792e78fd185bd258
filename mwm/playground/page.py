"""The page itself: a template, into which style, scripts and bundle are put."""

from pathlib import Path

from mwm.control.player import Player
from mwm.models.model import MetaWorldModel
from mwm.playground.bundle import bundle, check
from mwm.playground.opening import Opening

ROOM = Path(__file__).parent
SCRIPTS = (
    *("bundle.js", "frames.js", "engine.js", "dream.js"),  # the models
    *("clock.js", "keys.js", "charts.js", "replay.js"),
    *("stage.js", "truth.js", "games.js", "paint.js", "main.js"),  # and what is seen of them
)


def page(model: MetaWorldModel, start: Opening, player: Player | None) -> str:
    """The playground of a trained model; the same inputs give the same text.

    Args:
        model: V of all worlds, and M.
        start: what `opening` found for it.
        player: its policy can play in the dream; None: the page has no player.

    Raises:
        UsageError: the page's scripts do not know this model.
        ArtefactError: the player is another model's.
    """
    check(model, player)
    held = bundle(model, start, player)
    text = (ROOM / "page.html").read_text(encoding="utf-8")
    style = (ROOM / "style.css").read_text(encoding="utf-8")
    for name, content in (("style", style), ("scripts", scripts()), ("bundle", held)):
        text = text.replace(f"{{{{ {name} }}}}", content)
    return text


def scripts() -> str:
    """All scripts, in the order in which they need each other."""
    texts = [(ROOM / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return '"use strict";\n\n' + "\n".join(texts)
