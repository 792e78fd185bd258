"""What a stage's code reads, found in its syntax: modules, data files beside them, params."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mwm.settings.params import Params

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("mwm", "stages")


def closure(stage: Path) -> set[Path]:
    """All files of the repository that `stage` (a module) executes or may read as data.

    Imports count wherever they stand, inside functions as well, and with every package's
    `__init__`. A data file counts where a module names a file that lies beside it.
    """
    found: set[Path] = set()
    waiting = [*_packages(stage), stage]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            if file.suffix == ".py":
                waiting += imported(file)
                waiting += _named_beside(file)
    return {file.relative_to(ROOT) for file in found}


def imported(file: Path) -> set[Path]:
    """Modules of the repository that `file` imports, with the packages above them."""
    found = set()
    for name in _names(file):
        module = _module(name)
        if module is not None:
            found |= {module, *_packages(module)}
    return found


def _names(file: Path) -> Iterator[str]:
    """Dotted names that `file` imports; `from a import b` gives a and a.b, b a module or not.

    What only a type checker imports is never executed.
    """
    package = file.relative_to(ROOT).parent.parts
    tree = _tree(file)
    typed = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typed:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _module(name: str) -> Path | None:
    """The file of a dotted name, if it is one of ours."""
    path = ROOT.joinpath(*name.split("."))
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    ours = name.startswith(PACKAGES)
    return next((file for file in candidates if ours and file.is_file()), None)


def _packages(module: Path) -> set[Path]:
    """The `__init__` of every package above `module`, which an import of it executes."""
    inside = [folder for folder in module.parents if folder != ROOT and ROOT in folder.parents]
    return {folder / "__init__.py" for folder in inside}


def _named_beside(file: Path) -> set[Path]:
    """Files beside `file`, or below, that a string in it names: its data."""
    strings = {
        node.value
        for node in ast.walk(_tree(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    short = (text for text in strings if 0 < len(text) < 100 and "\0" not in text)
    beside = {file.parent / text for text in short}
    return {path for path in beside if path.is_file() and path.suffix != ".py"}


def params_read(stage: Path, command: str) -> set[str]:
    """Params that a command reads: the chains that start at its `p`, `p = params.load()`.

    `p.train.see` is `train.see`; one item of a mapping, `p.train.runs[run]` or
    `params.pick(p.train.runs, run, ...)`, is `train.runs.*`.
    """
    function = commands(stage)[command]
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
        if node not in inner and (chain := _chain(node)) is not None
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
        for node in ast.walk(_tree(stage))
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(each).startswith("cli.command") for each in node.decorator_list)
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


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
