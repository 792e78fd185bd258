"""Time of preprocessing against that of collecting the same episodes, as whole commands.

    python -m bench.preprocess [path of a params.yaml]

Limit: a tenth of collecting's time, by the clock and by the processors.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 0.1
TRIES = 3


def main(params: str = "params.yaml") -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(params, Path(folder) / "params.yaml")
        collecting = seconds("stages.collect", folder)
        tries = [seconds("stages.preprocess", folder) for _ in range(TRIES)]
    for nth, kind in enumerate(("clock", "processors")):
        ours, peer = min(times[nth] for times in tries), collecting[nth]
        print(
            f"{kind:10}  collecting {peer:6.2f} s, preprocessing {ours:5.2f} s  "
            f"{ours / peer:.3f}  {'within' if ours <= LIMIT * peer else 'OVER'} {LIMIT}"
        )


def seconds(stage: str, folder: str) -> tuple[float, float]:
    """Time on the clock and of all processors that the command and its workers took."""
    before, begin = os.times(), time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    subprocess.run([sys.executable, "-m", stage], cwd=folder, env=environment, check=True)
    after = os.times()
    used = after.children_user - before.children_user + after.children_system
    return time.perf_counter() - begin, used - before.children_system


if __name__ == "__main__":
    main(*sys.argv[1:2])
