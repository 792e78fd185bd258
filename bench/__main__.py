"""Measure every step against what bounds it and what others do: `make bench`, six to eight minutes.

A ratio is of figures taken one after the other, so it holds on a busy machine; a figure does not.
"""

import platform
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from bench.table import Row, lines
from mwm import MwmError, UsageError
from mwm.engines.node import versions
from mwm.io.files import write_json
from mwm.io.spawn import usable_cores
from mwm.runtime import commands, faults, kernels

STEPS = (
    *("collect", "environments", "preprocess", "worlds", "loading", "training", "inference"),
    *("seeds", "control", "playground", "starting", "growth"),
)
app = commands.application(__doc__)


@commands.command(app)
def bench(
    steps: Annotated[list[str] | None, typer.Argument(help=f"some of {', '.join(STEPS)}")] = None,
    out: Annotated[Path, typer.Option(help="file for the figures")] = Path("build/bench.json"),
) -> None:
    """Print the table, and write all figures as JSON."""
    if unknown := {*(steps or ())} - {*STEPS}:
        raise UsageError(
            f"unknown {', '.join(sorted(unknown))}; expected some of {', '.join(STEPS)}"
        )
    kernels.prepare()
    began, rows, failed = time.monotonic(), list[Row](), list[str]()
    try:
        for step in steps or STEPS:
            print(f"bench: {step}", file=sys.stderr, flush=True)
            try:
                rows += import_module(f"bench.{step}").rows()
            except Exception as error:  # the others are measured all the same
                print(f"bench: {step} failed: {faults.told(error)}", file=sys.stderr, flush=True)
                failed.append(step)
    finally:  # minutes of work before an interrupt
        _tell(rows, out, time.monotonic() - began)
    if failed:
        raise MwmError(f"bench: no figures of {', '.join(failed)}, as told above")


def _tell(rows: list[Row], out: Path, seconds: float) -> None:
    """Print the table, and write all figures."""
    print("\n".join(lines(rows)))
    machine = {
        "processor": kernels.processor(),
        "cores": usable_cores(),
        "system": platform.platform(),
        "versions": versions(),
        "seconds": round(seconds),
    }
    write_json(out, {"machine": machine, "rows": [row.told() for row in rows]})
    print(f"bench: all figures are in {out}")


if __name__ == "__main__":
    app()
