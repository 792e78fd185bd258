"""`mwm repro --on …`: stages read and leave elsewhere what they would read and leave here."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from process_engine import ProcessEngine
from ruamel.yaml import YAML
from small_project import Project

from mwm.engines import slurm
from mwm.engines.base import End

FOLDER = (
    "  folder:\n    cmd: mkdir -p f/g && cat start.txt > f/a && cat start.txt > f/g/b\n"
    "    deps: [start.txt]\n    outs: [f]\n"
    "  file:\n    cmd: cat f/a > file.txt\n    deps: [f/a]\n    outs: [file.txt]\n"
    "  below:\n    cmd: cat f/g/b > below.txt\n    deps: [f/g]\n    outs: [below.txt]\n"
)
KEEP = (
    "  keep:\n    cmd: mkdir -p kept/d && cp start.txt kept/d/$(cat start.txt) && echo 1 > kept/b\n"
    "    deps: [start.txt]\n    outs:\n    - kept: {cache: false}\n"
    "  after:\n    cmd: cat kept/d/* kept/b > after.txt\n    deps: [kept]\n    outs: [after.txt]\n"
)


def add(project: Project, stages: str) -> None:
    project.edit("dvc.yaml", "  join:\n", f"{stages}  join:\n")


def serial(project: Project, *targets: str) -> Project:
    """A copy in which DVC itself has run these stages."""
    copy = Project(project.folder.parent / "serial")
    shutil.copytree(project.folder, copy.folder)
    (copy / "said.txt").write_text(copy.run("dvc", "repro", *targets))
    return copy


def same(one: Project, other: Project, *names: str) -> bool:
    """Whether files have the same bytes; dvc.lock has its stages in the order in which they ran."""
    return all(
        yaml((one / name).read_text()) == yaml((other / name).read_text())
        if name == "dvc.lock"
        else (one / name).read_bytes() == (other / name).read_bytes()
        for name in names
    )


def yaml(text: str) -> Any:
    return YAML(typ="safe").load(text)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_part_of_an_output_is_that_of_dvc_lock(fresh: Project, engine: ProcessEngine) -> None:
    """It was read from the workspace: of an earlier run, and recorded as if it were of this one."""
    parts = "f", "file.txt", "below.txt"
    add(fresh, FOLDER)
    fresh.mwm("repro", "--on", "slurm", "file", "below")
    assert not (fresh / "f").exists()  # and need not be
    fresh.run("dvc", "checkout", *parts)
    fresh.edit("source.txt", "hello", "other")
    here = serial(fresh, "file", "below")
    fresh.mwm("repro", "--on", "slurm", "file", "below")
    assert same(fresh, here, "dvc.lock")
    fresh.run("dvc", "checkout", "--force", *parts)
    assert same(fresh, here, "file.txt", "below.txt", "f/a", "f/g/b")


@pytest.mark.parametrize("on", ["slurm", pytest.param("local", marks=pytest.mark.slow)])
def test_a_part_of_an_output_that_is_in_the_store_alone_may_differ(
    fresh: Project, engine: ProcessEngine, on: str
) -> None:
    """dvc.lock tells of an output as a whole: what read a part of it counted as unchanged."""
    add(fresh, FOLDER)
    fresh.mwm("repro", "--on", "slurm", "file", "below")
    fresh.run("dvc", "checkout", "file.txt", "below.txt")
    fresh.edit("source.txt", "hello", "other")
    fresh.mwm("repro", "--on", "slurm", "folder")
    fresh.mwm("repro", "--on", on, "file", "below")
    fresh.run("dvc", "checkout", "--force", "file.txt", "below.txt")
    assert (fresh / "file.txt").read_text() == (fresh / "below.txt").read_text() == "other\n"


def test_a_part_that_an_output_lacks_is_told(fresh: Project, engine: ProcessEngine) -> None:
    add(fresh, FOLDER.replace("deps: [f/a]", "deps: [f/z]"))
    said = fresh.mwm("repro", "--on", "slurm", "file", code=1)
    assert "f/z: expected it in f, which dvc.lock lists, found no such file" in said


def test_params_in_an_output_that_is_a_folder_are_brought(
    fresh: Project, engine: ProcessEngine
) -> None:
    add(
        fresh,
        "  settle:\n    cmd: mkdir -p p && cp params.yaml p/own.yaml\n    deps: [params.yaml]\n"
        "    outs: [p]\n  use:\n    cmd: cat p/own.yaml > used.txt\n"
        "    params:\n    - p/own.yaml: [make.speed]\n    outs: [used.txt]\n",
    )
    fresh.mwm("repro", "--on", "slurm", "use")
    fresh.run("dvc", "checkout", "used.txt")
    assert same(fresh, fresh, "used.txt", "params.yaml")


def test_a_folder_that_dvc_does_not_cache_is_put_in_place(
    fresh: Project, engine: ProcessEngine
) -> None:
    """Studies that are kept for Git became a file with the folder's list, or failed."""
    add(fresh, KEEP)
    for word in ("hello", "other"):
        (fresh / "source.txt").write_text(f"{word}\n")
        fresh.mwm("repro", "--on", "slurm", "after")
        assert files(fresh / "kept") == {f"d/{word}", "b"}
    here = serial(fresh, "after")
    assert same(fresh, here, "dvc.lock", "kept/b")
    assert "Running" not in (here / "said.txt").read_text()  # DVC agrees


def test_what_was_in_the_place_of_a_folder_goes_and_what_a_link_leads_to_stays(
    fresh: Project, engine: ProcessEngine
) -> None:
    """As before a stage runs here. Files in a folder elsewhere were deleted through the link."""
    add(fresh, KEEP)
    elsewhere = fresh.folder.parent / "elsewhere"
    (elsewhere / "b").mkdir(parents=True)
    (elsewhere / "mine.txt").write_text("mine")
    (fresh / "kept").symlink_to(elsewhere)
    fresh.mwm("repro", "--on", "slurm", "keep")
    assert files(fresh / "kept") == {"d/hello", "b"}
    assert files(elsewhere) == {"mine.txt"}
    fresh.edit("dvc.yaml", KEEP.split("cmd: ")[1].split("\n", maxsplit=1)[0], "cp start.txt kept")
    fresh.mwm("repro", "--on", "slurm", "keep")
    assert (fresh / "kept").read_text() == "hello\n"
    fresh.edit("dvc.yaml", "cp start.txt kept", "mkdir kept")
    fresh.mwm("repro", "--on", "slurm", "keep")
    assert files(fresh / "kept") == set()


def test_what_dvc_does_not_cache_is_read_where_it_lies(
    fresh: Project, engine: ProcessEngine
) -> None:
    add(fresh, KEEP)
    fresh.run("dvc", "repro", "keep")
    here = serial(fresh, "after")
    fresh.mwm("repro", "--on", "slurm", "after")
    assert [task.stage for task in engine.tasks] == ["after"]
    assert same(fresh, here, "dvc.lock")


def test_what_comes_back_from_the_store_does_not_run_again(
    fresh: Project, engine: ProcessEngine
) -> None:
    """Without the receipts all but the first stage ran again, though nothing had changed."""
    fresh.edit("dvc.yaml", "[w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt]", "[w]")
    fresh.mwm("repro", "--on", "slurm")
    ran, lock = len(engine.tasks), (fresh / "dvc.lock").read_bytes()
    planned = {step["stage"]: step["action"] for step in fresh.told("plan")["steps"]}
    assert planned.pop("join") == "run"  # DVC's own files lie in w, whose outputs are elsewhere
    assert set(planned.values()) == {"restore"}
    shutil.rmtree(fresh / ".dvc/cache/mwm")
    assert "0 stages ran" in fresh.mwm("repro", "--on", "slurm")
    assert len(engine.tasks) == ran
    assert (fresh / "dvc.lock").read_bytes() == lock


@pytest.mark.slow
def test_what_the_store_lost_is_made_again(fresh: Project, engine: ProcessEngine) -> None:
    fresh.mwm("repro", "--on", "slurm")
    ran = len(engine.tasks)
    shutil.rmtree(fresh / ".dvc/cache/files")
    assert "6 stages ran" in fresh.mwm("repro", "--on", "slurm")
    assert len(engine.tasks) == 2 * ran


def test_a_stage_that_runs_always_runs_again(fresh: Project, engine: ProcessEngine) -> None:
    """Its own receipt answered for it."""
    add(fresh, "  tick:\n    cmd: date +%N > t.txt\n    always_changed: true\n    outs: [t.txt]\n")
    for _ in range(2):
        assert "1 stages ran" in fresh.mwm("repro", "--on", "slurm", "tick")
    assert [task.stage for task in engine.tasks] == ["tick", "tick"]


def test_of_a_frozen_stage_the_outputs_count_as_they_are(
    fresh: Project, engine: ProcessEngine
) -> None:
    """It ran on the cluster."""
    fresh.run("dvc", "repro", "world@a")
    fresh.run("dvc", "freeze", "start")
    fresh.edit("dvc.yaml", "cp source.txt", "cat source.txt source.txt >")
    (fresh / "start.txt").unlink()
    (fresh / "start.txt").write_text("by hand\n")
    here = serial(fresh, "world@a")
    fresh.mwm("repro", "--on", "slurm", "world@a")
    assert [task.stage for task in engine.tasks] == ["world@a"]
    assert same(fresh, here, "dvc.lock", "start.txt")


def test_a_file_of_dvc_add_is_taken_as_it_is_now(fresh: Project, engine: ProcessEngine) -> None:
    """A stage without a command was a fault of mwm."""
    (fresh / "data.txt").write_text("1\n")
    fresh.run("dvc", "add", "data.txt")
    fresh.edit("dvc.yaml", "deps: [source.txt]", "deps: [source.txt, data.txt]")
    (fresh / "data.txt").unlink()
    (fresh / "data.txt").write_text("2\n")
    here = serial(fresh, "start")
    fresh.mwm("repro", "--on", "slurm", "start")
    assert same(fresh, here, "data.txt.dvc", "dvc.lock")


def test_an_output_that_a_stage_adds_to_is_refused(fresh: Project, engine: ProcessEngine) -> None:
    """What it had gathered was lost without a word."""
    add(
        fresh,
        "  log:\n    cmd: cat start.txt >> log.txt\n    deps: [start.txt]\n"
        "    outs:\n    - log.txt: {persist: true}\n",
    )
    said = fresh.mwm("repro", "--on", "slurm", "log", code=1)
    assert "log: expected no output with `persist: true`, found log.txt" in said


def test_files_that_dvc_ignores_are_no_part_of_an_output(
    fresh: Project, engine: ProcessEngine
) -> None:
    """The output's hash was never that of its files here, and so it was stale for ever."""
    (fresh / ".dvcignore").write_text("*.log\n/f/tmp/\n")
    add(fresh, KEEP.replace("kept/b", "kept/b.log"))
    add(
        fresh,
        "  folder:\n    cmd: mkdir -p f/tmp && cat start.txt | tee f/a f/b.log f/tmp/c\n"
        "    deps: [start.txt]\n    outs: [f]\n",
    )
    here = serial(fresh, "folder", "keep")
    fresh.mwm("repro", "--on", "slurm", "folder", "keep")
    assert same(fresh, here, "dvc.lock")
    assert files(fresh / "kept") == files(here / "kept") == {"d/hello", "b.log"}
    assert "nfiles: 1" in (fresh / "dvc.lock").read_text()


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs a shell that is no /bin/sh")
def test_commands_run_in_the_shell_and_line_by_line_as_dvc_runs_them(
    fresh: Project, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    r"""Bash writes '\n' as it stands, sh breaks the line; of two lines DVC makes two commands."""
    monkeypatch.setenv("SHELL", "/bin/bash")
    command = "|\n      x=1; echo 'a\\nb' > start.txt\n      echo x$x >> start.txt\n"
    fresh.edit("dvc.yaml", "cp source.txt start.txt\n", command)
    here = serial(fresh, "start")
    fresh.mwm("repro", "--on", "slurm", "start")
    assert same(fresh, here, "dvc.lock")


@pytest.mark.slow
def test_time_in_the_queue_is_not_the_stages(
    fresh: Project, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, began = engine.submit, time.monotonic()

    class Queued:
        def __init__(self, *words: object) -> None:
            self.words, self.task = words, None

        def ended(self) -> End | None:
            if time.monotonic() - began < 4:
                return None
            self.task = self.task or submit(*self.words)
            return self.task.ended()

        def stop(self, at_once: bool) -> None: ...

    monkeypatch.setattr(engine, "submit", Queued)
    fresh.mwm("repro", "--on", "slurm", "start")
    (step,) = json.loads((fresh / ".mwm/times.json").read_text())["start"].values()
    assert step < 4


def test_an_interrupt_at_a_terminal_does_not_reach_sbatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended sbatch after the job was submitted, which then ran on, unknown to anybody."""
    program = tmp_path / "sbatch"
    program.write_text("#!/bin/sh\nps -o sid= -p $$\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert int(slurm._slurm("sbatch")) != os.getsid(0)
