"""Every error message that the code raises, as docs/troubleshooting.md writes it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ERRORS = {"MwmError", "UsageError", "ArtefactError", "DifferentAnchorsError"}
RULES = "misfit"  # in the names of functions that yield a key and what is wrong there
FOLDERS = ("mwm", "stages")


def messages() -> dict[str, str]:
    """By message, its varying parts as …, where it is raised."""
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef):
                    for message in set(_raised(function)) - {"…", "params.yaml: …"}:
                        found[message] = path.relative_to(ROOT).as_posix()
    return found


def _raised(function: ast.FunctionDef) -> Iterator[str]:
    said: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            said.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
            argument = node.args[-1]
        elif RULES in function.name and isinstance(getattr(node, "value", None), ast.Tuple):
            argument = node.value.elts[-1]
        else:
            continue
        texts = said.get(argument.id, []) if isinstance(argument, ast.Name) else [argument]
        for text in texts:
            if isinstance(text, ast.Constant | ast.JoinedStr):
                yield _general(text)


def _general(text: ast.Constant | ast.JoinedStr) -> str:
    """`… not found` for f"{path}: not found; {REMAKE}"."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    whole = "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in parts)
    whole = re.sub(r"…(…)+", "…", whole)
    return re.sub(r"^(…(:1)?: )+|(; …)+$", "", whole).replace("`", "'").replace("|", "/")
