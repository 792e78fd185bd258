"""The JSON schema of params.yaml, for editors: checked as it is typed, with each key explained."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mwm import UsageError
from mwm.pipeline.output import named_file


def schema(
    out: Annotated[Path, typer.Option(help="file to write", callback=named_file)] = Path(
        "params.schema.json"
    ),
    params: Annotated[Path, typer.Option(help="file whose comments explain its keys")] = Path(
        "params.yaml"
    ),
) -> None:
    """Write the schema by which editors check and explain params.yaml.

    It is generated from mwm/settings and the comments in params.yaml.
    """
    from mwm.io.files import write_text

    if sys.flags.optimize > 1:
        raise UsageError(
            "mwm schema: expected the code's docstrings, of which it is made, found none; run it "
            "without PYTHONOPTIMIZE=2 (python -OO)"
        )

    write_text(out, json.dumps(generate(params), indent=2, ensure_ascii=False) + "\n")


def generate(params: Path) -> dict[str, Any]:
    """The schema; what a comment says of a key in `params` is its description.

    A key without a comment has that of the first key of its name, as in acts after the first.
    """
    from mwm.settings.lines import read
    from mwm.settings.params import Params

    schema = Params.model_json_schema()
    places = read(params)[1]
    lines = params.read_text(encoding="utf-8").splitlines() or [""]
    told: dict[str | int, str] = {}
    for key, place in places.items():
        comment = re.search(r"\s# *(.+)$", lines[int(place.rpartition(":")[2]) - 1])
        field = _field(schema, key)
        if comment and field is not None:
            field.setdefault("description", comment[1])
            told.setdefault(key[-1], comment[1])
    for section in schema["$defs"].values():
        for name, field in section["properties"].items():
            field.pop("title", None)
            if name in told:
                field.setdefault("description", told[name])
            if "patternProperties" in field:
                field["additionalProperties"] = False
    return schema


def _field(schema: dict[str, Any], key: tuple[str | int, ...]) -> dict[str, Any] | None:
    """The part of `schema` on the field `key`; None for a name that it leaves open."""
    here = schema
    for part in key:
        if "$ref" in here:
            here = schema["$defs"][here["$ref"].rpartition("/")[2]]
        if part not in here.get("properties", {}):
            return None
        here = here["properties"][part]
    return here
