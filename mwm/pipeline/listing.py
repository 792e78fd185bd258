"""What the evaluation reads of each world, as dvc.yaml lists it: one line a world."""

import re
from pathlib import Path

from mwm import UsageError
from mwm.pipeline import blocks

PIPELINE = Path("dvc.yaml")
EVALUATE = ("stages", "evaluate", "deps")
LINE = "data/worlds/{0}.h5, runs/see/{0}, runs/{0},"  # what evaluate reads of a world
LISTED = re.compile(r"\s*data/worlds/(\w+)\.h5, runs/see/\1,( runs/\1,)?\s*")


def changed(name: str, listed: bool) -> str:
    """The text of dvc.yaml in which the evaluation reads the world `name`, or does not.

    Raises:
        UsageError: its list of worlds is not in the form that it is written in here.
    """
    from mwm.settings.text import text_of

    text = text_of(PIPELINE)
    before = _deps(text)
    lines = text.splitlines(keepends=True)
    inside = blocks.span(text, EVALUATE)
    found = {match[1]: n for n in inside if (match := LISTED.fullmatch(lines[n]))}
    if listed and found and name not in found:
        last = max(found.values())
        indent = lines[last][: len(lines[last]) - len(lines[last].lstrip())]
        lines.insert(last + 1, f"{indent}{LINE.format(name)}\n")
    elif not listed and name in found:
        del lines[found[name]]
    changed = "".join(lines)
    own = set(LINE.format(name).rstrip(",").split(", "))
    if not found or _deps(changed) != (before | own if listed else before - own):
        raise UsageError(
            f"{PIPELINE}: expected lines such as `{LINE.format('mirror')}` in the deps of "
            "evaluate, one a world, found others; restore them, or edit both files by hand"
        )
    return changed


def _deps(text: str) -> set[str]:
    try:
        return set(map(str, blocks.parsed(text, PIPELINE)["stages"]["evaluate"]["deps"]))
    except (KeyError, TypeError):  # no such stage, or it has no list
        return set()
