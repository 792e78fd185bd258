"""YAML in tests, by the library that the product uses."""

from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def parse(source: str | Path) -> Any:
    """The value of a YAML text, or of a file."""
    return YAML(typ="safe").load(source)


def text(value: Any) -> str:
    """A value as YAML."""
    yaml, stream = YAML(typ="safe"), StringIO()
    yaml.default_flow_style = False
    yaml.dump(value, stream)
    return stream.getvalue()
