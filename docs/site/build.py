"""Build the site: README, docs/, the library's reference, the report and the playground.

    python docs/site/build.py build/site

A broken link or reference fails it, and so does any other warning of Sphinx.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from links import broken

import mwm

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BEFORE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")  # pages that are not in docs/
REPORT = ("index.html", "control.html")  # each holds its own pictures
PLAYGROUND = "docs/control.md#the-playground"  # where README's picture leads, but for the site
BESIDE = """[Playground](site:playground.html) · [The last run's report](site:report/index.html) ·
[What one policy scores in all worlds](site:report/control.html)"""
SPHINX = "objects.inv"  # what each of its sites has
FIRST = "environments"  # the page before which the library's reference stands


def main(out: Path) -> int:
    """Build it; returns the exit status."""
    if out.exists() and not (out / SPHINX).is_file() and (not out.is_dir() or any(out.iterdir())):
        print(f"error: {out}: expected a new or empty folder, or a site", file=sys.stderr)
        return 2
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        site = Path(name) / "site"
        if failed := build(Path(name), site):
            return failed
        shutil.rmtree(out, ignore_errors=True)
        site.rename(out)
    print(f"docs: {out / 'index.html'}")
    return 0


def build(work: Path, out: Path) -> int:
    """Build it in `out`, with what is needed meanwhile in `work`; returns the exit status."""
    assemble(work / "pages")
    sphinx = ["sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-d", str(work / "cache")]
    if failed := run(*sphinx, "-c", str(HERE), str(work / "pages"), str(out)):
        return failed
    (out / "report").mkdir()
    for name in REPORT:
        shutil.copy(ROOT / "report" / name, out / "report")
    if failed := run("mwm", "demo", "--no-open", cwd=out, quiet=True):  # the pipeline's page
        return failed
    if faults := broken(out):
        print("\n".join(faults), file=sys.stderr)
        return 1
    return 0


def run(*words: str, cwd: Path | None = None, quiet: bool = False) -> int:
    """The exit status of a module's command."""
    told = subprocess.DEVNULL if quiet else None
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=cwd, stdout=told, check=False).returncode


def assemble(pages: Path) -> None:
    """Sphinx's source: README as the first page, docs/ beside it, and what they link to."""
    texts = {page.name: page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")}
    texts = {name: re.sub(r"\]\(\.\./(?!README)", "](", text) for name, text in texts.items()}
    order = re.findall(r"\]\((.*?)\.md\)", texts.pop("README.md"))  # the sidebar's
    order.insert(order.index(FIRST), "reference")
    plays = (ROOT / "plays" / "README.md").read_text(encoding="utf-8")
    texts["plays/README.md"] = plays.replace("](../docs/", "](../")
    for name in BEFORE:
        told = (ROOT / name).read_text(encoding="utf-8")
        told = told.replace(f"]({PLAYGROUND})", "](site:playground.html)").replace("](docs/", "](")
        texts[name] = told.replace("](README.md", "](index.md")
    title, rest = texts.pop("README.md").split("\n", 1)
    order += ["plays/README", "CONTRIBUTING", "CHANGELOG"]
    texts["index.md"] = f"{title}\n\n{BESIDE}\n{rest}{contents(order)}"
    for name, text in texts.items():
        page = pages / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text.replace("](../README.md", "](index.md"), encoding="utf-8")
        for link in re.findall(r"\]\(([\w./-]+\.(?!md)\w+)\)", text):
            for found in (ROOT / link, ROOT / "docs" / link):
                if found.is_file():
                    (pages / link).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(found, pages / link)
    (pages / "reference.rst").write_text(reference(), encoding="utf-8")


def contents(order: list[str]) -> str:
    """The sidebar: the pages in this order."""
    return "\n".join(["", "```{toctree}", ":hidden:", "", *order, "```", ""])


def reference() -> str:
    """All public names of the library, from their docstrings."""
    lines = ["Reference", "=========", "", ".. currentmodule:: mwm", ""]
    names = {name: kind_of(getattr(mwm, name)) for name in mwm.__all__ if name[0] != "_"}
    for kind in ("function", "class", "exception"):
        for name in (name for name, its in names.items() if its == kind):
            members = [] if kind == "function" else ["   :members:"]
            lines += [f".. auto{kind}:: {name}", *members, ""]
    return "\n".join(lines)


def kind_of(value: object) -> str:
    """What Sphinx calls it."""
    if not isinstance(value, type):
        return "function"
    return "exception" if issubclass(value, Exception) else "class"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/site/build.py FOLDER")
    sys.exit(main(Path(sys.argv[1]).resolve()))
