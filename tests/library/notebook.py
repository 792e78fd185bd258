"""examples/quickstart.ipynb, made of docs/library.md: `python tests/library/notebook.py`."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "library.md"
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"
OPENING = """# Use trained models from Python

This is [docs/library.md](../docs/library.md) as a notebook. It uses what `make repro` trains: run
that in the project's folder first. Without training, write `mwm.load("pretrained")` for
`mwm.load("../runs")`, and leave out what reads `data/worlds`."""


def blocks(page: Path) -> list[str]:
    """The Python code of a page, block by block."""
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


def notebook() -> str:
    """The tutorial as a notebook without outputs: prose and code in turn, paths from examples/."""
    sections = PAGE.read_text(encoding="utf-8").partition("\n## ")[2]
    parts = re.split(r"^```python\n(.*?)^```$", f"## {sections}", flags=re.M | re.S)
    texts = [re.sub(r"\]\(([\w-]+\.md)", r"](../docs/\1", text.strip()) for text in parts[::2]]
    texts = [re.sub(r"`[^`\n]+`", lambda code: _from_examples(code[0]), text) for text in texts]
    codes = [_from_examples(code.strip()) for code in parts[1::2]]
    cells = [_cell("markdown", OPENING)]
    for index, text in enumerate(texts):
        cells += [_cell("markdown", text)] if text else []
        cells += [_cell("code", codes[index])] if index < len(codes) else []
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _from_examples(code: str) -> str:
    return re.sub(r'"(runs|data)\b', r'"../\1', code)


def _cell(kind: str, source: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "metadata": {}}
    cell["source"] = source.splitlines(keepends=True)
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


if __name__ == "__main__":
    NOTEBOOK.write_text(notebook(), encoding="utf-8")
