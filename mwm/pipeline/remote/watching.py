"""How far a stage elsewhere is, for `mwm status`: from the lines that it prints."""

import re
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from mwm.pipeline.project import root
from mwm.runtime.progress import publish

LINE = re.compile(r"(?P<label>.+): (?P<done>[\d,]+)/(?P<total>[\d,]+) (?P<unit>[^,]+), ")


class Note:
    """A file in .mwm/progress, there while the block is, in the form of `runtime.progress`."""

    def __init__(self, stage: str) -> None:
        name = re.sub(r"\W+", "-", stage)
        self._file = Path(root(), ".mwm", "progress", f"elsewhere-{name}.json")
        label = f"{stage}, elsewhere"
        self._told = {"label": label, "done": 0, "total": 1, "unit": "stage", "note": ""}

    def __enter__(self) -> Self:
        self._began = time.time()
        publish(self._file, self._told, self._began)
        return self

    def take(self, line: str) -> None:
        """Read a line of the stage: progress, or something else."""
        if found := LINE.match(line):
            for name in ("done", "total"):
                self._told[name] = int(found[name].replace(",", ""))
            self._told["unit"] = found["unit"]
            publish(self._file, self._told, self._began)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.unlink(missing_ok=True)
