"""The names in docs/file-formats.md, and those of real files as that page writes them."""

import re

import brief
from closure import ROOT

PAGE = ROOT / "docs" / "file-formats.md"
OBJECTS, MODELS = ("opponent", "agent", "ball"), ("anchored",)
CONSTRAINTS = ("contrast", "transport")


def documented() -> dict[str, dict[str, str]]:
    """By title of a section, the names in its tables, and what stands beside each."""
    tables = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        rows = re.findall(r"^\| (`.+?`) \| (.*?) \|", section, re.M)
        title = section.splitlines()[0].strip("`")
        tables[title] = {name: told for cell, told in rows for name in re.findall("`(.+?)`", cell)}
    return tables


def pattern(name: str) -> re.Pattern[str]:
    """What a name of the page stands for: `runs/<run>/manifest.json` for runs/mirror/..."""
    return re.compile(re.sub("<.+?>", "[^/.]+", name.replace(".", r"\.")))


def general(name: str) -> str:
    """A name of a file, as the page writes it: `f1_<object>` for f1_ball."""
    name = re.sub(r"\d{6}", "<episode>", name)
    for kind, names in (
        ("object", OBJECTS),
        ("model", MODELS),
        ("constraint", CONSTRAINTS),
        ("world", brief.WORLDS),
    ):
        name = re.sub(rf"(?<![a-z])({'|'.join(names)})(?![a-z])", f"<{kind}>", name)
    return name
