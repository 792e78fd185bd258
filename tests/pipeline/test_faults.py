"""Whatever goes wrong, a command ends in one line, and the traceback is in a file that it names."""

import errno
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hardship import mode, told_by
from small_project import Project
from typer.testing import CliRunner

import mwm
from mwm.runtime import commands

LOG = re.compile(r"(?:traceback in|please report it with) (\S+)$")
TORCH = "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: 9 bytes"


def _nested() -> None:
    _nested()


def _raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def _dvc() -> None:
    from dvc.exceptions import OutputNotFoundError

    raise OutputNotFoundError("a.txt")


def _git() -> None:
    from scmrepo.exceptions import SCMError

    raise SCMError("not owned by current user")


def _system(number: int, name: str | None = "data/frames.h5") -> Callable[[], None]:
    return _raising(OSError(number, os.strerror(number), name))


KNOWN: dict[str, tuple[Callable[[], None], str]] = {
    "memory": (_raising(MemoryError()), "expected more memory, found: none left; free some"),
    "torch": (_raising(RuntimeError(TORCH)), "expected more memory, found: [enforce fail"),
    "cuda": (_raising(RuntimeError("CUDA out of memory. Tried to allocate")), "more memory"),
    "permission": (_system(errno.EACCES), "data/frames.h5: expected the system to allow it, found"),
    "open files": (_system(errno.EMFILE, None), "found: Too many open files; raise the limit"),
    "full": (_system(errno.ENOSPC), "found: No space left on device; free some space"),
    "quota": (_system(errno.EDQUOT), "found: Disk quota exceeded; free some space or quota"),
    "read-only": (_system(errno.EROFS), "found: Read-only file system; allow it"),
    "device": (_system(errno.EIO), "found: Input/output error; mend that"),
    "utf-8": (b"\xff".decode, "expected UTF-8, found: 'utf-8' codec can't decode"),
    "depth": (_nested, "found one nested too deeply"),
    "import": (_raising(ImportError("No module named 'torch'")), "run `make env`"),
    "sqlite": (_raising(sqlite3.DatabaseError("malformed")), "DVC's site cache"),
    "dvc": (_dvc, "DVC: expected it to do as asked, found: "),
    "git": (_git, "Git: expected an answer, found: not owned by current user; run `git status`"),
}


def _told(fail: Callable[[], None]) -> str:
    """The one line of a command that does this."""
    app = commands.application("Fail.")
    commands.command(app)(fail)
    done = CliRunner().invoke(app)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.rstrip()


@pytest.mark.parametrize(("fail", "told"), KNOWN.values(), ids=KNOWN)
def test_a_known_kind_is_told_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None], told: str
) -> None:
    (tmp_path / ".dvc").mkdir()
    monkeypatch.chdir(tmp_path)
    said = _told(fail)
    assert told in said
    assert "mwm itself" not in said
    log = LOG.search(said)
    assert log
    assert "Traceback (most recent call last)" in Path(log[1]).read_text(encoding="utf-8")
    assert Path(log[1]).parent == Path(".mwm/log")


def test_any_other_is_a_fault_of_mwm_to_be_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """h5py's errors of content among them, which no reader has put into words."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    for error in (ZeroDivisionError("a bug\nof ours"), OSError("Can't read data")):
        said = _told(_raising(error))
        assert f"expected no fault in mwm itself, found {type(error).__name__}: " in said
        log = LOG.search(said)
        assert log
        assert Path(log[1]).parent == tmp_path / ".mwm/log"
        assert f"{type(error).__name__}: {error}" in Path(log[1]).read_text(encoding="utf-8")


@pytest.mark.parametrize("project", [False, True])
def test_where_a_project_has_no_place_for_it_the_log_goes_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: bool
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    if project:
        Path(".dvc").mkdir()
        Path(".mwm").touch()
    log = LOG.search(_told(_raising(MemoryError())))
    assert log
    assert Path(log[1]).parent == tmp_path
    assert not Path(".mwm").is_dir()


def test_without_any_place_it_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)
    said = _told(_raising(ValueError("odd")))
    assert said.endswith("please report it; there was no place to keep the traceback")


def test_a_log_says_of_what_it_is_and_a_long_error_is_cut_in_the_line_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".dvc").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["/env/bin/mwm", "repro"])
    said = _told(_raising(ValueError("word " * 1000)))
    assert said.startswith("error: mwm repro: expected no fault in mwm itself, found ValueError: w")
    assert len(said) < 500
    log = LOG.search(said)
    assert log
    first, command, place, *rest = Path(log[1]).read_text(encoding="utf-8").splitlines()
    assert first.startswith(f"mwm {mwm.__version__}, Python {platform.python_version()}, ")
    assert (command, place) == ("mwm repro", f"in {tmp_path}")
    assert rest[-1] == "ValueError: " + "word " * 1000


def test_in_a_folder_that_is_gone_the_log_goes_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was an empty file, of which nothing was said."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    log = LOG.search(_told(_raising(ValueError("odd"))))
    assert log
    assert [path.name for path in tmp_path.iterdir()] == [Path(log[1]).name]
    assert "No such file or directory" in Path(log[1]).read_text(encoding="utf-8")


# In one process of a project, each with what has befallen that.
COMMANDS = tuple(
    f"mwm.__main__ {words}"
    for words in ("check", "plan", "prune --yes", "status", "vouch", "compare HEAD", "repro")
)


@pytest.fixture
def committed(made: Project) -> Project:
    """A project in which all has run, its state committed; the working directory."""
    subprocess.run(["git", "commit", "--quiet", "--message", "made"], check=True)
    return made


def _refused(folder: Path, *lines: str, **environment: str) -> dict[str, str]:
    """By command, the line with which it ended; those that ended well are left out."""
    refused = {}
    for line, (code, said) in told_by(folder, *lines, **environment).items():
        errors = [each for each in said if each.lower().startswith("error: ")]  # Typer's: "Error"
        assert len(errors) == (1 if code else 0), said
        for error in errors:
            assert "mwm itself" not in error
            if log := LOG.search(error):
                assert "Traceback" in (folder / log[1]).read_text(encoding="utf-8")
            refused[line.removeprefix("mwm.__main__ ")] = error
    return refused


@pytest.mark.slow
def test_a_lock_file_that_is_no_text(committed: Project) -> None:
    with (committed / "dvc.lock").open("ab") as file:
        file.write(b"\xff")
    refused = _refused(committed.folder, *COMMANDS)
    assert refused.keys() == {"check", "plan", "prune --yes", "vouch", "repro"}
    assert all("dvc.lock" in said for said in refused.values()), refused


@pytest.mark.slow
@pytest.mark.parametrize("fresh", [False, True])
def test_a_checkout_that_is_read_only(committed: Project, binding: None, fresh: bool) -> None:
    """All that only looks does so, but DVC needs its folder for temporary files."""
    if fresh:
        shutil.rmtree(committed / ".dvc/tmp")
        shutil.rmtree(committed / ".mwm", ignore_errors=True)
    with mode(committed.folder, 0o222):
        refused = _refused(committed.folder, *COMMANDS)
    looks = {"check", "plan"}
    writes = {"prune --yes", "vouch", "compare HEAD", "repro"}
    assert refused.keys() == writes | (looks if fresh else set())
    assert all("Permission denied" in said for said in refused.values()), refused


@pytest.mark.slow
@pytest.mark.parametrize("name", ["w/a/out.txt", "params.yaml", "dvc.lock", ".mwm"])
def test_what_cannot_be_read(committed: Project, binding: None, name: str) -> None:
    (committed / ".mwm").mkdir(exist_ok=True)
    with mode(committed / name, 0o777):
        refused = _refused(committed.folder, *COMMANDS)
    assert "repro" in refused
    assert all("Permission denied" in said and name in said for said in refused.values()), refused


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["content", "rights", "folder"])
def test_a_site_cache_of_dvc_that_is_damaged_or_anothers(
    committed: Project, tmp_path: Path, binding: None, damage: str
) -> None:
    site = tmp_path / "site"
    place = {"DVC_SITE_CACHE_DIR": str(site)}
    assert not _refused(committed.folder, "mwm.__main__ check", **place)
    tables = list(site.rglob("*.db"))
    for table in tables if damage == "content" else ():
        table.write_bytes(b"no table" * 1000)
    with mode(site, {"content": 0, "rights": 0o222, "folder": 0o777}[damage]):
        refused = _refused(committed.folder, *COMMANDS, **place)
    assert refused.keys() >= {"check", "plan", "prune --yes", "repro"}
    assert all("DVC's site cache" in said for said in refused.values()), refused


@pytest.mark.slow
def test_a_repository_that_git_refuses(committed: Project) -> None:
    if os.getuid() != 0:
        pytest.skip("gives the project to another user, as root alone can")
    for path in (committed.folder, *committed.folder.rglob("*")):
        os.chown(path, 65534, 65534)
    told = told_by(committed.folder, *COMMANDS, prepare=None, HOME=str(committed.folder))
    refused = {line: said for line, (code, said) in told.items() if code}
    assert refused.keys() >= {"mwm.__main__ compare HEAD", "mwm.__main__ prune --yes"}
    assert all("Git: expected" in said or "`git " in said for (said,) in refused.values()), told


STAGES = (
    "stages.collect --workers 1",
    "stages.preprocess",
    "stages.variants mirror",
    "stages.train see mirror",
    "stages.train anchor",
    "stages.recruit mirror",
    "stages.decipher mirror",
    "stages.smooth",
    "stages.unite mirror",
    "stages.evaluate",
    "stages.report",
    "stages.study --data data/worlds",
    "stages.tabulate studies study-0",
    "stages.tabulate ablations study-0",
    "stages.params profiles/smoke.yaml --out study-1",
)
OTHERS = ("invert", "vswap", "hswap", "transpose")
READS_FIRST = {  # and so tell that what they read is none of it
    *("stages.train see mirror", "stages.train anchor", "stages.recruit mirror"),
    *(
        "stages.unite mirror",
        "stages.evaluate",
        "stages.study --data data/worlds",
        "stages.tabulate studies study-0",
    ),
    *("stages.params profiles/smoke.yaml --out study-1",),
}
READ = (
    *("data/rollouts.h5", "data/frames.h5", "data/worlds/original.h5", "data/worlds/mirror.h5"),
    *(f"data/worlds/{world}.h5" for world in OTHERS),
    *(f"runs/{it}/manifest.json" for it in ("see/original", "recruit/mirror", "mirror", *OTHERS)),
    *("eval/pairs.csv", "eval/manifest.json"),
    *("study-0/params.yaml", "training.json", "study-0/eval/pairs.csv", "profiles/smoke.yaml"),
)


@pytest.fixture
def staged(project: Path) -> Path:
    """A project with a file of each kind that stages read first; the working directory."""
    (project / "data/worlds").unlink()
    for name in READ:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("some")
    return project


@pytest.mark.slow
def test_stages_that_may_not_read(staged: Path, binding: None) -> None:
    with ExitStack() as forbidden:
        for name in READ:
            forbidden.enter_context(mode(staged / name, 0o777))
        refused = _refused(staged, *STAGES)
    assert len(refused) == len(STAGES) - 2  # corresponding inputs: nothing to smooth or decipher
    assert all(re.search("Permission denied|not readable", said) for said in refused.values()), (
        refused
    )
    assert not any("damaged" in said or "dvc repro" in said for said in refused.values()), refused


@pytest.mark.slow
def test_stages_that_may_not_write(staged: Path, worlds: Path, binding: None) -> None:
    for name in ("rollouts.h5", "frames.h5"):
        shutil.copy(worlds / name, staged / "data")
    with mode(staged, 0o222):
        refused = _refused(staged, *(line for line in STAGES if READS_FIRST.isdisjoint({line})))
    assert all("Permission denied" in said for said in refused.values()), refused
    assert len(refused) == len(STAGES) - len(READS_FIRST)


@pytest.mark.slow
def test_every_command_that_may_open_no_more_files(staged: Path) -> None:
    (staged / ".dvc").mkdir()
    refused = _refused(staged, *COMMANDS, *STAGES, LIMIT="files")
    assert len(refused) >= len(COMMANDS) + len(STAGES) - 2
    assert all("Too many open files" in said for said in refused.values()), refused
