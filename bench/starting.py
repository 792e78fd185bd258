"""How long one waits before anything happens: commands, imports, and each stage."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.table import LIMIT, OURS, Row, measured, seconds
from mwm.pipeline.subprocess_environment import unbound

ROUNDS, STAGES = 5, 4
PIPELINE = """
stages:
  nothing:
    foreach: [a, b, c, d]
    do:
      cmd: touch ${item}-%s
      outs: ["${item}-%s"]
"""


def rows() -> list[Row]:
    limit = running("-c", "pass")
    alone = {
        "mwm --help": (running("-m", "mwm", "--help"), 0.3),
        "import mwm": (running("-c", "import mwm"), 0.1),
    }
    if nothing_to_do():
        alone["mwm repro, nothing to do"] = (running("-m", "mwm", "repro"), 3.0)
    else:  # it would train for an hour
        print(
            "bench: `mwm repro, nothing to do` is left out, as stages are stale here; run "
            "`make repro` and `make control` first",
            file=sys.stderr,
        )
    found = [
        Row(name, "s", measured({OURS: act, LIMIT: limit}, ROUNDS), "bare Python", most=most)
        for name, (act, most) in alone.items()
    ]
    return [*found, a_stage()]


def nothing_to_do() -> bool:
    """Whether all stages of the project in this folder are up to date."""
    command = [sys.executable, "-m", "mwm", "plan", "--json"]
    said = subprocess.run(command, env=environment(), capture_output=True, check=True)
    return not json.loads(said.stdout)["steps"]


def running(*words: str, folder: str | None = None) -> Callable[[], float]:
    """A contender: the seconds of `python WORDS`."""
    command = [sys.executable, *words]
    return seconds(
        lambda: subprocess.run(
            command, cwd=folder, env=environment(), check=True, capture_output=True
        )
    )


def environment() -> dict[str, str]:
    return unbound() | {"PYTHONPATH": str(Path.cwd())}


def a_stage() -> Row:
    """What a stage that does nothing takes, by `mwm repro -j 1` and by `dvc repro`."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "--quiet", folder], env=unbound(), check=True)
        subprocess.run(
            [sys.executable, "-m", "dvc", "init", "--quiet"], cwd=folder, check=True, env=unbound()
        )
        (Path(folder) / "params.yaml").write_text("{}\n")
        nth = iter(range(1000))

        def contend(*words: str) -> Callable[[], float]:
            command = running(*words, folder=folder)

            def act() -> float:
                other = str(next(nth))
                (Path(folder) / "dvc.yaml").write_text(PIPELINE % (other, other))
                return command() / STAGES

            return act

        contenders = {
            OURS: contend("-m", "mwm", "repro", "-j", "1"),
            LIMIT: contend("-m", "dvc", "repro", "--quiet"),
        }
        return Row("a stage that does nothing", "s", measured(contenders, 3), "dvc repro")
