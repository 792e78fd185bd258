"""A dvc.lock cut off at its end is mended and its old text kept; any other damage is told."""

import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from ruamel.yaml import YAML
from small_project import ROOT, Project

from mwm import MwmError, UsageError
from mwm.pipeline.mend import mend

LOCK = ROOT / "dvc.lock"
COMMANDS = [("mwm", "run"), ("mwm", "repro")]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody is writing: how long `mend` would have waited."""
    told: list[float] = []
    monkeypatch.setattr("mwm.pipeline.mend.time", SimpleNamespace(sleep=told.append))
    return told


def copies(folder: Path) -> list[str]:
    return [path.read_text() for path in sorted((folder / ".mwm/mended").glob("*"))]


def git(*words: str, code: int = 0) -> None:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr


@pytest.fixture
def conflict(made: Project) -> Project:
    """A project amid a merge of two branches that both ran it with params of their own."""
    git("commit", "--quiet", "--message", "base")
    git("branch", "-m", "mine")
    git("checkout", "--quiet", "-b", "other")
    for branch, speed in (("other", "2"), ("mine", "3")):
        git("checkout", "--quiet", branch)
        made.edit("params.yaml", "speed: 1", f"speed: {speed}")
        made.run("dvc", "repro", "--quiet")
        git("commit", "--quiet", "--all", "--message", branch)
    git("merge", "other", code=1)
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [*COMMANDS, ("mwm", "check"), ("mwm", "plan")], ids=lambda words: words[-1]
)
def test_a_merge_conflict_is_told_and_left_as_it_is(
    conflict: Project, command: tuple[str, ...]
) -> None:
    before = (conflict / "dvc.lock").read_bytes()
    line = before.decode().splitlines().index("<<<<<<< HEAD") + 1
    out = conflict.run(*command, code=2)
    assert f"error: dvc.lock:{line}: expected no merge conflict, found `<<<<<<<`; take one" in out
    assert "docs/merging.md" in out
    assert (conflict / "dvc.lock").read_bytes() == before
    assert copies(conflict.folder) == []


@pytest.mark.parametrize("command", ["check", "plan", "repro"])
def test_a_merge_conflict_in_dvc_yaml_is_told_with_its_line(made: Project, command: str) -> None:
    """DVC calls such a file corrupted, and tells no line."""
    made.edit("dvc.yaml", "stages:\n", "stages:\n<<<<<<< HEAD\n")
    said = made.mwm(command, code=2)
    assert "dvc.yaml:3: expected no merge conflict, found `<<<<<<<`; keep what is wanted" in said


@pytest.mark.slow
def test_a_conflict_ends_as_the_page_says(conflict: Project) -> None:
    text = (conflict / "params.yaml").read_text()
    mine = re.sub(r"<{7}.*\n(.*\n)={7}\n.*\n>{7}.*\n", r"\1", text)
    assert "speed: 3" in mine
    (conflict / "params.yaml").write_text(mine)
    git("checkout", "--theirs", "--", "dvc.lock")
    git("add", "params.yaml", "dvc.lock")
    conflict.run("mwm", "repro")
    conflict.run("mwm", "check")
    git("commit", "--quiet", "--all", "--message", "merged")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[-1])
def test_a_cut_is_mended_by_a_run_and_the_old_file_kept(
    made: Project, command: tuple[str, ...]
) -> None:
    whole = (made / "dvc.lock").read_text()
    cut = whole[: whole.index("  join:") + 60]
    (made / "dvc.lock").write_text(cut)
    out = made.run(*command)
    assert "note: dvc.lock was cut off by a killed DVC; mended" in out
    assert "the old file is .mwm/mended/dvc.lock.1" in out
    assert copies(made.folder) == [cut]
    assert (made / "dvc.lock").read_text() == whole


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[-1])
def test_damage_in_the_middle_is_refused(made: Project, command: tuple[str, ...]) -> None:
    whole = (made / "dvc.lock").read_text()
    damaged = whole.replace("    cmd: cp", "  cmd cp", 1)
    (made / "dvc.lock").write_text(damaged)
    out = made.run(*command, code=1)
    assert "error: dvc.lock: expected a file as DVC writes it, found it damaged" in out
    assert (made / "dvc.lock").read_text() == damaged
    assert copies(made.folder) == []


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", "||||||| 1a2b3c", "=======", ">>>>>>> other"])
def test_each_marker_of_a_conflict_is_known(tmp_path: Path, marker: str) -> None:
    lines = LOCK.read_text().splitlines(keepends=True)
    lines.insert(100, f"{marker}\n")
    (tmp_path / "dvc.lock").write_text("".join(lines))
    with pytest.raises(UsageError, match=r"dvc\.lock:101: expected no merge conflict"):
        mend(tmp_path)
    assert (tmp_path / "dvc.lock").read_text() == "".join(lines)


@pytest.mark.slow
def test_of_a_dvc_lock_that_was_cut_off_whole_entries_stay(tmp_path: Path) -> None:
    """DVC writes the file in place, and refuses what a kill leaves of it ever after."""
    text = LOCK.read_text()
    stages = list(YAML(typ="safe").load(text)["stages"])
    lock = tmp_path / "dvc.lock"
    for cut in random.Random(0).sample(range(1000, len(text)), 12):
        lock.write_text(text[:cut])
        mend(tmp_path)
        mended = YAML(typ="safe").load(lock.read_text())["stages"]
        assert list(mended) == stages[: len(mended)]
        assert len(mended) >= text[:cut].count("\n    cmd: ") - 1
        if lock.read_text() != text[:cut]:
            assert text[:cut] in copies(tmp_path)
        mend(tmp_path)
        assert YAML(typ="safe").load(lock.read_text())["stages"] == mended


def test_every_cut_of_a_short_dvc_lock_is_mended(tmp_path: Path) -> None:
    text = (
        "schema: '2.0'\nstages:\n  a:\n    cmd: echo ü\n    outs:\n    - path: a\n"
        f"      hash: md5\n      md5: {'0d' * 16}\n      size: 2\n"
        '  b@x y:\n    cmd:\n    - "echo: \\\n      1"\n    deps:\n    - path: a\n'
        "    params:\n      params.yaml:\n        t.r: [1, 2]\n"
    ).encode()
    for cut in range(len(text) + 1):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / "dvc.lock").write_bytes(text[:cut])
        mend(folder)
        if (folder / "dvc.lock").exists():
            left = (folder / "dvc.lock").read_bytes()
            assert text.startswith(left)
            assert list(YAML(typ="safe").load(left).get("stages", [])) in (
                [],
                ["a"],
                ["a", "b@x y"],
            )
        else:
            assert b"  b@x" not in text[:cut]
    assert left == text, "a whole one stays as it is"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("    cmd:", "    cmd", 1),
        lambda text: text.replace("  see@vswap:\n", '  see@vswap: "\n', 1),
        lambda text: "notes of mine\n",
        lambda text: text.replace("md5: ", "md5: [", 1) + "  late",
    ],
    ids=["key", "quote", "other", "two"],
)
def test_other_damage_is_told_and_left(tmp_path: Path, damage: Callable[[str], str]) -> None:
    damaged = damage(LOCK.read_text())
    (tmp_path / "dvc.lock").write_text(damaged)
    with pytest.raises(MwmError, match="not by a cut at its end"):
        mend(tmp_path)
    assert (tmp_path / "dvc.lock").read_text() == damaged
    assert copies(tmp_path) == []


def test_copies_are_numbered_and_a_folder_below_the_root_is_mended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "results").mkdir()
    monkeypatch.chdir(tmp_path / "results")
    for _ in range(2):
        Path("dvc.lock").write_text("sch")
        mend()
        assert not Path("dvc.lock").exists()
    kept = sorted(path.name for path in (tmp_path / ".mwm/mended").iterdir())
    assert kept == ["results-dvc.lock.1", "results-dvc.lock.2"]


RWLOCK = '{"write": {"/a b/\\u00e9.txt": {"pid": 12, "cmd": "dvc repro"}}, "read": {}}'


def rwlock(folder: Path, text: str) -> Path:
    path = folder / ".dvc/tmp/rwlock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("cut", [0, 1, 5, 14, 20, 26, 40, 47, -2, -1])
def test_a_list_of_readers_that_was_cut_off_goes_and_a_copy_stays(tmp_path: Path, cut: int) -> None:
    path = rwlock(tmp_path, RWLOCK[:cut])
    mend(tmp_path)
    assert not path.exists()
    assert copies(tmp_path) == [RWLOCK[:cut]]


def test_a_whole_list_of_readers_and_a_damaged_one_stay(
    tmp_path: Path, pauses: list[float]
) -> None:
    path = rwlock(tmp_path, RWLOCK)
    mend(tmp_path)
    assert path.read_text() == RWLOCK
    assert pauses == []
    rwlock(tmp_path, RWLOCK.replace('"pid": 12', "pid 12"))
    with pytest.raises(MwmError, match="not by a cut at its end"):
        mend(tmp_path)
    assert "pid 12" in path.read_text()
    assert pauses == [1, 0], "it may just be being written"
