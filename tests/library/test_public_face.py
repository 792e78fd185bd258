"""`import mwm`: fast, without side effects, and all of its names documented."""

import ast
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import mwm

IMPORT = """
import os, sys
before, loaded = dict(os.environ), set(sys.modules)
import mwm
late = {name.split(".")[0] for name in sys.modules.keys() - loaded} - sys.stdlib_module_names
print(*late)
assert dict(os.environ) == before, "it sets environment variables"
"""


def test_importing_loads_the_standard_library_alone_and_sets_no_environment_variable():
    """So it takes a twentieth of a second; `make bench` measures it."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True, cwd="/",
        env={"PYTHONPATH": str(Path(mwm.__file__).parents[1])},
    )  # fmt: skip
    assert done.stdout.split() == ["mwm"]


def test_every_public_name_is_there_and_documented():
    assert set(mwm.__all__) <= set(dir(mwm))
    for name in mwm.__all__:
        assert getattr(mwm, name).__doc__, name
    names: dict[str, object] = {}
    exec("from mwm import *", names)
    assert set(mwm.__all__) <= names.keys()


def test_help_shows_them_with_their_arguments():
    shown = pydoc.plain(pydoc.render_doc(mwm))
    for name in set(mwm.__all__) - {"__version__"}:
        assert name in shown
    assert f"VERSION\n    {mwm.__version__}" in shown
    assert "encode(self, world: str, frames: Any)" in shown
    assert "(..., 64, 64) float32: for each pixel the probability" in shown


def test_type_checkers_see_the_names_that_are_loaded_on_use():
    tree = ast.parse(Path(mwm.__file__).read_text(encoding="utf-8"))
    typed = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("mwm")
        for alias in node.names
    }
    assert typed == mwm._HOMES
    errors = {"ArtefactError", "MwmError", "UsageError", "__version__"}
    assert sorted({*typed, *errors}) == sorted(mwm.__all__)
    assert Path(mwm.__file__).with_name("py.typed").is_file()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'mwm' has no attribute 'laod'"):
        mwm.laod  # noqa: B018
