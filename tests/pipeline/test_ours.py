"""The commands of `mwm` tell what is wrong with our params.yaml and dvc.yaml before DVC does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_project import ROOT, Project

LINE = "      data/worlds/mirror.h5, runs/see/mirror, runs/mirror,\n"
WORLD, RUN = "    mirror: [mirror]\n", "    mirror: {worlds: [original, mirror]}\n"
LISTED = "dvc.yaml: evaluate: expected the files of 'mirror', which params.yaml has, in its deps; "
BEYOND = "dvc.yaml: evaluate: expected no files of 'mirror', which params.yaml lacks, in its deps; "
BOMB = "a0: &a0 [1, 1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


@pytest.fixture
def ours(fresh: Project) -> Project:
    """A project of DVC with our params.yaml and dvc.yaml, in which nothing has run."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, fresh / name)
    (fresh / "mwm").symlink_to(ROOT / "mwm")
    return fresh


def test_another_project_may_have_a_package_stages(fresh: Project) -> None:
    """Its params.yaml was held to our schema."""
    (fresh / "stages").mkdir()
    (fresh / "stages/copy.py").write_text("open('start.txt', 'w').write('one')\n")
    fresh.edit("dvc.yaml", "cmd: cp source.txt start.txt", "cmd: python -m stages.copy")
    assert "1 stages ran" in fresh.mwm("repro", "start")


@pytest.mark.parametrize("command", ["check", "plan", "repro"])
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  episodes", "\tepisodes", "params.yaml:7: expected YAML, found: found character '\\t'"),
        ("  hold: 1", "  hold: 2\n  hold: 1", "params.yaml:11: collect.hold appears twice, first"),
        ("episodes: 600", f"episodes: {'9' * 5000}", "params.yaml:7: collect.episodes: expected a"),
        ("\nreport:", f"\n{BOMB}report:", "params.yaml:"),
        ("variants:", "variant:", "params.yaml:18: variant: unknown key; expected one of collect"),
    ],
    ids=["tab", "twice", "digits", "bomb", "section"],
)
def test_a_file_that_dvc_cannot_read_is_told_by_line(
    ours: Project, command: str, old: str, new: str, said: str
) -> None:
    ours.edit("params.yaml", old, new)
    told = ours.mwm(command, code=2).splitlines()
    assert any(line.startswith(f"error: {said}") for line in told)


@pytest.mark.parametrize("command", ["check", "plan", "repro"])
def test_another_encoding_is_told(ours: Project, command: str) -> None:
    text = (ours / "params.yaml").read_text(encoding="utf-8")
    (ours / "params.yaml").write_bytes(text.encode("utf-16"))
    (told,) = ours.mwm(command, code=2).splitlines()
    assert told.startswith("error: params.yaml: expected text in UTF-8, found UTF-16, as Power")


def test_a_kind_that_no_code_registers_is_told_before_anything_runs(ours: Project) -> None:
    ours.edit("params.yaml", "vision: sparse", "vision: sprase")
    said = "params.yaml:36: train.model.vision: unknown vision model 'sprase'; expected one of "
    assert ours.told("check", code=1)["params"][0].startswith(said)
    assert ours.mwm("repro", code=2).startswith(f"error: {said}")


@pytest.mark.parametrize("missing", ["dvc.yaml", "params.yaml"])
def test_a_world_that_only_one_of_two_files_has_is_told_with_the_cure(
    ours: Project, missing: str
) -> None:
    if missing == "dvc.yaml":
        ours.edit("dvc.yaml", LINE, "")
        said, cure = LISTED + "`mwm world add mirror` puts them there", "add"
    else:
        ours.edit("params.yaml", WORLD, "")
        ours.edit("params.yaml", RUN, "")
        said, cure = BEYOND + "`mwm world remove mirror` takes them out", "remove"
    assert ours.told("check", code=1)["params"] == [said]
    for command in ("plan", "repro"):
        assert ours.mwm(command, code=2) == f"error: {said}\n"
    ours.mwm("world", cure, "mirror")
    assert ours.told("check", code=1)["params"] == []


def test_a_run_of_other_worlds_is_told(ours: Project) -> None:
    ours.edit("params.yaml", RUN, "    second: {worlds: [original, mirror]}\n")
    told = ours.told("check", code=1)["params"]
    assert [line.partition("files of ")[2][:8] for line in told] == ["'second'", "'mirror'"]


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "code"), [("evaluate", 2), ("", 1)])
def test_the_evaluation_refuses_what_dvc_would_not_see_change(
    ours: Project, stage: str, code: int
) -> None:
    ours.edit("dvc.yaml", LINE, "")
    done = subprocess.run(
        [sys.executable, "-m", "stages.evaluate"],
        env=os.environ | {"DVC_STAGE": stage},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert (LISTED in done.stderr) == bool(stage)
    assert not Path("eval").exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            *("params.yaml", "ALE/Pong-v5", "ALE/Breakout-v5"),
            "plays/played.npz: expected plays of ALE/Breakout-v5, found those of ALE/Pong-v5; ",
        ),
        (
            *("params.yaml", "plays/played.npz", "plays/other.npz"),
            "dvc.yaml: evaluate: expected plays/other.npz, which evaluate.plays names, in its deps",
        ),
        (
            *("dvc.yaml", "      plays/played.npz,\n", ""),
            "dvc.yaml: evaluate: expected plays/played.npz, which evaluate.plays names, in its ",
        ),
        ("params.yaml", "plays/played.npz", "null", ""),
    ],
)
def test_foreign_plays_are_of_the_game_and_listed(
    ours: Project, file: str, old: str, new: str, said: str
) -> None:
    (ours / "plays").mkdir()
    shutil.copy(ROOT / "plays/played.npz", ours / "plays/played.npz")
    ours.edit(file, old, new)
    told = ours.told("check", code=1)["params"]
    assert [line[: len(said)] for line in told] == [said] * bool(said)
