"""Preprocessing against collecting the same episodes: time on the clock, and processor time.

    python -m bench.preprocess [episodes]

Both are whole commands, started in turn on all cores. Limit: a tenth of collecting's time on the
clock.
"""

import tempfile
from pathlib import Path

from mwm import params

LIMIT = 0.1


def main(episodes: int = 60) -> None:
    root = Path.cwd()
    text = (root / "params.yaml").read_text()
    count = params.load().collect.episodes
    with tempfile.TemporaryDirectory() as folder:
        edited = text.replace(f"episodes: {count} ", f"episodes: {episodes} ")
        (Path(folder) / "params.yaml").write_text(edited)
        collecting = run("stages.collect", folder)
        preprocessing = [run("stages.preprocess", folder) for _ in range(3)]
