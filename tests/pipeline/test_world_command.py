"""`mwm world` edits params.yaml and dvc.yaml, comments kept, and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from small_project import ROOT, Project
from typer.testing import CliRunner

from mwm.__main__ import app
from mwm.io.files import write_text
from mwm.pipeline.subprocess_environment import unbound
from mwm.settings import params

LINE = "data/worlds/quarter_turn.h5, runs/see/quarter_turn, runs/quarter_turn,"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's params.yaml and dvc.yaml; the working directory."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def world(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["world", *words])
    assert result.exit_code == code, result.output
    return result.output


def texts() -> tuple[str, str]:
    return Path("params.yaml").read_text(), Path("dvc.yaml").read_text()


def evaluated() -> list[str]:
    stages: dict[str, Any] = YAML(typ="safe").load(Path("dvc.yaml").read_text())["stages"]
    return list(stages["evaluate"]["deps"])


def test_a_world_is_three_lines_and_all_else_stays(folder: Path) -> None:
    before = texts()
    assert "quarter_turn is added" in world("add", "quarter_turn", "transpose", "mirror")
    new = [
        [line for line in now.splitlines() if line not in old.splitlines()]
        for old, now in zip(before, texts(), strict=True)
    ]
    assert new == [
        [
            "    quarter_turn: [transpose, mirror]",
            "    quarter_turn: {worlds: [original, quarter_turn]}",
        ],
        [f"      {LINE}"],
    ]
    assert len("".join(texts()).splitlines()) == len("".join(before).splitlines()) + 3
    values = params.load()
    assert list(values.variants.worlds)[-1] == list(values.train.runs)[-1] == "quarter_turn"
    assert values.variants.worlds["quarter_turn"] == ["transpose", "mirror"]
    world("remove", "quarter_turn")
    assert texts() == before


def test_the_evaluation_reads_every_world_and_dvc_has_their_stages(folder: Path) -> None:
    world("add", "quarter_turn", "transpose", "mirror")
    world("add", "noise", "permutation: {seed: 7}")
    world("remove", "hswap")
    values = params.load()
    assert values.variants.worlds["noise"] == [{"permutation": {"seed": 7}}]
    worlds = {f"data/worlds/{name}.h5" for name in values.variants.worlds}
    runs = {f"runs/{name}" for name in values.train.runs}
    deps = evaluated()
    assert {dep for dep in deps if dep.startswith("data/worlds/")} == worlds
    assert runs <= set(deps)
    assert not any("hswap" in dep for dep in deps)
    subprocess.run(["git", "init", "--quiet"], env=unbound(), check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], env=unbound(), check=True)
    listed = [sys.executable, "-m", "dvc", "stage", "list", "--name-only"]
    stages = subprocess.check_output(listed, env=unbound(), text=True).split()
    assert {"variants@noise", "see@quarter_turn", "recruit@noise"} <= set(stages)
    assert not any("hswap" in stage for stage in stages)


def test_worlds_are_listed(folder: Path) -> None:
    world("add", "noise", "mirror", "permutation: {seed: 7}")
    assert world("list").splitlines()[-1] == "noise      mirror, {permutation: {seed: 7}}"
    told = json.loads(world("list", "--json"))["worlds"]
    assert told["noise"] == ["mirror", {"permutation": {"seed": 7}}]
    assert told["original"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "Mirror", "mirror"), "expected a name such as 'mirror'"),
        (("add", "null", "mirror"), "as YAML has 'null' as a value"),
        (("add", "mirror", "mirror"), "expected a new name, found 'mirror'"),
        (("add", "original", "mirror"), "expected a new name, found 'original'"),
        (("add", "see", "mirror"), "expected a name other than"),
        (("add", "noise", "permutation:{seed:7}"), "or 'permutation: {seed: 7}', found"),
        (("add", "noise", "[mirror]"), "expected a bijection such as mirror"),
        (("add", "noise", "permutation: {seed: x}"), "found {'permutation': {'seed': 'x'}}"),
        (("add", "noise", "{"), "expected YAML, found: "),
        (("add", "noise"), "expected a bijection such as mirror"),
        (("remove", "original"), "found 'original', which stays"),
        (("remove", "miror"), "did you mean 'mirror'?"),
    ],
)
def test_what_is_wrong_ends_in_a_line_and_changes_nothing(
    folder: Path, words: tuple[str, ...], said: str
) -> None:
    before = texts()
    told = world(*words, code=2)
    assert all(line.startswith("error: ") for line in told.splitlines())
    assert said in told
    assert texts() == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("dvc.yaml", "mirror.h5, runs/see", "mirror.h5,  runs/see"),
        ("dvc.yaml", "    params: [evaluate, ", "    params: [[evaluate, "),
        ("dvc.yaml", "\n  evaluate:\n", "\n  assess:\n"),
        ("params.yaml", "\n  runs:  ", "\n  runs: {}"),
    ],
)
def test_files_of_another_form_are_told_and_stay(
    folder: Path, file: str, old: str, new: str
) -> None:
    text = Path(file).read_text()
    assert text.count(old) == 1
    text = text.replace(old, new)
    if file == "params.yaml":
        text = re.sub(r"(runs: \{\}.*\n)(    .*\n)+", r"\1", text)
    Path(file).write_text(text)
    before = texts()
    assert "expected" in world("remove", "mirror", code=2)
    assert texts() == before


def test_entries_of_several_lines_and_comments_are_no_obstacle(folder: Path) -> None:
    text = Path("params.yaml").read_text()
    text = text.replace(
        "    mirror: [mirror]\n", "    mirror:  # as in a glass\n      - mirror\n    # end\n"
    )
    Path("params.yaml").write_text(text)
    world("add", "quarter_turn", "transpose", "mirror")
    now = Path("params.yaml").read_text()
    assert "      - mirror\n    quarter_turn: [transpose, mirror]\n    # end\n" in now
    world("remove", "mirror")
    now = Path("params.yaml").read_text()
    assert "as in a glass" not in now
    assert "    quarter_turn: [transpose, mirror]\n    # end\n" in now
    assert "mirror" not in params.load().train.runs


def test_a_world_that_dvc_yaml_lacks_or_has_for_nothing_is_put_right(folder: Path) -> None:
    whole = texts()
    line = "      data/worlds/mirror.h5, runs/see/mirror, runs/mirror,\n"
    Path("dvc.yaml").write_text(whole[1].replace(line, ""))
    assert "expected a new name" in world("add", "mirror", "vswap", code=2)
    world("add", "mirror")
    assert texts() == whole
    assert "expected a new name" in world("add", "mirror", code=2)
    text = whole[0].replace("    mirror: {worlds: [original, mirror]}\n", "")
    Path("params.yaml").write_text(text.replace("    mirror: [mirror]\n", ""))
    world("remove", "mirror")
    assert line not in texts()[1]
    assert "did you mean" not in world("remove", "mirror", code=2)


def test_worlds_that_share_steps_by_an_alias_are_left_alone(folder: Path) -> None:
    text = Path("params.yaml").read_text().replace("hswap: [hswap]", "hswap: &half [hswap]")
    Path("params.yaml").write_text(text.replace("vswap: [vswap]", "vswap: *half"))
    before = texts()
    for name in ("hswap", "vswap"):
        assert "cannot be edited line by line; edit " in world("remove", name, code=2)
        assert texts() == before


def test_line_ends_stay_as_they_are(folder: Path) -> None:
    for name in ("params.yaml", "dvc.yaml"):
        Path(name).write_bytes(Path(name).read_bytes().replace(b"\n", b"\r\n"))
    before = [Path(name).read_bytes() for name in ("params.yaml", "dvc.yaml")]
    world("add", "quarter_turn", "transpose", "mirror")
    for name in ("params.yaml", "dvc.yaml"):
        written = Path(name).read_bytes()
        assert written.count(b"\r\n") == written.count(b"\n")
    world("remove", "quarter_turn")
    assert [Path(name).read_bytes() for name in ("params.yaml", "dvc.yaml")] == before


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_nothing_is_written_unless_both_files_can_be(folder: Path) -> None:
    before = texts()
    folder.chmod(0o500)
    try:
        world("add", "quarter_turn", "transpose", "mirror", code=1)
    finally:
        folder.chmod(0o700)
    assert texts() == before


def test_an_interrupt_between_the_two_files_leaves_both_as_they_were(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """params.yaml alone had the world then, and `mwm world add` refused to go on."""
    before = texts()

    def interrupted(path: Path | str, text: str) -> None:
        monkeypatch.undo()
        monkeypatch.chdir(folder)
        write_text(path, text)
        raise KeyboardInterrupt

    monkeypatch.setattr("mwm.io.files.write_text", interrupted)
    said = world("add", "quarter_turn", "transpose", "mirror", code=130)
    assert "interrupted: nothing is half-written; run the command again" in said
    assert texts() == before
    world("add", "quarter_turn", "transpose", "mirror")


def test_in_another_project_it_says_what_it_expects(fresh: Project) -> None:
    assert fresh.mwm("world", "list", code=2).startswith("error: params.yaml:1: ")
