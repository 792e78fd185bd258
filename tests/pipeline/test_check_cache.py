"""`mwm check --cache` finds bytes that changed where DVC believes they did not, and heals them."""

import subprocess
from pathlib import Path

import pytest
from small_project import Project

FOLDER = """
  folder:
    cmd: mkdir f && cat start.txt start.txt > f/a && echo b > f/b
    deps: [start.txt]
    outs: [f]
"""


def flip(file: Path) -> None:
    """Change one byte; the mode stays, as on a disk that decays."""
    mode = file.stat().st_mode
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    file.chmod(mode)


def cached(project: Project, output: str) -> Path:
    """Where DVC's cache has an output that is a file, or a folder's list."""
    told = (project / "dvc.lock").read_text().partition(f"path: {output}\n")[2]
    md5 = told.partition("md5: ")[2].split()[0]
    return project / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


def heal(project: Project, said: str) -> None:
    """Do as was said: copy what is right into the cache, or delete it and make it again."""
    if mend := [line for line in said.splitlines() if line.startswith("  install ")]:
        subprocess.run(mend[0], shell=True, check=True)
        return
    (delete,) = (line for line in said.splitlines() if line.startswith("  rm "))
    (again,) = (line.split("`")[-2] for line in said.splitlines() if line.startswith("  then "))
    subprocess.run(delete, shell=True, check=True)
    project.run(*again.split())


def test_all_bytes_are_as_recorded(made: Project) -> None:
    assert made.mwm("check", "--cache").splitlines() == [
        "check: 6 stages agree with dvc.lock",
        "check: of 12 files, here and in DVC's cache, 0 damaged",
    ]


def test_a_clone_without_data_has_nothing_to_verify(cloned: Project) -> None:
    told = cloned.told("check", "--cache")
    assert (told["verified"], told["damaged"]) == (0, [])


@pytest.mark.slow
def test_a_damaged_object_is_told_and_what_is_said_heals_it(made: Project) -> None:
    before = (made / "w/b/out.txt").read_text()
    file = cached(made, "w/b/out.txt")
    flip(file)
    (made / "w/b/out.txt").unlink()
    made.run("dvc", "checkout")
    assert (made / "w/b/out.txt").read_text() != before
    assert made.told("check")["stale"] == []  # DVC believes it
    (damage,) = made.told("check", "--cache", code=1)["damaged"]
    assert damage == {
        "stage": "world@b",
        "path": "w/b/out.txt",
        "file": str(file.relative_to(made.folder)),
        "intact": False,
        "cached": True,
    }
    heal(made, made.mwm("check", "--cache", code=1))
    assert (made / "w/b/out.txt").read_text() == before
    assert made.told("check", "--cache")["damaged"] == []


@pytest.mark.slow
@pytest.mark.parametrize("inside", ["f", "f/a", "f/b"])
def test_of_a_folder_the_list_and_each_file_are_verified(made: Project, inside: str) -> None:
    with (made / "dvc.yaml").open("a") as pipeline:
        pipeline.write(FOLDER)
    made.run("mwm", "repro", "folder")
    lists = cached(made, "f")
    file = lists
    if inside != "f":
        entry = lists.read_text().partition(f'"relpath": "{inside[2:]}"')[0]
        md5 = entry.rpartition('"md5": "')[2][:32]
        file = lists.parent.parent / md5[:2] / md5[2:]
    flip(file)
    (damage,) = made.told("check", "--cache", "folder", code=1)["damaged"]
    assert damage["path"] == inside
    heal(made, made.mwm("check", "--cache", "folder", code=1))
    assert made.told("check", "--cache", "folder")["damaged"] == []
    assert {path.name for path in (made / "f").iterdir()} == {"a", "b"}


def test_a_right_file_here_mends_the_cache(made: Project) -> None:
    """It was to be deleted with the damaged one: without a remote, hours of training."""
    (made / "joined.txt").unlink()
    before = cached(made, "joined.txt").read_text()
    (made / "joined.txt").write_text(before)  # no link to the cache
    flip(cached(made, "joined.txt"))
    said = made.mwm("check", "--cache", code=1)
    assert "join: joined.txt is right, but DVC's cache has other bytes of it:" in said
    (mend,) = (line for line in said.splitlines() if line.startswith("  install "))
    subprocess.run(mend, shell=True, check=True)
    assert made.told("check", "--cache")["damaged"] == []
    assert cached(made, "joined.txt").read_text() == (made / "joined.txt").read_text() == before


def test_a_file_that_is_here_is_verified_too(made: Project) -> None:
    """As one that decayed on the disk: DVC goes by its size and times."""
    before = (made / "joined.txt").read_text()
    flip(made / "joined.txt")
    said = made.mwm("check", "--cache", code=1)
    assert "join: joined.txt has other bytes than dvc.lock records; delete it:" in said
    (made / "joined.txt").unlink()
    made.run("dvc", "checkout", "joined.txt")
    assert (made / "joined.txt").read_text() == before


def test_what_the_cache_lost_comes_from_a_remote(made: Project) -> None:
    """`dvc checkout` was named, after which the only copy had been deleted."""
    cached(made, "joined.txt").unlink()
    (made / "joined.txt").chmod(0o600)
    flip(made / "joined.txt")
    said = made.mwm("check", "--cache", code=1)
    assert "then `dvc pull joined.txt` gets it back, or `mwm repro join` makes it again" in said
