"""How the commands of `mwm` print: JSON where asked for, else text of at most 100 columns."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object instead of text")]


def stages_like(incomplete: str) -> list[str]:
    """Stages that a shell may complete: those of the folder's dvc.lock, as DVC writes it.

    Its keys are looked for, since to parse it would take longer than a reader waits.
    """
    try:
        names = re.findall(r"^  ([\w@.-]+):$", Path("dvc.lock").read_text(encoding="utf-8"), re.M)
    except (OSError, ValueError):
        return []
    return sorted(name for name in names if name.startswith(incomplete))


Targets = Annotated[
    list[str] | None,
    typer.Argument(
        help="stages, such as recruit@mirror, or dvc.yaml files, for all their stages",
        show_default=False,
        autocompletion=stages_like,
    ),
]


def named_file(path: Path | None) -> Path | None:
    """A file that an option names.

    Raises:
        BadParameter: it has no name, as where a variable of the shell is not set.
    """
    if path is not None and not path.name:
        raise typer.BadParameter(f"expected the name of a file, found {str(path)!r}, a folder")
    return path


def named_folder(path: Path) -> Path:
    """A folder that an option names, to be written to.

    Raises:
        BadParameter: it has no name, as where a variable of the shell is not set.
    """
    if not path.name:
        raise typer.BadParameter(f"expected the name of a folder, found {str(path)!r}")
    return path


def print_json(value: Any) -> None:
    """Print `value` as indented JSON."""
    print(json.dumps(value, indent=2))


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size(count: float) -> str:
    """`512 B`, `3.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"


def shortened(text: str, width: int) -> str:
    """The text, or its beginning and end."""
    half = (width - 1) // 2
    return text if len(text) <= width else f"{text[:half]}…{text[-half:]}"
