"""`mwm repro --on …`: stages as jobs of a store, done by workers in workspaces of their own."""

import dataclasses
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from process_engine import ProcessEngine, ProcessTask
from small_project import Project, new, wait_for
from workspace import Workspace

from mwm import MwmError
from mwm.engines import node, slurm
from mwm.engines.attempt import Attempt, Receipt
from mwm.engines.base import End
from mwm.engines.cluster import Ray, Slurm
from mwm.engines.rays import RayEngine
from mwm.engines.worker import STOPPED
from mwm.pipeline.remote import receipts

STUDY = """
  settings:
    cmd:
      - mkdir -p runs/x
      - echo 1 > runs/x/params.yaml
      - echo 2 > runs/x/training.json
    outs: [runs/x/params.yaml, runs/x/training.json]
  study:
    cmd: cat runs/x/params.yaml > model.txt
    deps: [runs/x/training.json]
    outs: [model.txt]
"""
HELD = "while [ ! -e {} ]; do sleep 0.05; done && cp source.txt start.txt"
STAGES = ["start", "world@a", "world@b", "world@c", "world@d", "join"]


def once_started(engine: ProcessEngine, go: Path, act: Callable[[], None]) -> threading.Thread:
    """Calls `act` while the first worker's stage is HELD, then lets that go on."""

    def run() -> None:
        try:
            wait_for(
                lambda: engine.tasks and psutil.Process(engine.tasks[0].process.pid).children()
            )
            act()
        finally:
            go.touch()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def cached(project: Project) -> dict[str, bytes]:
    """DVC's cache, run-cache included, by path; without what engines keep beside it."""
    cache = project / ".dvc/cache"
    files = (path for path in cache.rglob("*") if path.is_file())
    named = {path.relative_to(cache).as_posix(): path.read_bytes() for path in files}
    return {name: content for name, content in named.items() if not name.startswith("mwm/")}


def test_lock_cache_and_outputs_are_those_of_dvc_repro(
    fresh: Project, engine: ProcessEngine, finished: Project
) -> None:
    out = fresh.mwm("repro", "--on", "slurm")
    assert "6 stages ran" in out
    assert engine.closed
    assert not (fresh / "joined.txt").exists()  # it stays in the store
    assert (fresh / "dvc.lock").read_bytes() == (finished / "dvc.lock").read_bytes()
    assert cached(fresh) == cached(finished)
    fresh.run("dvc", "checkout")
    assert (fresh / "joined.txt").read_bytes() == (finished / "joined.txt").read_bytes()
    assert "plan: nothing to do" in fresh.mwm("plan")
    assert "didn't change" in fresh.run("dvc", "repro")


def test_what_a_receipt_tells_does_not_run_again(fresh: Project, engine: ProcessEngine) -> None:
    fresh.mwm("repro", "--on", "slurm")
    lock = (fresh / "dvc.lock").read_bytes()
    (fresh / "dvc.lock").unlink()
    (fresh / "params.yaml").write_text((fresh / "params.yaml").read_text() + "other: 1\n")
    assert "0 stages ran, 6 restored" in fresh.mwm("repro", "--on", "slurm")
    assert len(engine.tasks) == len(STAGES)
    assert (fresh / "dvc.lock").read_bytes() == lock


def test_only_what_depends_on_a_change_runs(fresh: Project, engine: ProcessEngine) -> None:
    fresh.mwm("repro", "--on", "slurm")
    fresh.edit("params.yaml", "b: 2", "b: 7")  # makes the same bytes
    out = fresh.mwm("repro", "--on", "slurm")
    assert [task.stage for task in engine.tasks[len(STAGES) :]] == ["world@b"]
    assert "1 stages ran, 5 restored or unchanged" in out


def test_folders_metrics_and_programs_travel(fresh: Project, engine: ProcessEngine) -> None:
    tool = fresh / "tool"
    tool.write_text(
        "#!/bin/sh\nmkdir f f/g; cat start.txt > f/g/a; echo 1 > f/b; echo {} > m.json\n"
    )
    tool.chmod(0o755)
    fresh.edit(
        "dvc.yaml",
        "  join:\n",
        "  tool:\n    cmd: ./tool\n    deps: [tool, start.txt]\n    outs: [f]\n"
        "    metrics: [m.json: {cache: false}]\n  last:\n    cmd: ls -R f > last.txt\n"
        "    deps: [f]\n    outs: [last.txt]\n  join:\n",
    )
    fresh.mwm("repro", "--on", "slurm", "last")
    assert (fresh / "m.json").read_text() == "{}\n"  # DVC's cache does not have it
    assert not (fresh / "f").exists()
    fresh.run("dvc", "checkout", "f", "last.txt")
    assert (fresh / "f/g/a").read_text() == "hello\n"
    assert "a" in (fresh / "last.txt").read_text().split()
    assert "didn't change" in fresh.run("dvc", "repro", "last")


def test_a_folder_of_outputs_is_hashed_as_dvc_does(
    fresh: Project, engine: ProcessEngine, tmp_path: Path
) -> None:
    """Files beside them count, such as .gitignore, which DVC writes."""
    locks = []
    for project in (fresh, new(tmp_path / "serial")):
        (project / ".gitignore").write_text("/.mwm/\n")
        project.edit(
            "dvc.yaml", "deps: [w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt]", "deps: [w]"
        )
    fresh.mwm("repro", "--on", "slurm")
    Project(tmp_path / "serial").run("dvc", "repro")
    locks = [(project / "dvc.lock").read_text() for project in (fresh.folder, tmp_path / "serial")]
    assert "nfiles: 8" in locks[0]
    assert locks[0] == locks[1]


def test_a_project_inside_another_whose_params_a_stage_makes(
    fresh: Project, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As studies are: cluster.yaml is above, commands climb, params are outputs."""
    inner = new(fresh / "inner")
    shutil.rmtree(inner / ".git")
    (inner / "dvc.yaml").write_text(
        "stages:\n  params:\n    cmd: mkdir -p runs && printf 'a\\072 1' > runs/params.yaml\n"
        "    deps: [source.txt]\n    outs: [runs/params.yaml]\n"
        "  use:\n    cmd: cd .. && cat tool.txt inner/runs/params.yaml > inner/used.txt\n"
        "    params:\n      - runs/params.yaml: [a]\n    deps: [source.txt]\n    outs: [used.txt]\n"
    )
    (fresh / "tool.txt").write_text("tool\n")
    (fresh / "cluster.yaml").write_text("harness: [tool.txt]\n")
    subprocess.run(["git", "add", "tool.txt"], check=True)
    monkeypatch.chdir(inner.folder)
    assert "2 stages ran" in inner.mwm("repro", "--on", "slurm")
    inner.run("dvc", "checkout")
    assert (inner / "used.txt").read_text() == "tool\na: 1"
    assert "up to date" in inner.run("dvc", "status")


def test_a_project_in_a_folder_of_a_larger_repository_has_its_harness(
    fresh: Project, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its paths were looked for at the top of the repository, and nothing was sent or said."""
    inner = new(fresh / "inner")
    shutil.rmtree(inner / ".git")
    inner.edit("dvc.yaml", "cp source.txt start.txt", "cat source.txt tool.txt > start.txt")
    (inner / "tool.txt").write_text("tool\n")
    (inner / "cluster.yaml").write_text("harness: [tool.txt]\n")
    monkeypatch.chdir(inner.folder)
    out = inner.mwm("repro", "--on", "slurm", "start", code=1)
    assert "harness: expected paths of files that Git tracks, found " in out
    subprocess.run(["git", "add", "tool.txt"], check=True)
    assert "1 stages ran" in inner.mwm("repro", "--on", "slurm", "start")


def test_squeue_may_be_silent_for_a_minute_after_the_first_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The minute began when the engine was made, so one hiccup after a long restore was fatal."""
    clock = [1000.0]

    def commands(name: str, *words: str, **more: object) -> str:
        if name == "squeue":
            raise MwmError("slurm: squeue failed: connect failure")
        return "7\n"

    monkeypatch.setattr(slurm, "_slurm", commands)
    monkeypatch.setattr(slurm.time, "monotonic", lambda: clock[0])
    made = slurm.SlurmEngine(Slurm())
    clock[0] += 600
    task = made.submit(tmp_path / "job", "1", "start", 1)
    clock[0] += slurm.PATIENCE / 2
    assert task.ended() is None
    clock[0] += slurm.PATIENCE
    with pytest.raises(MwmError, match="connect failure"):
        task.ended()


def test_a_busy_controller_does_not_keep_other_stages_from_being_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """scancel that got no answer for a minute raised, and the stages after it got no signal."""
    calls = []

    def commands(name: str, *words: str, **more: object) -> str:
        calls.append(name)
        if name == "scancel":
            raise MwmError("slurm: scancel failed: timed out after 60 seconds")
        return "7\n"

    monkeypatch.setattr(slurm, "_slurm", commands)
    engine = slurm.SlurmEngine(Slurm())
    for attempt in "12":
        engine.submit(tmp_path / "job.json", attempt, "start", 1).stop(at_once=False)
    assert calls.count("scancel") == 2


def test_a_task_of_which_its_engine_cannot_tell_is_stopped(
    fresh: Project, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went on unseen, and the next run started its twin on the same checkpoints."""
    fresh.edit("dvc.yaml", "cp source.txt start.txt", "sleep 60")

    def ended(task: ProcessTask) -> End | None:
        if (code := task.process.poll()) is not None:
            return End(code == 0, f"exit code {code}")
        if psutil.Process(task.process.pid).children():
            raise MwmError("slurm: squeue failed: connect failure")
        return None

    monkeypatch.setattr(ProcessTask, "ended", ended)
    assert "connect failure" in fresh.mwm("repro", "--on", "slurm", "start", code=1)
    (task,) = engine.tasks
    assert task.process.wait(20) == STOPPED


@pytest.mark.parametrize(
    "answers", [["timed out", "7"], ["Unable to contact slurm controller"] * 99]
)
def test_a_controller_that_is_busy_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answers: list[str]
) -> None:
    """One sbatch without an answer failed the stage; squeue had a minute."""
    clock, left = [1000.0], iter(answers)

    def commands(name: str, *words: str, **more: object) -> str:
        if name == "squeue":
            return "6 another\n"
        if (said := next(left)) == "7":
            return "7\n"
        raise MwmError(f"slurm: sbatch failed: {said}")

    monkeypatch.setattr(slurm, "_slurm", commands)
    monkeypatch.setattr(
        slurm,
        "time",
        SimpleNamespace(
            monotonic=lambda: clock[0], sleep=lambda s: clock.__setitem__(0, clock[0] + s)
        ),
    )
    engine = slurm.SlurmEngine(Slurm())
    if "7" in answers:
        engine.submit(tmp_path / "job.json", "1", "start", 1)
        return
    with pytest.raises(MwmError, match="Unable to contact"):
        engine.submit(tmp_path / "job.json", "1", "start", 1)
    assert clock[0] - 1000 <= slurm.PATIENCE + slurm.LOOK


def test_variables_of_the_users_shell_change_nothing_that_slurm_tells(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SQUEUE_PARTITION hid the jobs of another partition: they counted as gone, and ran twice."""
    (tmp_path / "squeue").write_text("#!/bin/sh\ncat; env\n")
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name in ("SQUEUE_PARTITION", "SCANCEL_INTERACTIVE", "SINFO_FORMAT", "SLURM_JOB_ID"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("SLURM_CONF", "here")
    told = slurm._slurm("squeue").split("\n")
    slurms = re.compile("(SLURM|SQUEUE|SCANCEL|SINFO)_")
    assert [line for line in told if slurms.match(line)] == ["SLURM_CONF=here"]


def test_a_job_that_slurm_leaves_lost_is_over_after_half_a_minute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where it is not put back into the queue; squeue remembers it for five minutes."""
    clock, states = [1000.0], ["RUNNING"]

    def commands(name: str, *words: str, **more: object) -> str:
        return f"7 {states[-1]}\n" if name == "squeue" else "7\n"

    monkeypatch.setattr(slurm, "_slurm", commands)
    monkeypatch.setattr(slurm.time, "monotonic", lambda: clock[0])
    task = slurm.SlurmEngine(Slurm()).submit(tmp_path / "job.json", "1", "start", 1)

    def ended_after(seconds: float, state: str) -> End | None:
        clock[0] += seconds
        states.append(state)
        return task.ended()

    assert ended_after(10, "NODE_FAIL") is None
    assert ended_after(20, "PENDING") is None, "put back into the queue"
    assert ended_after(20, "PREEMPTED") is None
    (tmp_path / "1.slurm").write_text("one\nslurmstepd: error: gave way\n\n")
    end = ended_after(slurm.REQUEUE, "PREEMPTED")
    assert end == End(False, "Slurm's job 7: preempted; slurmstepd: error: gave way")


def test_a_worker_that_dies_is_replaced_and_the_stage_recorded_once(
    fresh: Project, engine: ProcessEngine, tmp_path: Path
) -> None:
    fresh.edit("dvc.yaml", "cp source.txt start.txt", HELD.format(tmp_path / "go"))

    def kill() -> None:
        engine.tasks[0].process.kill()

    thread = once_started(engine, tmp_path / "go", kill)
    out = fresh.mwm("repro", "--on", "slurm", "start")
    thread.join()
    assert "its worker ended before the stage did (exit code -9)" in out
    assert [task.stage for task in engine.tasks] == ["start", "start"]
    assert (fresh / "dvc.lock").read_text().count("start:") == 1


def test_checkpoints_are_those_of_the_job_and_go_once_it_is_recorded(
    fresh: Project, engine: ProcessEngine
) -> None:
    fresh.edit(
        "dvc.yaml",
        "cp source.txt start.txt",
        "if [ -e $MWM_CHECKPOINTS/half ]; then cp source.txt start.txt; "
        "else touch $MWM_CHECKPOINTS/half; kill -9 $MWM_WATCH; sleep 1; fi",
    )

    def elsewhere(job: Path, attempt: str) -> None:
        for mark in job.parents[2].glob("checkpoints/*/processor.txt"):
            mark.chmod(0o644)
            mark.write_text("an older one")

    engine.spoil = elsewhere
    out = fresh.mwm("repro", "--on", "slurm", "start")
    assert "its worker ended before the stage did (exit code -9)" in out
    assert "note: checkpoints are of an older one; on " in out
    assert not [*(fresh / ".dvc/cache/mwm/checkpoints").iterdir()]


FURTHER = """\
cd $MWM_CHECKPOINTS; count=$(cat count 2> /dev/null || echo 0)
date +%N > .unfinished-$$; date +%N > notes.json
if [ $count = 3 ]; then cp $DVC_ROOT/source.txt $DVC_ROOT/start.txt; exit; fi
echo $((count + STEP)) > count; kill -9 $MWM_WATCH; sleep 1
"""


@pytest.mark.parametrize(("step", "workers", "code"), [(1, 4, 0), (0, 3, 1)])
def test_workers_follow_each_other_as_long_as_they_get_further(
    fresh: Project, engine: ProcessEngine, step: int, workers: int, code: int
) -> None:
    """A stage that was killed after two minutes, each time, was once started for ever."""
    (fresh / "make.sh").write_text(FURTHER.replace("STEP", str(step)))
    fresh.edit("dvc.yaml", "cp source.txt start.txt", "sh make.sh")
    fresh.edit("dvc.yaml", "deps: [source.txt]", "deps: [source.txt, make.sh]")
    out = fresh.mwm("repro", "--on", "slurm", "start", code=code)
    assert len(engine.tasks) == workers, "the first leaves a checkpoint in either case"
    told = "error: 3 workers ended before the stage did (exit code -9); see "
    assert (told in out) == bool(code)


def test_a_failure_counts_once_the_engine_says_that_the_worker_ended(
    fresh: Project, engine: ProcessEngine, tmp_path: Path
) -> None:
    """Slurm starts a job again whose node was cut off, and that node may fail meanwhile."""
    fresh.edit("dvc.yaml", "cp source.txt start.txt", HELD.format(tmp_path / "go"))
    receipt = Receipt(7, "of the node that was cut off", 1.0, {}, [])

    def cut_off() -> None:
        (task,) = engine.tasks
        late = Attempt(task.job.parent, task.attempt).failure
        late.write_text(json.dumps(dataclasses.asdict(receipt)))

    thread = once_started(engine, tmp_path / "go", cut_off)
    assert "1 stages ran" in fresh.mwm("repro", "--on", "slurm", "start")
    thread.join()
    assert len(engine.tasks) == 1


def test_a_node_with_fewer_cores_than_were_asked_for_refuses(
    fresh: Project, engine: ProcessEngine
) -> None:
    fresh.edit(
        "dvc.yaml", "cp source.txt start.txt", "cp source.txt start.txt\n    meta: {cores: 999}"
    )
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert "expected 999 cores for start, found " in out


def test_a_worker_without_its_store_says_so_in_a_line(tmp_path: Path) -> None:
    job = tmp_path / "store/mwm/jobs/key/job.json"
    words = [sys.executable, "-m", "mwm.engines.worker", str(job), "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {job.parent}: No such file or directory")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("declared", "cores"),
    [
        ("train.run.threads", 999),
        ("train", 999),
        ("train.run", 999),
        ("others.threads", 1),
        ("more_threads", 1),
    ],
)
def test_a_stage_has_as_many_cores_as_it_declares_threads(
    fresh: Project, engine: ProcessEngine, declared: str, cores: int
) -> None:
    others = "others: {threads: 998}\nmore_threads: {some: 997}\n"
    fresh.edit("params.yaml", "worlds:", f"train: {{run: {{threads: 999}}}}\n{others}worlds:")
    fresh.edit("dvc.yaml", "params: [make]", f"params: [{declared}]")
    out = fresh.mwm("repro", "--on", "slurm", "start", code=int(cores > 1))
    assert ("expected 999 cores for start" in out) == (cores > 1)


PARTS = """\
part=${2%/3}; if [ "$part" ]; then sleep 0.$part; touch $MWM_CHECKPOINTS/$part; else
ls $MWM_CHECKPOINTS | grep . > start.txt; fi
"""


def in_parts(project: Project) -> None:
    """`start` is made in three parts: each leaves a mark, and all marks make the output."""
    (project / "make.sh").write_text(PARTS)
    project.edit(
        "dvc.yaml",
        "cp source.txt start.txt",
        "|\n      mkdir -p sub\n\n      sh make.sh\n    meta: {parts: true}",
    )
    project.edit("dvc.yaml", "deps: [source.txt]", "deps: [make.sh]")
    (project / "cluster.yaml").write_text("parts: 3\n")


def test_parts_leave_checkpoints_that_the_stage_puts_together(
    fresh: Project, engine: ProcessEngine
) -> None:
    in_parts(fresh)
    out = fresh.mwm("repro", "--on", "slurm", "start", "-j", "2")
    *parts, last = [task.stage for task in engine.tasks]
    assert ({*parts}, last) == ({"start 1/3", "start 2/3", "start 3/3"}, "start")
    assert "1 stages ran" in out
    fresh.run("dvc", "checkout", "start.txt")
    assert (fresh / "start.txt").read_text() == "1\n2\n3\nprocessor.txt\n"
    assert "didn't change" in fresh.run("dvc", "repro", "start")
    assert not [*(fresh / ".dvc/cache/mwm/checkpoints").iterdir()]


def test_no_more_parts_are_at_work_than_jobs_are_allowed(
    fresh: Project, engine: ProcessEngine
) -> None:
    """Whose receipt is there is done, though its process may take a moment more to end."""
    in_parts(fresh)
    at_work: list[int] = []
    engine.spoil = lambda job, attempt: at_work.append(
        sum(not Attempt(task.job.parent, task.attempt).success.exists() for task in engine.tasks)
    )
    fresh.mwm("repro", "--on", "slurm", "start", "-j", "1")
    assert at_work == [0, 0, 0, 0]


def test_the_last_words_of_a_stage_are_told_also_without_a_line_break(
    fresh: Project, engine: ProcessEngine
) -> None:
    """They were lost, and a character of which half had been written became two marks."""
    halves = r"printf '1%%\r2%%\r'; printf 'gr\303'; sleep 1; printf '\274n'"
    fresh.edit("dvc.yaml", "cp source.txt start.txt", f"{halves} && cp source.txt start.txt")
    said = fresh.mwm("repro", "--on", "slurm", "start")
    assert "start | 1%\nstart | 2%\nstart | grün\n" in said, "as of a progress bar"


def test_a_part_that_fails_is_told_and_ends_the_others(
    fresh: Project, engine: ProcessEngine
) -> None:
    in_parts(fresh)
    fresh.edit("make.sh", "sleep 0.$part;", "[ $part = 2 ] && echo no luck && exit 7; sleep 30;")
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert "start | part 2/3: no luck" in out
    assert "error: exit code 7" in out
    assert "interrupted" not in out
    assert "start" not in [task.stage for task in engine.tasks]
    wait_for(lambda: all(task.process.poll() is not None for task in engine.tasks), 20)


def test_a_job_that_is_gone_fails_at_once(fresh: Project, engine: ProcessEngine) -> None:
    engine.spoil = lambda job, attempt: job.unlink()
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert "start failed" in out
    assert "job.json: not found" in out
    assert len(engine.tasks) == 1


def test_a_stage_that_fails_says_so_and_others_are_kept(
    fresh: Project, engine: ProcessEngine
) -> None:
    fresh.edit("dvc.yaml", "cat w/*/out.txt > joined.txt", "echo no luck; exit 7")
    out = fresh.mwm("repro", "--on", "slurm", code=1)
    assert "join | no luck" in out
    assert "error: exit code 7" in out
    assert "5 other stages ran and are kept" in out


def test_a_file_that_is_no_dep_is_not_there(fresh: Project, engine: ProcessEngine) -> None:
    fresh.edit("dvc.yaml", "deps: [source.txt]", "deps: [.gitignore]")
    assert "source.txt" in fresh.mwm("repro", "--on", "slurm", "start", code=1)
    (fresh / "cluster.yaml").write_text("harness: [source.txt]\n")
    subprocess.run(["git", "add", "source.txt"], check=True)
    assert "1 stages ran" in fresh.mwm("repro", "--on", "slurm", "start")


def test_an_output_that_is_not_made_and_a_dep_that_is_changed_are_told(
    fresh: Project, engine: ProcessEngine
) -> None:
    fresh.edit("dvc.yaml", "cp source.txt start.txt", "echo hm")
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert "error: start.txt: expected an output of the stage, found none" in out
    fresh.edit("dvc.yaml", "echo hm", "echo hm > start.txt; echo hm > source.txt")
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert "error: source.txt: expected a dep that its stage leaves alone" in out


def test_a_dep_that_is_edited_meanwhile_is_told_and_nothing_recorded(
    fresh: Project, engine: ProcessEngine
) -> None:
    engine.spoil = lambda job, attempt: (fresh / "source.txt").write_text("other\n") and None
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert "source.txt: expected it to stay as it was while start ran, found it changed" in out
    assert not (fresh / "dvc.lock").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cmd: cp source.txt start.txt", "cmd: cat source.txt > start.txt"),
        ("deps: [source.txt]", "deps: [source.txt, .gitignore]"),
        ("outs: [start.txt]", "outs: [start.txt, other.txt]"),
        ("  start:\n", "  begin:\n"),
    ],
)
def test_a_stage_that_is_edited_meanwhile_is_told_and_nothing_recorded(
    fresh: Project, engine: ProcessEngine, old: str, new: str
) -> None:
    """dvc.lock had the new command with what the old one had made."""
    engine.spoil = lambda job, attempt: fresh.edit("dvc.yaml", old, new)
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert "dvc.yaml: expected start to stay as it was while it ran, found it changed" in out
    assert not (fresh / "dvc.lock").exists()


def test_a_file_that_cannot_be_read_fails_one_stage_and_others_go_on(
    fresh: Project, engine: ProcessEngine
) -> None:
    """An editor that was just replacing it, or a network's file system, cancelled all stages."""

    def stale(job: Path, attempt: str) -> None:
        if "world@b" in job.read_text():
            raise OSError(errno.ESTALE, "Stale file handle", "x")

    engine.spoil = stale
    out = fresh.mwm("repro", "--on", "slurm", "-j", "4", code=1)
    assert "world@b | error: x: expected the system to allow it, found: Stale file handle" in out
    assert "world@b failed, as told above; 4 other stages ran" in out


def test_a_study_has_its_params_elsewhere_too(fresh: Project, engine: ProcessEngine) -> None:
    """No study could run on a cluster: it depends on the section `train` alone, and reads all."""
    with (fresh / ".gitignore").open("a") as file:
        file.write("/runs/\n")
    with (fresh / "dvc.yaml").open("a") as file:
        file.write(STUDY)
    assert "2 stages ran" in fresh.mwm("repro", "--on", "slurm", "study")
    fresh.run("dvc", "checkout", "study")
    assert (fresh / "model.txt").read_text() == "1\n"


def test_an_empty_folder_that_a_stage_depends_on_is_there(
    fresh: Project, engine: ProcessEngine
) -> None:
    (fresh / "empty").mkdir()
    fresh.edit("dvc.yaml", "deps: [source.txt]", "deps: [source.txt, empty]")
    fresh.edit("dvc.yaml", "cp source.txt", "ls empty && cp source.txt")
    assert "1 stages ran" in fresh.mwm("repro", "--on", "slurm", "start")
    fresh.run("dvc", "checkout", "start")
    assert "up to date" in fresh.run("dvc", "status", "start")


@pytest.mark.parametrize("folder", ["", "scratch", "missing"])
def test_workspaces_lie_where_the_variable_says_if_it_says_anything(
    fresh: Project, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """Of one that is empty or relative, they lay in whatever folder was the current one."""
    (fresh / "scratch").mkdir()
    monkeypatch.setenv("MWM_SCRATCH", folder)
    fresh.edit(
        "dvc.yaml", "cp source.txt start.txt", "pwd > start.txt; echo $DVC_ROOT >> start.txt"
    )
    out = fresh.mwm("repro", "--on", "slurm", "start", code=int(folder == "missing"))
    if folder == "missing":
        assert re.search(rf"start \| error: \S+: {fresh.folder}/missing/mwm-\S+: No such file", out)
        return
    fresh.run("dvc", "checkout", "start")
    inside, root = map(Path, (fresh / "start.txt").read_text().split())
    assert inside == root
    assert inside.parent == (fresh / folder if folder else Path(tempfile.gettempdir()))


def test_a_node_with_another_version_refuses(
    fresh: Project, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mwm.pipeline.remote import jobs as prepared

    monkeypatch.setattr(prepared, "versions", lambda: node.versions() | {"torch": "1.0"})
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert "expected torch 1.0, which the head has, found " in out


def test_a_store_that_cannot_be_written_is_told(fresh: Project, engine: ProcessEngine) -> None:
    (fresh / ".dvc/cache").mkdir()
    (fresh / ".dvc/cache/mwm").write_text("")
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert f"error: {fresh.folder}/.dvc/cache/mwm/objects" in out
    assert "cannot be made: " in out


def test_a_receipt_counts_once_the_store_has_what_it_names(
    fresh: Project, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.edit("dvc.yaml", "cp source.txt start.txt", "cat source.txt source.txt > start.txt")
    fresh.mwm("repro", "--on", "slurm", "start")
    (content,) = (path for path in (fresh / ".dvc/cache/files").rglob("*") if path.is_file())
    content.chmod(0o644)
    content.write_text("he")  # cut off
    content.chmod(0o444)  # else DVC finds out by itself, and removes it
    (fresh / "dvc.lock").unlink()
    shutil.rmtree(fresh / ".dvc/cache/runs")
    monkeypatch.setattr(receipts, "LATE", 1.0)
    out = fresh.mwm("repro", "--on", "slurm", "start", code=1)
    assert "start.txt: expected it in " in out
    assert "missing or cut off" in out
    content.unlink()
    assert "1 stages ran" in fresh.mwm("repro", "--on", "slurm", "start")


def test_an_interrupt_ends_workers_and_what_they_run(fresh: Project, engine: ProcessEngine) -> None:
    fresh.edit("dvc.yaml", "mkdir -p w/${key}", f"sleep 77.{os.getpid()} && mkdir -p w/${{key}}")

    told: list[str] = []

    def sleeping() -> list[int]:
        command = ["sleep", f"77.{os.getpid()}"]
        return [p.pid for p in psutil.process_iter() if _line(p) == command]

    def interrupt() -> None:
        wait_for(lambda: len(sleeping()) == 4)
        notes = [json.loads(path.read_text()) for path in Path(".mwm/progress").iterdir()]
        assert {note["label"] for note in notes} == {f"world@{w}, elsewhere" for w in "abcd"}
        told.append(fresh.run("mwm", "prune"))
        told.append(fresh.run("mwm", "status"))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    out = fresh.mwm("repro", "--on", "slurm", code=130)
    thread.join()
    assert "stages that had ended are kept" in out
    assert told[0].startswith("prune: 0 files or folders (0 B), 0 entries")
    assert all(f"world@{w}, elsewhere" in told[1] for w in "abcd")
    wait_for(lambda: not sleeping(), 20)
    assert not [*Path(".mwm/progress").iterdir()]
    assert "start:" in (fresh / "dvc.lock").read_text()


def _line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_typo_in_cluster_yaml_is_told_with_its_line(fresh: Project) -> None:
    (fresh / "cluster.yaml").write_text("slurm:\n  tiem: 1:00:00\n")
    out = fresh.mwm("repro", "--on", "slurm", code=2)
    assert "cluster.yaml:2: slurm.tiem: " in out


@pytest.mark.parametrize("name", ["slurm", "ray"])
def test_an_engine_that_is_not_there_is_told(
    fresh: Project, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    out = fresh.mwm("repro", "--on", name, code=1)
    assert f"error: {name}: expected " in out
    assert out.count("\n") == 1


@pytest.mark.slow
def test_training_goes_on_from_the_checkpoint_of_a_worker_that_died(
    tmp_path: Path, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real training, with the bytes of an uninterrupted one."""
    workspace = Workspace(tmp_path / "copy")
    workspace.lay("train: {see: {iterations: 40}}\n")
    workspace.run("-m", "mwm", "repro", "see@original")
    whole = workspace.outputs()
    shutil.rmtree(workspace.folder / ".dvc/cache/runs")
    lock = workspace.folder / "dvc.lock"
    lock.write_text(lock.read_text().partition("  see@original:")[0])
    monkeypatch.chdir(workspace.folder)
    monkeypatch.setenv("MWM_CHECKPOINT_SECONDS", "0")

    kept, found = workspace.folder / ".dvc/cache/mwm/checkpoints", []

    def checkpoints() -> list[Path]:
        return [*kept.glob("*/*/*/*.safetensors")]

    def kill() -> None:
        wait_for(checkpoints)
        engine.tasks[0].process.kill()

    engine.spoil = lambda job, attempt: found.append(len(checkpoints()))

    thread = threading.Thread(target=kill)
    thread.start()
    out = Project(workspace.folder).mwm("repro", "--on", "slurm", "see@original")
    thread.join()
    assert len(engine.tasks) == 2, out
    assert found[0] == 0 < found[1], "the second worker finds what the first had kept"
    assert workspace.outputs() == whole


def test_ray_waits_for_a_node_that_was_there() -> None:
    """The stage of a cluster's only node failed as it died, with the advice to ask for less."""
    pytest.importorskip("ray")
    engine = RayEngine(Ray())
    node = {"Alive": True, "Resources": {"CPU": 4.0, "memory": 64.0 * 2**30}}
    nodes = [node]
    engine._ray = SimpleNamespace(nodes=lambda: nodes)
    engine._refuse_more_than_any_has(2)
    nodes[:] = [node | {"Alive": False}]
    engine._refuse_more_than_any_has(2)
    with pytest.raises(MwmError, match="wait until all nodes have started"):
        engine._refuse_more_than_any_has(8)
