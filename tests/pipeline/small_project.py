"""A small DVC project whose stages are lines of shell, and what it takes to use it."""

import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from mwm.__main__ import app
from mwm.pipeline.subprocess_environment import unbound

ROOT = Path(__file__).resolve().parents[2]
PARAMS = "make: {speed: 1, more: {deep: 2}}\nworlds: {a: 1, b: 2, c: 3, d: 4}\n"
PIPELINE = """
stages:
  start:
    cmd: cp source.txt start.txt
    deps: [source.txt]
    params: [make]
    outs: [start.txt]
  world:
    foreach: ${worlds}
    do:
      cmd: mkdir -p w/${key} && echo ${key} | cat start.txt - > w/${key}/out.txt
      params: ["worlds.${key}"]
      deps: [start.txt]
      outs: ["w/${key}/out.txt"]
  join:
    cmd: cat w/*/out.txt > joined.txt
    deps: [w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt]
    outs: [joined.txt]
"""


def wait_for(found: Callable[[], object], seconds: float = 60) -> None:
    """Until `found` finds something."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


class Project:
    """A DVC project in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the one place in `file` where `old` stands."""
        text = (self / file).read_text()
        assert text.count(old) == 1
        (self / file).write_text(text.replace(old, new))

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Start `python -m WORDS` there, in a session of its own, with these variables set."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=unbound() | {"PATH": path, "PYTHONPATH": str(ROOT)} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, code: int = 0, **variables: str) -> str:
        """Run `python -m WORDS` there; its output."""
        process = self.start(*words, **variables)
        out = process.communicate()[0]
        assert process.returncode == code, out
        return out

    def mwm(self, *words: str, code: int = 0) -> str:
        """Run `mwm WORDS` in this process, whose folder is the project's; its output."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what DVC itself imports
            result = CliRunner().invoke(app, words)
        assert result.exit_code == code, result.output
        return result.output

    def told(self, *words: str, code: int = 0) -> Any:
        """What `mwm WORDS --json` prints."""
        return json.loads(self.mwm(*words, "--json", code=code))


def new(folder: Path) -> Project:
    """A project in which nothing has run."""
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], env=unbound(), check=True)
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n    check_update = false\n")
    (folder / ".dvc/.gitignore").write_text("/tmp\n/cache\n")
    (folder / ".gitignore").write_text("/.mwm/\n/w/\n/start.txt\n/joined.txt\n")
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "source.txt").write_text("hello\n")
    return Project(folder)
