"""Set-up: pinned dependencies, an environment that fits, and a checkout with the same bytes."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from workspace import git

from mwm.pipeline.subprocess_environment import unbound

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


@pytest.mark.parametrize("python", ["3.11.2", "3.12.0", "3.13.0"])  # the first: of Debian 12
def test_every_pin_installs_on_every_python_that_is_promised(python: str) -> None:
    """Soup Sieve 4 asks for 3.11.5, so that no environment could be made on Debian 12."""
    needs = {
        canonicalize_name(one.name): SpecifierSet(one.metadata.get("Requires-Python") or "")
        for one in distributions()
    }
    known = PINS.keys() & needs.keys()
    assert {canonicalize_name(Requirement(declared).name) for declared in DECLARED} <= known
    assert not [f"{name}=={PINS[name]}" for name in known if not needs[name].contains(python)]


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command there, as outside of any `make`."""
    outside = {name: value for name, value in unbound().items() if not name.startswith("MAKE")}
    return subprocess.run(
        words,
        cwd=folder,
        env=outside | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "make", *arguments, **environment)


def test_make_alone_lists_every_target_in_one_line_each() -> None:
    phony = re.search(
        r"^\.PHONY: (help .+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M
    )
    assert phony
    listed = make(ROOT).stdout.splitlines()
    assert [line.split()[1] for line in listed] == [
        each for each in phony[1].split() if each != "repository"
    ]
    assert all(len(line.split()) > 4 for line in listed)


@pytest.mark.parametrize("python", ["", "false", "no-such-python"])
def test_make_without_a_fitting_python_says_so_and_leaves_nothing(
    tmp_path: Path, python: str
) -> None:
    folder = checkout(tmp_path / "a clone")
    before = sorted(folder.iterdir())
    done = make(folder, "env", f"PYTHON={python}")
    assert done.returncode == 2
    assert f"error: PYTHON='{python}': expected a Python 3.11, 3.12 or 3.13" in done.stderr
    assert sorted(folder.iterdir()) == before


def checkout(folder: Path, *more: str) -> Path:
    """A folder with what `make env` reads, and `more`."""
    folder.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt", *more):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A checkout whose environment is up to date; its `pip` tells what it is given."""
    folder = checkout(tmp_path / "a clone")
    (folder / "mwm").mkdir()
    (folder / "mwm/__init__.py").touch()
    venv.create(folder / ".venv", symlinks=True)
    (site,) = folder.glob(".venv/lib/python3*/site-packages")
    (site / "mwm.pth").write_text(f"{folder}\n")  # as an editable installation
    (site / "pip").mkdir()
    (site / "pip/__main__.py").write_text(
        "import json, os, sys\nprint(json.dumps([sys.argv[1:], sys.path, dict(os.environ)]))\n"
    )
    (folder / ".venv/installed").touch()
    return folder


def plans(folder: Path, step: str) -> bool:
    """Whether `make env` would do a step."""
    return (
        f'echo "env: {step}' in make(folder, "--dry-run", "env", f"PYTHON={sys.executable}").stdout
    )


def test_an_environment_that_is_up_to_date_stays(installed: Path) -> None:
    assert make(installed, "env").stdout.startswith("env: .venv is up to date (Python 3.")


def moved(folder: Path) -> Path:
    return folder.rename(folder.with_name("renamed"))


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(folder, folder.with_name("copied"), symlinks=True))


def without_its_python(folder: Path) -> Path:
    python = folder / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    return folder


def with_another_python(folder: Path) -> Path:
    (lib,) = folder.glob(".venv/lib/python3*")
    lib.rename(lib.with_name("python3.9"))
    return folder


@pytest.mark.parametrize("change", [moved, copied, without_its_python, with_another_python])
def test_one_that_no_longer_serves_this_checkout_is_made_anew(
    installed: Path, change: Callable[[Path], Path]
) -> None:
    assert not plans(installed, "installing mwm")
    folder = change(installed)
    assert plans(folder, "installing mwm")
    recipe = make(folder, "--dry-run", "env", f"PYTHON={sys.executable}").stdout
    (test,) = (line for line in recipe.splitlines() if "making .venv" in line)
    made = test.partition(" || ")[0]
    assert subprocess.run(["sh", "-c", made], cwd=folder, check=False).returncode != 0


def test_of_pips_settings_those_stay_that_say_where_packages_come_from(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "TARGET", "NO_DEPS", "REQUIRE_HASHES", "CONSTRAINT", "INDEX_URL", "CERT"):
        monkeypatch.setenv(f"PIP_{name}", "1")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    os.utime(installed / ".venv/installed", (0, 0))
    done = make(installed, "env", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stderr
    (told,) = (line for line in done.stdout.splitlines() if line.startswith("[["))
    words, path, environment = json.loads(told)
    assert {"--no-user", "--editable"} < set(words)
    assert "/elsewhere" not in path
    assert {name for name in environment if name.startswith("PIP_")} >= {
        "PIP_INDEX_URL",
        "PIP_CERT",
    }
    assert not {"PIP_USER", "PIP_TARGET", "PIP_NO_DEPS", "PIP_CONSTRAINT"} & environment.keys()


def test_two_makes_do_not_fill_one_environment(installed: Path) -> None:
    """The second deleted what the first was filling, and both failed."""
    (installed / ".venv/installed").unlink()
    filling = installed / ".venv/filling"
    filling.write_text(f"{os.getpid()}\n")
    done = make(installed, "env", f"PYTHON={sys.executable}")
    assert done.returncode == 2
    assert f"found that another make (process {os.getpid()}) fills it; wait until" in done.stderr
    with subprocess.Popen(["true"]) as ended:
        filling.write_text(f"{ended.pid}\n")
    assert make(installed, "env", f"PYTHON={sys.executable}").returncode == 0
    assert not filling.exists()


def test_a_make_is_not_held_up_by_a_number_that_is_its_own(installed: Path) -> None:
    """In a container each make has the same process number, that of one killed before as well."""
    (installed / ".venv/installed").unlink()
    script = 'echo $$ > .venv/filling && exec make env "$@"'
    done = run(installed, "sh", "-c", script, "sh", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stderr


def test_what_bench_compares_with_follows_the_pins(installed: Path) -> None:
    """It was installed once, and stayed at the versions of that day."""
    words = ("--dry-run", ".venv/peers", f"PYTHON={sys.executable}")
    (installed / ".venv/peers").touch()
    assert "installing what we compare with" not in make(installed, *words).stdout
    os.utime(installed / ".venv/peers", (0, 0))
    assert "installing what we compare with" in make(installed, *words).stdout


def repository(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `make repro` does before all else."""
    return make(folder, "repository", **environment)


def test_a_folder_without_git_gets_a_repository(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "a folder")
    assert repository(folder).stdout == "git init, which DVC needs\n"
    assert (folder / ".git").is_dir()
    assert repository(folder).stdout == ""


def test_in_a_larger_repository_none_is_made_inside(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    folder = checkout(tmp_path / "models/a folder")
    done = repository(folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert not (folder / ".git").exists()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "state")
    git(tmp_path, "worktree", "add", "--quiet", "other")
    assert repository(tmp_path / "other/models/a folder").stdout == ""


def test_one_that_ignores_the_folder_is_none_of_its(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("/models/\n")
    folder = checkout(tmp_path / "models/a folder")
    assert repository(folder).stdout == "git init, which DVC needs\n"


def test_one_that_git_refuses_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    folder = checkout(tmp_path / "a folder")
    untrusted = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    done = repository(folder, **untrusted, GIT_CONFIG_SYSTEM=os.devnull)
    assert done.returncode == 2
    assert "error: fatal: detected dubious ownership" in done.stderr
    assert not (folder / ".git").exists()


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what Git has of this project, or would, made with core.autocrlf=true."""
    folder = tmp_path_factory.mktemp("windows")
    paths = git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0")
    for name in (name for name in paths if os.path.lexists(ROOT / name) and name):
        (folder / "here" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / "here" / name, follow_symlinks=False)
    git(folder / "here", "init", "--quiet")
    git(folder / "here", "add", "--all")
    git(folder / "here", "commit", "--quiet", "--no-verify", "--message", "state")
    git(folder, "clone", "--quiet", "--config", "core.autocrlf=true", "here", "there")
    return folder


def test_a_clone_has_the_same_bytes_whatever_line_ends_git_prefers(windows: Path) -> None:
    names = git(windows / "there", "ls-files", "-z").split("\0")
    files = [name for name in names if name and not (ROOT / name).is_symlink()]
    assert len(files) > 300
    changed = [
        name
        for name in files
        if (windows / "there" / name).read_bytes() != (windows / "here" / name).read_bytes()
    ]
    assert changed == []
    assert b"\r" not in (windows / "there/.ci/run").read_bytes()


def test_no_file_is_committed_with_other_line_ends() -> None:
    listed = git(ROOT, "ls-files", "--eol").splitlines()
    assert [line for line in listed if line.startswith(("i/crlf", "i/mixed"))] == []


def test_a_diff_shows_no_line_of_a_page(windows: Path) -> None:
    for page in ("report/index.html", "results/index.html", "results/independent/index.html"):
        (windows / "there" / page).write_text("<p>A change</p>\n")
    assert "A change" not in git(windows / "there", "diff")
    for lock in ("dvc.lock", "results/dvc.lock", "experiments/dvc.lock"):
        told = git(windows / "there", "check-attr", "linguist-generated", "diff", "--", lock)
        assert "linguist-generated: set" in told
        assert "diff: unspecified" in told


def test_the_tests_say_which_file_comes_without_a_terminal() -> None:
    words = ["-p", "no:cacheprovider", "tests/test_setup.py", "-k", "exact_pin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\ntests/test_setup.py ." in done.stdout
