"""Set-up: every dependency is pinned within its range, and `make` says what it does and lacks."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([^#\s=]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M
    )
}


@pytest.mark.parametrize("declared", DECLARED)
def test_every_dependency_is_pinned_within_its_range(declared: str) -> None:
    requirement = Requirement(declared)
    assert requirement.specifier, f"{declared} has no range"
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_every_line_of_the_constraints_is_an_exact_pin() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) == len(PINS)
    assert not any("+" in version for version in PINS.values()), "a local build is not everywhere"


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=outside, capture_output=True, text=True, check=False
    )


def test_make_alone_lists_every_target_in_one_line_each() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert phony
    listed = make(ROOT).stdout.splitlines()
    assert [line.split()[1] for line in listed] == phony[1].split()
    assert all(len(line.split()) > 4 for line in listed)


@pytest.mark.parametrize("python", ["", "false", "no-such-python"])
def test_make_without_a_fitting_python_says_so_and_leaves_nothing(
    tmp_path: Path, python: str
) -> None:
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    before = sorted(folder.iterdir())
    done = make(folder, "env", f"PYTHON={python}")
    assert done.returncode == 2
    assert f"error: PYTHON='{python}': expected a Python 3.11, 3.12 or 3.13" in done.stderr
    assert sorted(folder.iterdir()) == before
