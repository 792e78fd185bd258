"""Processes are named as their users started them."""

from pathlib import Path

import pytest

from mwm.runtime import processes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["/env/bin/mwm", "repro", "-j", "2"], "mwm repro -j 2"),
        (["/env/lib/mwm/__main__.py", "repro"], "mwm repro"),
        (["/project/stages/train.py", "see", "mirror"], "train.py see mirror"),
    ],
)
def test_a_command_is_told_without_its_folders(words: list[str], said: str) -> None:
    assert processes.command(words) == said


def test_of_a_line_the_program_is_the_file_that_is_there(tmp_path: Path) -> None:
    program = tmp_path / "my programs" / "dvc"
    program.parent.mkdir()
    program.touch()
    assert processes.told(f"{program} repro -s see@mirror") == "dvc repro -s see@mirror"
    assert processes.told(str(program)) == "dvc"
    assert processes.told("/gone/bin/dvc repro") == "dvc repro"
