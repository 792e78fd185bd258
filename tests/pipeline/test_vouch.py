"""`mwm vouch` accepts new code that is proven to do what the old code did, and says how."""

import csv
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_project import Project, new
from workspace import commit

from mwm.pipeline.git import git
from mwm.runtime import processes, vouched

WORLDS = [f"world@{world}" for world in "abcd"]
PIPELINE = """
stages:
  start:
    cmd: python code/start.py
    deps: [code/start.py, code/lib]
    params: [make.speed, make.more]
    outs: [start.txt]
  world:
    foreach: ${worlds}
    do:
      cmd: python code/world.py ${key}
      params: ["worlds.${key}"]
      deps: [start.txt, code/world.py, code/lib]
      outs: ["w/${key}/out.txt"]
  join:
    cmd: python code/join.py
    deps: [w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt, code/join.py]
    outs:
      - joined.txt
      - seconds.txt: {type: timing}
"""
STUDY = """
  settings:
    cmd: "mkdir -p runs/x && echo 'a: 1' > runs/x/params.yaml && echo '{}' > runs/x/training.json"
    outs: [runs/x/params.yaml, runs/x/training.json]
  study:
    cmd: python code/study.py
    deps: [runs/x/training.json, code/study.py]
    outs: [runs/x/model]
"""
CODE = {
    "code/lib/__init__.py": "",
    "code/lib/tools.py": 'def write(path, text):\n    """Write."""\n    path.write_text(text)\n',
    "code/start.py": "from pathlib import Path\n\nfrom lib import tools\n\n"
    'tools.write(Path("start.txt"), "hello")\n',
    "code/world.py": "import sys\nfrom pathlib import Path\n\nfrom lib import tools\n\n"
    'key = sys.argv[1]\npath = Path("w", key, "out.txt")\npath.parent.mkdir(parents=True, '
    'exist_ok=True)\nshown = Path("start.txt").read_text() + key\ntools.write(path, shown)\n',
    "code/join.py": "import time\nfrom pathlib import Path\n\nimport typer\n\n"
    "from mwm.runtime import commands\n\napp = typer.Typer()\n\n\n"
    "@commands.command(app)\ndef join():\n"
    '    texts = [path.read_text() for path in sorted(Path("w").glob("*/out.txt"))]\n'
    '    Path("joined.txt").write_text("".join(texts))\n'
    '    Path("seconds.txt").write_text(str(time.time()))\n\n\napp()\n',
}


def rows(project: Project) -> dict[str, dict[str, str]]:
    """vouched.csv, by stage."""
    with (project / "vouched.csv").open() as file:
        return {row["stage"]: row for row in csv.DictReader(file)}


def lock(project: Project) -> str:
    return (project / "dvc.lock").read_text()


def agrees(project: Project, vouched: set[str]) -> None:
    """DVC has nothing to do, and `mwm check` counts what has not run."""
    told = project.told("check")
    assert set(told["vouched"]) == vouched
    assert told["ran"] == 6 - len(vouched)
    assert "Running stage" not in project.run("dvc", "repro")


@pytest.fixture(scope="session")
def _ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = new(tmp_path_factory.mktemp("vouch") / "ran")
    (project / "source.txt").unlink()
    (project / "dvc.yaml").write_text(PIPELINE)
    (project / ".dvcignore").write_text("__pycache__/\n")
    with (project / ".gitignore").open("a") as file:
        file.write("__pycache__/\n/seconds.txt\n")
    for path, text in CODE.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    project.run("dvc", "repro", "--quiet")
    commit(project.folder)
    return project


@pytest.fixture
def ran(_ran: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose stages are Python and have run, committed; the working directory."""
    shutil.copytree(_ran.folder, tmp_path / "ran")
    monkeypatch.chdir(tmp_path / "ran")
    path = f"{Path(__file__).resolve().parents[2]}"
    monkeypatch.setenv("PYTHONPATH", path)
    return Project(tmp_path / "ran")


def test_nothing_is_vouched_for_where_nothing_is_stale(ran: Project) -> None:
    assert ran.mwm("vouch") == "vouch: no stage is stale\n"
    assert not (ran / "vouched.csv").exists()


def test_a_comment_is_the_same_program_and_nothing_runs(ran: Project) -> None:
    ran.edit("code/world.py", "key = sys", "# The world's name.\nkey   = sys")
    assert "same program: world@a" in ran.mwm("vouch", "--dry")
    assert not (ran / "vouched.csv").exists()
    told = ran.mwm("vouch")
    assert "runs in a copy" not in told
    assert told.endswith("vouch: 4 stages vouched for\n")
    assert {row["how"] for row in rows(ran).values()} == {"same program"}
    assert "6 stages agree with dvc.lock (2 ran, 4 vouched for)" in ran.mwm("check")
    agrees(ran, set(WORLDS))


def test_the_first_commit_s_code_is_known_whatever_git_shows(ran: Project) -> None:
    git(ran.folder, "config", "log.showRoot", "false")
    ran.edit("code/world.py", "key = sys", "# The world's name.\nkey   = sys")
    assert "same program: world@a" in ran.mwm("vouch", "--dry")


def test_a_docstring_in_a_folder_is_the_same_program(ran: Project) -> None:
    ran.edit("code/lib/tools.py", "Write.", "Write a text.")
    ran.mwm("vouch")
    assert rows(ran).keys() == {"start", *WORLDS}
    assert {row["how"] for row in rows(ran).values()} == {"same program"}
    agrees(ran, {"start", *WORLDS})


@pytest.mark.slow
def test_a_renamed_local_is_proven_by_a_sample(ran: Project) -> None:
    code = (ran / "code/world.py").read_text()
    (ran / "code/world.py").write_text(code.replace("shown", "told"))
    before = ran / "w/a/out.txt"
    stamp = before.stat().st_mtime_ns
    told = ran.told("vouch", "--seed", "1")
    (group,) = told["groups"]
    assert group["stages"] == WORLDS
    (drawn,) = group["sample"]
    how = {row["how"] for row in rows(ran).values()}
    assert how == {f"sample 1 of 4: {drawn}"}
    assert before.stat().st_mtime_ns == stamp
    agrees(ran, set(WORLDS))


@pytest.mark.slow
def test_what_a_sample_made_is_data_for_a_sample_after_it(ran: Project) -> None:
    for name in ("start", "world", "join"):
        code = (ran / f"code/{name}.py").read_text()
        (ran / f"code/{name}.py").write_text(f"{code}\n\ndone = True\n")
    for path in (ran / "start.txt", ran / "w", ran / ".dvc/cache"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert "neither here nor in DVC's cache" in ran.told("vouch")["left"]["world@a"]
    assert {each["stage"] for each in ran.told("vouch", "world@a")["vouched"]} == {"world@a"}
    assert not (ran / "start.txt").exists()


@pytest.mark.slow
def test_a_change_of_meaning_in_the_sample_accepts_nothing(ran: Project) -> None:
    before = lock(ran)
    ran.edit("code/start.py", "from pathlib", "# first\nfrom pathlib")
    ran.edit("code/world.py", ".read_text() + key", ".read_text() + key.upper()")
    said = ran.mwm("vouch", code=1)
    drawn = said.partition("sample: ")[2].split()[0]
    assert f"error: {drawn}: expected the bytes that dvc.lock has, found others in w/" in said
    assert lock(ran) == before
    assert not (ran / "vouched.csv").exists()


@pytest.mark.slow
def test_of_a_change_of_meaning_outside_the_sample_the_record_tells_what_did_not_run(
    ran: Project,
) -> None:
    ran.edit(
        "code/world.py", "tools.write(path, shown)", 'tools.write(path, shown.replace("c", "C"))'
    )
    seed = next(
        str(n)
        for n in range(20)
        if "world@c" not in ran.told("vouch", "--dry", "--seed", str(n))["groups"][0]["sample"]
    )
    ran.mwm("vouch", "--seed", seed)
    how = rows(ran)["world@c"]["how"]
    assert how.startswith("sample 1 of 4: world@")
    assert "world@c" not in how
    said = ran.mwm("check")
    assert "(2 ran, 4 vouched for)" in said


def test_the_seed_draws(ran: Project) -> None:
    ran.edit("code/world.py", "key = sys", "x = 1\nkey = sys")
    told = [ran.told("vouch", "--dry", "--seed", f"{seed}") for seed in (0, 1, 2, 3, 0)]
    drawn = [each["groups"][0]["sample"] for each in told]
    assert len({sample for (sample,) in drawn}) > 1
    assert drawn[0] == drawn[-1]


@pytest.mark.slow
@pytest.mark.parametrize("file", ["code/lib/tools.py", "code/world.py"])
def test_the_recorded_code_counts_not_the_last_that_was_committed(ran: Project, file: str) -> None:
    call = "path.write_text(text" if "tools" in file else "tools.write(path, shown"
    ran.edit(file, f"{call})", f'{call} + "!")')
    commit(ran.folder)
    ran.edit(file, '"!")', '"!")  # loud')
    said = ran.mwm("vouch", code=1)
    assert ": expected the bytes that dvc.lock has" in said


@pytest.mark.slow
def test_a_command_is_a_part_of_the_program(ran: Project) -> None:
    ran.edit("dvc.yaml", "python code/start.py", "python -B code/start.py")
    assert ran.told("vouch")["vouched"][0]["how"] == "sample 1 of 1: start"
    agrees(ran, {"start"})


@pytest.mark.slow
def test_a_sample_as_large_as_the_group_finds_every_change(ran: Project) -> None:
    ran.edit(
        "code/world.py", "tools.write(path, shown)", 'tools.write(path, shown.replace("c", "C"))'
    )
    said = ran.mwm("vouch", "--sample", "4", code=1)
    assert "error: world@c: expected the bytes" in said


def test_params_that_changed_beside_code_are_not_vouched_for(ran: Project) -> None:
    ran.edit("params.yaml", "b: 2", "b: 8")
    ran.edit("code/world.py", "key = sys", "# name\nkey = sys")
    told = ran.told("vouch")
    assert told["left"] == {"world@b": "not by its code alone: param params.yaml: worlds.b: 2 -> 8"}
    assert rows(ran).keys() == {"world@a", "world@c", "world@d"}
    assert [each["stage"] for each in ran.told("check", code=1)["stale"]] == ["world@b", "join"]


@pytest.mark.parametrize("listed", ["make", "make.speed"])
def test_params_listed_by_other_sections_with_the_same_values_are_the_same(
    ran: Project, listed: str
) -> None:
    ran.edit("dvc.yaml", "make.speed, make.more", listed)
    ran.edit("code/start.py", "from pathlib", "# first\nfrom pathlib")
    ran.mwm("vouch")
    agrees(ran, {"start"})


def test_a_param_no_longer_listed_whose_value_changed_is_told(ran: Project) -> None:
    ran.edit("dvc.yaml", "make.speed, make.more", "make.speed")
    ran.edit("params.yaml", "deep: 2", "deep: 3")
    ran.edit("code/start.py", "from pathlib", "# first\nfrom pathlib")
    assert ran.told("vouch")["left"]["start"].endswith("make.more.deep: 2 -> 3")


def test_data_that_changed_is_not_vouched_for(ran: Project) -> None:
    ran.edit("code/world.py", "key = sys", "# name\nkey = sys")
    (ran / "w/b/out.txt").unlink()
    (ran / "w/b/out.txt").write_text("by hand")
    left = ran.told("vouch")["left"]
    assert left["world@b"] == "not by its code alone: output w/b/out.txt changed"
    assert left["join"] == "not by its code alone: dep w/b/out.txt changed"


def test_a_repository_without_a_commit_is_told(ran: Project) -> None:
    """It was told to run `git status`, which reports nothing wrong."""
    shutil.rmtree(ran / ".git")
    git(ran.folder, "init", "--quiet")
    for words in ((), ("--dry",)):
        assert "expected a Git repository with a commit" in ran.mwm("vouch", *words, code=2)


@pytest.mark.slow
def test_a_shallow_clone_says_that_old_code_is_not_there(
    ran: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran.edit("code/world.py", "key = sys", "# name\nkey = sys")
    commit(ran.folder)
    shallow = Project(tmp_path / "shallow")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{ran.folder}", str(shallow.folder))
    shutil.copytree(ran / ".dvc/cache", shallow / ".dvc/cache")
    monkeypatch.chdir(shallow.folder)
    assert "; old code not in history" in shallow.mwm("vouch", "--dry")
    shallow.mwm("vouch")
    assert all(
        row["how"].endswith("; old code not in the shallow history")
        for row in rows(shallow).values()
    )
    assert shallow.told("check")["stale"] == []
    assert not (shallow / "w").exists()


def test_without_the_data_nothing_is_sampled(ran: Project) -> None:
    code = (ran / "code/world.py").read_text()
    (ran / "code/world.py").write_text(code.replace("shown", "told"))
    (ran / "start.txt").unlink()
    shutil.rmtree(ran / ".dvc/cache")
    left = ran.told("vouch")["left"]
    assert left.keys() == set(WORLDS)
    assert "neither here nor in DVC's cache" in left["world@a"]


@pytest.mark.slow
def test_stages_and_commands_may_have_new_names(ran: Project) -> None:
    for old, name in (
        ("  world:\n", "  planet:\n"),
        ("python code/world.py ${key}", "python code/planet.py --name ${key}"),
        ("code/world.py, code/lib", "code/planet.py, code/lib"),
    ):
        ran.edit("dvc.yaml", old, name)
    (ran / "code/world.py").rename(ran / "code/planet.py")
    ran.edit("code/planet.py", "argv[1]", "argv[2]")
    planets = {f"planet@{world}" for world in "abcd"}
    ran.mwm("vouch", *sorted(planets))
    assert "world@" not in lock(ran)
    assert rows(ran)["planet@a"]["how"].startswith("sample 1 of 4: planet@")
    agrees(ran, planets)


@pytest.mark.slow
def test_stages_may_move_to_another_file(ran: Project) -> None:
    (ran / "more").mkdir()
    head, rest = PIPELINE.partition("  join:")[::2]
    (ran / "dvc.yaml").write_text(head)
    moved = rest.replace("w/", "../w/").replace("code/join", "../code/join")
    moved = moved.replace("- joined", "- ../joined").replace("- seconds", "- ../seconds")
    moved = moved.replace("python ../code", "cd .. && python code")
    (ran / "more/dvc.yaml").write_text(f"stages:\n  join:{moved}")
    ran.mwm("vouch")
    assert "join" not in lock(ran)
    assert rows(ran).keys() == {"more/dvc.yaml:join"}
    assert ran.told("check")["vouched"] == ["more/dvc.yaml:join"]


@pytest.mark.slow
def test_code_listed_anew_or_no_longer_is_a_change_of_code(ran: Project) -> None:
    ran.edit("dvc.yaml", "[start.txt, code/world.py, code/lib]", "[start.txt, code]")
    told = ran.told("vouch")
    assert told["groups"][0]["stages"] == WORLDS
    agrees(ran, set(WORLDS))


def test_data_listed_anew_is_not_vouched_for(ran: Project) -> None:
    ran.edit("dvc.yaml", "code/join.py]", "code/join.py, start.txt]")
    left = ran.told("vouch")["left"]
    assert left == {"join": "not by its code alone: start.txt is not in dvc.lock"}


def test_outputs_need_not_be_here(ran: Project) -> None:
    ran.edit("code/world.py", "key = sys", "# name\nkey = sys")
    shutil.rmtree(ran / "w")
    shutil.rmtree(ran / ".dvc/cache")
    ran.mwm("vouch")
    assert not (ran / "w").exists()
    assert ran.told("check")["vouched"] == WORLDS


@pytest.mark.slow
def test_a_duration_is_not_compared(ran: Project) -> None:
    code = (ran / "code/join.py").read_text()
    (ran / "code/join.py").write_text(code.replace("texts", "words"))
    ran.mwm("vouch")
    agrees(ran, {"join"})


def test_later_code_is_a_link_in_a_chain(ran: Project) -> None:
    ran.edit("code/start.py", "from pathlib", "# first\nfrom pathlib")
    ran.mwm("vouch")
    first = rows(ran)["start"]
    commit(ran.folder)
    ran.edit("code/start.py", "# first", "# second")
    ran.mwm("vouch")
    assert len((ran / "vouched.csv").read_text().splitlines()) == 3
    assert rows(ran)["start"]["old"] == first["new"]
    agrees(ran, {"start"})


def _vouched(project: Project) -> None:
    project.edit("code/join.py", "import typer", "import typer  # commands")
    project.edit("code/start.py", "from pathlib", "# first\nfrom pathlib")
    project.mwm("vouch")
    assert rows(project).keys() == {"start", "join"}


def _missing(project: Project) -> None:
    for path in ("joined.txt", "seconds.txt", "start.txt"):
        (project / path).unlink()
    shutil.rmtree(project / ".dvc/cache")


@pytest.mark.slow
def test_a_run_removes_the_mark(ran: Project) -> None:
    _vouched(ran)
    _missing(ran)
    ran.run("mwm", "repro")
    assert not (ran / "vouched.csv").exists()
    agrees(ran, set())


@pytest.mark.slow
def test_plain_dvc_removes_the_mark_of_a_stage_that_is_a_command_of_ours(ran: Project) -> None:
    _vouched(ran)
    ran.run("dvc", "repro", "--force", "--single-item", "join")
    assert rows(ran).keys() == {"start"}


def test_a_mark_holds_for_its_entry_alone(ran: Project) -> None:
    _vouched(ran)
    ran.edit("dvc.lock", "speed: 1", "speed: 7")
    ran.edit("params.yaml", "speed: 1", "speed: 7")
    assert ran.told("check")["vouched"] == ["join"]


def test_a_row_holds_wherever_a_merge_has_put_it(ran: Project) -> None:
    _vouched(ran)
    text = (ran / "vouched.csv").read_text()
    (ran / "vouched.csv").write_text(f"{text}start,a,b,same program,c,d\n")
    assert ran.told("check")["vouched"] == ["join", "start"]


def test_a_damaged_record_is_told(ran: Project) -> None:
    for text in ("stage,why\n", "x" * 200_000):
        (ran / "vouched.csv").write_text(text)
        assert "vouched.csv: expected the columns" in ran.mwm("check", code=1)
    (ran / "vouched.csv").write_text("stage\n<<<<<<< ours\n")
    said = ran.mwm("check", code=1)
    assert "vouched.csv:2: expected no merge conflict, found `<<<<<<<`; remove its marks" in said


def test_a_damaged_record_is_told_before_a_stage_works(ran: Project) -> None:
    """It was told at the end: of hours of training nothing was recorded."""
    _vouched(ran)
    (ran / "vouched.csv").write_text("stage\n<<<<<<< ours\n")
    (ran / "code/join.py").write_text(f"{CODE['code/join.py']}# a change\n")
    told = "vouched.csv:2: expected no merge conflict"
    assert told in ran.mwm("repro", code=1)
    assert (ran / "joined.txt").exists()
    assert told in ran.run("dvc", "repro", "--single-item", "join", code=255)
    assert not (ran / "joined.txt").exists(), "DVC removes it before a stage, which has not worked"


def test_a_path_that_only_begins_like_the_project_s_stays(
    ran: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Python looks was replaced as text: of /work/mwm-tools, too, beside /work/mwm."""
    beside = Path(f"{ran.folder}-tools")
    beside.mkdir()
    (beside / "helper.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", f"{beside}{os.pathsep}{os.environ['PYTHONPATH']}")
    ran.edit("code/lib/tools.py", "def write", "import helper\n\n\ndef write")
    assert "vouched for" in ran.mwm("vouch")


def test_nothing_is_vouched_for_beside_a_stage_at_work(ran: Project) -> None:
    started = processes.started(os.getpid())
    (ran / ".mwm/progress").mkdir(parents=True)
    note = f'{{"label": "anchor", "pid": {os.getpid()}, "pid_started": {started}}}'
    (ran / ".mwm/progress/anchor.json").write_text(note)
    assert "expected nothing at work, found anchor" in ran.mwm("vouch", code=1)


def test_a_file_that_git_ignores_among_code_is_told(ran: Project) -> None:
    ran.edit("code/lib/tools.py", "Write.", "Write a text.")
    with (ran / ".gitignore").open("a") as file:
        file.write("/code/lib/local.py\n")
    (ran / "code/lib/local.py").write_text("x = 1\n")
    left = ran.told("vouch")["left"]
    assert left["start"].endswith("code/lib/local.py lies among code, and Git ignores it")


def test_data_that_is_damaged_in_the_cache_proves_nothing(ran: Project) -> None:
    ran.edit("code/world.py", "key = sys", "x = 1\nkey = sys")
    (ran / "start.txt").unlink()
    for path in (ran / ".dvc/cache/files").rglob("*"):
        if path.is_file() and path.read_text() == "hello":
            path.chmod(0o644)
            path.write_text("jello")
    assert "start.txt: expected the data of dvc.lock" in ran.mwm("vouch", code=1)


def test_code_that_is_reached_through_a_link_is_code(ran: Project) -> None:
    (ran / "linked").symlink_to("code")
    text = (ran / "dvc.yaml").read_text().replace("code/lib]", "linked/lib]")
    (ran / "dvc.yaml").write_text(text)
    left = ran.told("vouch", "--dry")["left"]
    assert not [why for why in left.values() if "Git ignores it" in why], left


@pytest.mark.slow
def test_a_stage_that_fails_is_told_with_its_last_words(ran: Project) -> None:
    """Also if they are no UTF-8; and a process that it left in the copy ends with the copy."""
    ran.edit("code/world.py", "key = sys.argv[1]", "key = sys.argv[9]")
    ran.edit(
        "dvc.yaml",
        "cmd: python code/world.py ${key}",
        f"cmd: sleep 600 & echo $! > {ran / 'pid'}; printf 'caf\\351 '; "
        "python code/world.py ${key}",
    )
    said = ran.mwm("vouch", code=1)
    assert "found exit code 1 in a temporary copy" in said
    assert "caf\ufffd" in said
    assert "IndexError" in said
    assert processes.started(int((ran / "pid").read_text())) == 0


def test_a_study_has_its_params_in_a_sample(ran: Project) -> None:
    """Its stages read params.yaml, but depend on the section `train` beside it alone."""
    (ran / "code/study.py").write_text(
        'from pathlib import Path\n\ntext = Path("runs/x/params.yaml").read_text()\n'
        'Path("runs/x/model").write_text(text)\n'
    )
    with (ran / ".gitignore").open("a") as file:
        file.write("/runs/\n")
    with (ran / "dvc.yaml").open("a") as file:
        file.write(STUDY)
    ran.run("dvc", "repro", "--quiet", "study")
    commit(ran.folder)
    (ran / "code/study.py").write_text(
        (ran / "code/study.py").read_text().replace("text =", "told =").replace("(text)", "(told)")
    )
    assert ran.told("vouch")["left"] == {}
    assert ran.told("check", "study")["vouched"] == ["study"]


@pytest.mark.parametrize("edit", [lambda text: text + "x = 1\n", lambda text: text[:-20]])
def test_a_record_counts_only_whole_text(edit: Callable[[str], str], ran: Project) -> None:
    path = ran / "code/world.py"
    path.write_text(edit(path.read_text()))
    assert ran.told("vouch", "--dry")["groups"]


@pytest.mark.slow
def test_a_command_that_changed_for_one_item_needs_a_sample_of_its_own(ran: Project) -> None:
    ran.edit("code/world.py", "key = sys.argv[1]", "key = sys.argv[1]  # and how loud")
    ran.edit("dvc.yaml", "foreach: ${worlds}", "foreach: {a: ' ', b: ' ', c: ' ', d: ' loud'}")
    ran.edit("dvc.yaml", "world.py ${key}", "world.py ${key}${item}")
    ran.edit("code/world.py", "shown)", 'shown + "!" * (len(sys.argv) - 2))')
    groups = ran.told("vouch", "--dry")["groups"]
    assert [group["stages"] for group in groups] == [WORLDS[:3], WORLDS[3:]]
    assert "error: world@d: expected the bytes" in ran.mwm("vouch", code=1)


@pytest.mark.slow
def test_a_project_inside_another_takes_its_code_from_above(
    ran: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = Project(ran / "inner")
    shutil.copytree(ran / ".dvc", inner / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    (inner / "dvc.yaml").write_text(
        "stages:\n  shout:\n    cmd: cd .. && python code/shout.py inner/loud.txt\n"
        "    deps: [../code/shout.py, ../start.txt]\n    outs: [loud.txt]\n"
    )
    (ran / "code/shout.py").write_text(
        "import sys\nfrom pathlib import Path\n\n"
        'text = Path("start.txt").read_text()\nPath(sys.argv[1]).write_text(text.upper())\n'
    )
    monkeypatch.chdir(inner.folder)
    inner.run("dvc", "repro")
    commit(ran.folder)
    ran.edit("code/shout.py", "text.upper()", "str.upper(text)")
    assert inner.told("vouch")["groups"] == [{"stages": ["shout"], "sample": ["shout"]}]
    assert (inner / "vouched.csv").exists()
    assert inner.told("check")["vouched"] == ["shout"]
    commit(ran.folder)
    ran.edit("code/shout.py", "import sys", "import sys  # words")
    assert inner.told("vouch", "--dry")["vouched"][0]["how"] == "same program"


@pytest.mark.slow
def test_code_that_changes_while_a_sample_runs_is_not_accepted(ran: Project) -> None:
    before = lock(ran)
    ran.edit("code/world.py", "key = sys", f'Path("{ran / "code/world.py"}").touch()\nkey = sys')
    ran.edit("code/world.py", ".touch()", '.write_text("x = 1")')
    said = ran.mwm("vouch", code=1)
    assert "code/world.py: expected it to stay as it was" in said
    assert lock(ran) == before
    assert not (ran / "vouched.csv").exists()


def test_stages_that_end_at_once_all_remove_their_marks(tmp_path: Path) -> None:
    stages = [f"stage@{n}" for n in range(40)]
    with vouched.changing(tmp_path) as table:
        table += [vouched.Row(stage, "a", "b", "same program", "c", "d") for stage in stages]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda stage: vouched.forget(tmp_path, {stage}), stages[1:]))
    assert [row.stage for row in vouched.read(tmp_path)] == stages[:1]


@pytest.mark.slow
def test_of_two_stages_of_one_name_the_one_that_ran_loses_its_mark(ran: Project) -> None:
    """Wherever DVC was started, and whatever folder the command goes to."""
    (ran / "more").mkdir()
    (ran / "more/dvc.yaml").write_text(
        "stages:\n  join:\n    cmd: cd .. && python code/join.py more/joined.txt\n"
        "    deps: [../code/join.py]\n    outs: [joined.txt]\n"
    )
    ran.edit("code/join.py", "def join():", 'def join(path: str = typer.Argument("joined.txt")):')
    ran.edit("code/join.py", 'Path("joined.txt")', "Path(path)")
    ran.edit("code/join.py", 'Path("seconds.txt")', 'Path(path).with_name("seconds.txt")')
    ran.run("dvc", "repro", "--quiet", "dvc.yaml", "more/dvc.yaml")
    commit(ran.folder)
    ran.edit("code/join.py", "import typer", "import typer  # commands")
    ran.mwm("vouch")
    assert rows(ran).keys() == {"join", "more/dvc.yaml:join"}
    Project(ran / "more").run("dvc", "repro", "--force", "--single-item", "join")
    assert rows(ran).keys() == {"join"}


@pytest.mark.slow
def test_an_experiment_in_a_temporary_folder_leaves_the_projects_marks(ran: Project) -> None:
    """Its code may be other code, under the same name."""
    _vouched(ran)
    commit(ran.folder)
    ran.edit("code/join.py", "import typer  # commands", "import typer  # other words")
    ran.run("dvc", "exp", "run", "--temp", "join")
    assert rows(ran).keys() == {"start", "join"}
