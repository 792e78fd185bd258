"""What of a piece of code decides what it does: not comments, docstrings and formatting."""

import ast
import functools
import hashlib
import warnings
from collections.abc import Mapping

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def digest(parts: Mapping[str, str]) -> str:
    """Twelve digits for names with a hash each: the same for the same parts alone."""
    told = "".join(f"{name} {value}\n" for name, value in sorted(parts.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


@functools.cache
def fingerprint(text: bytes, python: bool) -> str:
    """The same for two texts of one program; of what is not Python, for the same bytes alone."""
    if python:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the text's own, such as unknown escapes
                tree = ast.parse(text)
        except (SyntaxError, ValueError):
            pass
        else:
            text = b"program " + ast.dump(_bare(tree)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()


def _bare(tree: ast.Module) -> ast.Module:
    """The tree without its docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return tree
