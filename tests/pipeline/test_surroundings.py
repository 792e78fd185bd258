"""Variables of a user's environment under which DVC, or the Python that runs it, cannot work."""

from pathlib import Path

import pytest
import small_project


@pytest.mark.parametrize(
    ("name", "value"),
    [("SHELL", "/opt/gone/zsh"), ("PYTHONWARNINGS", "error"), ("PYTHONINSPECT", "1")],
)
def test_mwm_repro_does_not_depend_on_it(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = small_project.new(tmp_path / "p")
    monkeypatch.setenv(name, value)
    process = project.start("mwm", "repro", "start")
    out = process.communicate()[0]
    assert "repro: 1 stages ran" in out
    assert (project / "start.txt").read_text() == "hello\n"
