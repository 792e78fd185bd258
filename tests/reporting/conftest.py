from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from evaluations import evaluate, write_report

from mwm.io.frames import Frames
from mwm.settings.params import Params
from mwm.settings.report import Report


@pytest.fixture
def evaluated(tmp_path: Path, contents: dict[str, Frames]) -> Callable[..., Path]:
    """`evaluate` with a folder of its own."""
    return partial(evaluate, tmp_path / "eval", contents)


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory, contents: dict[str, Frames]) -> Path:
    """An evaluation of one model of three worlds; to be read only."""
    worlds = ["original", "vswap", "mirror"]
    return evaluate(tmp_path_factory.mktemp("three") / "eval", contents, {"anchored": worlds})


@pytest.fixture(scope="session")
def settings(defaults: Params) -> Report:
    """A small report."""
    return defaults.report.model_copy(update={"strip_start": 5, "strip_frames": 3, "dpi": 55})


@pytest.fixture(scope="session")
def reported(three: Path, settings: Report) -> Path:
    """The report of `three`; to be read only."""
    return write_report(three, three.parent / "report", settings)
