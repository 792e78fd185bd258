"""What a command's code reads, found in its syntax: modules, data files beside them, params."""

import ast
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from mwm.settings.params import Params

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("mwm", "stages")
HARNESS = ROOT / "mwm" / "runtime"  # changes no result, so that it is a dep of no stage


def closure(script: Path, command: str = "") -> set[str]:
    """All files of the repository that a command executes or may read as data, but the harness.

    Imports count wherever they stand, inside functions as well, and with every package's
    `__init__`; of the script itself, not those of its other commands. A data file counts where a
    module names a file that lies beside it.
    """
    found = {script}
    others = tuple(node for name, node in commands(script).items() if command and name != command)
    waiting = [*_packages(script), *imported(script, others)]
    while waiting:
        file = waiting.pop()
        if file not in found and HARNESS not in file.parents:
            found.add(file)
            if file.suffix == ".py":
                waiting += imported(file)
                waiting += _named_beside(file)
    return {file.relative_to(ROOT).as_posix() for file in found}


@functools.cache
def imported(file: Path, skipped: tuple[ast.AST, ...] = ()) -> frozenset[Path]:
    """Modules of the repository that `file` imports, with the packages above them.

    A package that imports all of its modules says so by `pkgutil.iter_modules(__path__)`.
    """
    found: set[Path] = set()
    if "pkgutil.iter_modules(__path__)" in file.read_text(encoding="utf-8"):
        found |= set(file.parent.glob("*.py"))
    for name in _names(file, skipped):
        if (file := module(name)) is not None:
            found |= {file, *_packages(file)}
    return frozenset(found)


def _names(file: Path, skipped: Sequence[ast.AST]) -> Iterator[str]:
    """Dotted names that `file` imports; `from a import b` gives a and a.b, b a module or not."""
    package = file.relative_to(ROOT).parent.parts
    tree = tree_of(file)
    typing = [each for node in ast.walk(tree) if _for_types_alone(node) for each in node.body]
    left_out = {node for each in (*skipped, *typing) for node in ast.walk(each)}
    for node in set(ast.walk(tree)) - left_out:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _for_types_alone(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def module(name: str) -> Path | None:
    """The file of a dotted name, if it is one of ours."""
    path = ROOT.joinpath(*name.split("."))
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    ours = name.startswith(PACKAGES)
    return next((file for file in candidates if ours and file.is_file()), None)


def _packages(module: Path) -> set[Path]:
    """The `__init__` of every package above `module`, which an import of it executes."""
    inside = [folder for folder in module.parents if folder != ROOT and ROOT in folder.parents]
    return {file for folder in inside if (file := folder / "__init__.py").is_file()}


@functools.cache
def _named_beside(file: Path) -> frozenset[Path]:
    """Files beside `file`, or below, that a string in it names: its data."""
    strings = {
        node.value
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    short = (text for text in strings if 0 < len(text) < 100 and "\0" not in text)
    beside = {file.parent / text for text in short}
    return frozenset(path for path in beside if path.is_file() and path.suffix != ".py")


def params_read(stage: Path, command: str) -> set[str]:
    """Params that a command reads: the chains that start at its `p`, `p = params.load()`.

    `p.train.see` is `train.see`; one item of a mapping, `p.train.runs[run]` or
    `params.pick(p.train.runs, run, ...)`, is `train.runs.*`. What `lengths.check(p, ...)` reads is
    left out: it ends the command or changes nothing.
    """
    function = commands(stage)[command]
    checked = {
        node.args[0]
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "lengths.check"
    }
    inner = {
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute | ast.Subscript) and _chain(node.value) is not None
    }
    picked = {
        node.args[0]
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "params.pick"
    }
    chains = {
        _declared(chain) + ".*" * (node in picked)
        for node in ast.walk(function)
        if node not in inner | checked and (chain := _chain(node)) is not None
    }
    return {chain for chain in chains if not any(chain.startswith(f"{up}.") for up in chains)}


def _declared(chain: str) -> str:
    """The part of a chain that dvc.yaml can declare: `train.runs` for `train.runs.items`."""
    section: Any = Params
    parts = chain.split(".")
    for depth, part in enumerate(parts):
        if part not in getattr(section, "model_fields", ()):
            return ".".join(parts[: depth + (part == "*")])
        section = section.model_fields[part].annotation
    return chain


def commands(stage: Path) -> dict[str, ast.FunctionDef]:
    """The functions of a stage that are commands, by name."""
    return {
        node.name: node
        for node in ast.walk(tree_of(stage))
        if isinstance(node, ast.FunctionDef)
        and any(
            ast.unparse(each).startswith(("commands.command", "commands.stage"))
            for each in node.decorator_list
        )
    }


def _chain(node: ast.AST) -> str | None:
    """`train.runs.*` for `p.train.runs[run]`; "" for `p` read as a whole; None for all else."""
    match node:
        case ast.Name(id="p", ctx=ast.Load()):
            return ""
        case ast.Attribute(value=below, attr=name) if (chain := _chain(below)) is not None:
            return f"{chain}.{name}".lstrip(".")
        case ast.Subscript(value=below) if (chain := _chain(below)) is not None:
            return f"{chain}.*"
    return None


@functools.cache
def tree_of(file: Path) -> ast.Module:
    """The syntax of a module."""
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
