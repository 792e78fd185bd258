"""How far a stage elsewhere is, for `mwm status`: from the lines that it prints."""

import json
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from mwm.pipeline.project import root
from mwm.runtime.processes import started

LINE = re.compile(r"(?P<label>.+): (?P<done>[\d,]+)/(?P<total>[\d,]+) (?P<unit>[^,]+), ")


class Note:
    """A file in .mwm/progress, there while the block is, in the form of `runtime.progress`."""

    def __init__(self, stage: str) -> None:
        name = re.sub(r"\W+", "-", stage)
        self._file = Path(root(), ".mwm", "progress", f"elsewhere-{name}.json")
        self._told = {"label": f"{stage}, elsewhere", "done": 0, "total": 1, "unit": "stage"}

    def __enter__(self) -> Self:
        self._began = time.time()
        self._write()
        return self

    def take(self, line: str) -> None:
        """Read a line of the stage: progress, or something else."""
        if found := LINE.match(line):
            for name in ("done", "total"):
                self._told[name] = int(found[name].replace(",", ""))
            self._told["unit"] = found["unit"]
            self._write()

    def _write(self) -> None:
        pid = os.getpid()
        who = {"pid": pid, "pid_started": started(pid), "note": ""}
        when = {"started": self._began, "updated": time.time()}
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._file.with_suffix(".new")
            temporary.write_text(json.dumps(self._told | who | when), encoding="utf-8")
            temporary.replace(self._file)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.unlink(missing_ok=True)
