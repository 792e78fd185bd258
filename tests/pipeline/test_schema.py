"""params.schema.json is that of mwm/settings, holds for params.yaml, and refuses what is wrong."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mwm.pipeline.schema import generate
from mwm.settings.lines import read

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "params.schema.json").read_text(encoding="utf-8"))
TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")
TYPES = {
    "null": type(None),
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
}
BOUNDS = {
    "minimum": lambda x, limit: x >= limit,
    "maximum": lambda x, limit: x <= limit,
    "exclusiveMinimum": lambda x, limit: x > limit,
    "exclusiveMaximum": lambda x, limit: x < limit,
    "minItems": lambda x, limit: len(x) >= limit,
    "maxItems": lambda x, limit: len(x) <= limit,
    "minProperties": lambda x, limit: len(x) >= limit,
    "enum": lambda x, known: x in known,
    "pattern": lambda x, pattern: re.search(pattern, x),
    "required": lambda x, keys: set(keys) <= x.keys(),
}


def valid(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value fits, by those words of JSON Schema that params.schema.json uses."""
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return any(valid(value, one) for one in schema["anyOf"])
    if not isinstance(value, TYPES[schema["type"]]) or isinstance(value, bool):
        return False
    if not all(fits(value, schema[word]) for word, fits in BOUNDS.items() if word in schema):
        return False
    if isinstance(value, list):
        return all(valid(item, schema["items"]) for item in value)
    return not isinstance(value, dict) or all(
        any(valid(inner, one) for one in _of_key(key, schema)) for key, inner in value.items()
    )


def _of_key(key: str, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas of which a key's value must fit one."""
    if key in schema.get("properties", {}):
        return [schema["properties"][key]]
    if key not in schema.get("propertyNames", {}).get("enum", [key]):
        return []
    named = schema.get("patternProperties", {}).items()
    others = [schema["additionalProperties"]] if schema["additionalProperties"] else []
    return [one for pattern, one in named if re.search(pattern, key)] + others


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and all that it is made of."""
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            yield from parts(inner)
    if isinstance(schema, dict):
        yield schema


def test_the_schema_is_up_to_date() -> None:
    """If not: python -m mwm schema."""
    assert generate(ROOT / "params.yaml") == SCHEMA


def test_params_name_their_schema_and_fit_it() -> None:
    assert TEXT.startswith("# yaml-language-server: $schema=params.schema.json\n")
    assert valid(read(ROOT / "params.yaml")[0], SCHEMA)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("collect.holt", 1),
        ("collect.episodes", 0),
        ("collect.episodes", "3"),
        ("collect.episodes", 10**400),
        ("train.model.vision", "Sparse"),
        ("train.recruit.constraints.Transport", 1.0),
        ("train.runs.Mirror", {"worlds": ["original", "mirror"]}),
        ("variants.worlds.mirror", "mirror"),
    ],
)
def test_what_params_refuse_the_schema_refuses(key: str, value: Any) -> None:
    data = copy.deepcopy(read(ROOT / "params.yaml")[0])
    *path, last = key.split(".")
    section = data
    for part in path:
        section = section[part]
    section[last] = value
    assert not valid(data, SCHEMA)


def test_every_number_has_two_bounds_and_every_section_knows_its_keys() -> None:
    for part in parts(SCHEMA):
        if part.get("type") in ("integer", "number"):
            assert {"minimum", "exclusiveMinimum"} & part.keys(), part
            assert {"maximum", "exclusiveMaximum"} & part.keys(), part
        if part.get("type") == "object":
            assert part["additionalProperties"] is not True, part


def test_every_field_is_explained() -> None:
    fields = [f for d in SCHEMA["$defs"].values() for f in d.get("properties", {}).values()]
    fields = [field for field in fields if field.get("type") in ("integer", "number", "string")]
    assert len(fields) > 40
    assert all("description" in field for field in fields)


def test_the_schema_of_empty_params_has_no_comments_to_tell(tmp_path: Path) -> None:
    """It ended in an IndexError."""
    (tmp_path / "params.yaml").write_text("")
    assert generate(tmp_path / "params.yaml")["properties"]


def test_without_docstrings_it_is_not_written(tmp_path: Path) -> None:
    words = (sys.executable, "-OO", "-m", "mwm", "schema", "--out", str(tmp_path / "schema.json"))
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "expected the code's docstrings" in done.stderr
    assert not any(tmp_path.iterdir())
