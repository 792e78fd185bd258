"""The layout of mwm/ holds: who may import whom, what lies where, and how large it may be."""

import ast
import statistics
from pathlib import Path

import closure
import pytest

ROOT = closure.ROOT
SCIENCE = (
    *("rollouts", "frames", "worlds", "models", "metrics"),
    *("training", "smoothing", "decipherment", "settling", "evaluation", "reporting", "library"),
    *("environments", "control", "transfer", "practice", "release", "playground", "hub"),
)  # each may import those before it
SHARED = ("settings", "io")
LOOSE = {"__init__.py", "__main__.py", "seeding.py", "py.typed"}  # all that lies in mwm/ itself
HARNESS = {"typer", "rich", "dvc"}
OPEN = {"MwmError", "UsageError", "ArtefactError", "__version__"}  # names that mwm itself holds

MODULES = sorted([*(ROOT / "mwm").rglob("*.py"), *(ROOT / "stages").glob("*.py")])
ROOMS = {room: sorted((ROOT / "mwm" / room).rglob("*.py")) for room in (*SCIENCE, *SHARED)}


def dotted(path: Path) -> str:
    """`mwm.io` for mwm/io/__init__.py."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def outsiders(room: str, *allowed: str) -> list[str]:
    """Imports of a room's modules from rooms that are not among `allowed`, by dotted name."""
    known = {f"mwm.{name}" for name in (*allowed, room)}
    return [
        f"{dotted(path)} imports {name}"
        for path in sorted((ROOT / "mwm" / room).rglob("*.py"))
        for name in sorted(map(dotted, closure.imported(path)))
        if name != "mwm" and not any(f"{name}.".startswith(f"{each}.") for each in known)
    ]


def libraries(path: Path) -> set[str]:
    """The packages that a module imports from elsewhere, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("room", SCIENCE)
def test_a_room_imports_earlier_rooms_and_the_shared_ones_alone(room: str) -> None:
    earlier = SCIENCE[: SCIENCE.index(room)]
    assert not outsiders(room, *SHARED, "seeding", *earlier)


@pytest.mark.parametrize("room", SHARED)
def test_a_shared_room_imports_no_other(room: str) -> None:
    assert not outsiders(room, *SHARED, "seeding")


def test_the_harness_imports_no_science() -> None:
    """But `mwm compare`, which shows what the report shows, of two runs, and `mwm demo`."""
    assert not outsiders("runtime", *SHARED)
    assert not outsiders("engines", *SHARED, "runtime")
    told = outsiders("pipeline", *SHARED, "runtime", "engines", "reporting.comparison")
    told = [each for each in told if not each.startswith("mwm.pipeline.pretrained ")]
    assert not [each for each in told if not each.endswith(" mwm.reporting")]


@pytest.mark.parametrize("room", ROOMS)
def test_the_library_knows_neither_command_line_nor_dvc(room: str) -> None:
    faults = {dotted(path): libraries(path) & HARNESS for path in ROOMS[room]}
    assert not {name: found for name, found in faults.items() if found}


def test_nothing_lies_loose_at_the_top() -> None:
    folders = {path.name for path in (ROOT / "mwm").iterdir() if path.is_dir()} - {"__pycache__"}
    assert {path.name for path in (ROOT / "mwm").iterdir() if path.is_file()} == LOOSE
    assert folders == {*SCIENCE, *SHARED, "runtime", "pipeline", "engines", "pretrained"}


def test_no_module_takes_the_public_names_from_the_package() -> None:
    """They are loaded on use, which no stage's deps would tell."""
    taken = [
        (dotted(path), alias.name)
        for path in MODULES
        for node in ast.walk(closure.tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module == "mwm"
        for alias in node.names
        if alias.name not in OPEN and closure.module(f"mwm.{alias.name}") is None
    ]
    assert not taken


def test_no_module_imports_by_a_name_made_at_run_time() -> None:
    """But a registry that imports all modules of its folder, as `closure` knows."""
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if "pkgutil.iter_modules(__path__)" not in text and path.name != "__init__.py":
            assert "import_module" not in text, path
            assert "__import__" not in text, path


def test_a_module_opens_with_what_it_is_for() -> None:
    assert not [dotted(path) for path in MODULES if not ast.get_docstring(closure.tree_of(path))]


def test_no_two_files_of_tests_have_the_same_name() -> None:
    """pytest imports each by its name alone, and workers then find the functions of the other."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert len(names) == len({*names})


def test_files_and_functions_are_short() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in MODULES}
    assert statistics.median(text.count("\n") for text in texts.values()) <= 130
    long = [
        f"{dotted(path)}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in texts
        for node in ast.walk(closure.tree_of(path))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 60
    ]
    assert not long
