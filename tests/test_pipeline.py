"""dvc.yaml tells the truth: a stage depends on the code, the data and the params that it reads."""

import ast
import json
import re
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import closure
import pipelines
import pytest
from pipelines import FOLDERS, ROOT, Stage

from mwm.settings import params
from mwm.settings.train import TRAINING

SCRIPTS = sorted((ROOT / "stages").glob("[a-z]*.py"))
STAGES = pipelines.stages("")
HEAVY = {"torch", "gymnasium", "ale_py", "matplotlib", "h5py", "pydantic", "numpy", "PIL"}
TOO_MANY = {  # files that a command's folders of code hold, and that it does not read
    "collect": 10,
    "preprocess": 11,
    "variants": 12,
    "mask": 13,
    "see": 10,
    "anchor": 10,
    "decipher": 9,
    "recruit": 11,
    "smooth": 20,
    "unite": 17,
    "evaluate": 7,
    "report": 15,
    "params": 15,
    "studies": 31,
    "ablations": 39,
    "memories": 34,
    "study": 8,
    "adopt": 0,
    "carry": 11,
    "keep": 0,
    "play": 18,
    "extend": 18,
    "learn": 11,
    "control": 32,
    "home": 27,
    "away": 25,
    "transfer": 21,
    "pretrained": 33,
    "playground": 39,
}


@cache
def held(dep: str) -> set[str]:
    """The files of the repository in a dep."""
    path = ROOT / dep
    inside = path.rglob("*") if path.is_dir() else [path]
    files = (each for each in inside if each.is_file() and "__pycache__" not in each.parts)
    return {each.relative_to(ROOT).as_posix() for each in files}


read_by = cache(closure.closure)


def faults_of_code(stage: Stage) -> list[str]:
    """What is wrong with the code among a stage's deps."""
    needed = read_by(stage.script, stage.command)
    have = {dep: held(dep) for dep in stage.code}
    whole = set().union(*have.values())
    faults = [f"add {file}" for file in sorted(needed - whole)]
    faults += [f"drop {dep}" for dep, files in have.items() if not files & needed]
    if len(beyond := sorted(whole - needed)) > TOO_MANY[stage.command]:
        faults.append(f"{len(beyond)} files too many, not {TOO_MANY[stage.command]}: {beyond}")
    return [f"{stage.name}: {fault}" for fault in faults]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_stages_folders_hold_the_code_of_its_command_and_little_else(folder: str) -> None:
    stages = pipelines.stages(folder).values()
    assert not [fault for stage in stages for fault in faults_of_code(stage)]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_stages_params_are_those_that_its_code_reads(folder: str) -> None:
    faults = []
    for stage in pipelines.stages(folder).values():
        if stage.command not in ("params", "study"):  # which read whole files
            read = closure.params_read(stage.script, stage.command)
            read = {name.replace("*", stage.item) for name in read}
            if any(dep.endswith(f"/{TRAINING}") for dep in stage.deps):  # all of that section
                read = {name for name in read if name.split(".")[0] != "train"}
            if stage.params != read:
                faults.append(f"{stage.name}: {sorted(stage.params ^ read)}")
    assert not faults


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_other_dep_is_one_file_or_made_by_a_stage(folder: str) -> None:
    made = pipelines.makers()
    worlds = {
        Path(out).parent.as_posix()
        for out in made
        if re.search("/(worlds|transfer|recruit|see|studies|ablations)/", out)
    }  # folders of outs
    for stage in pipelines.stages(folder).values():
        for dep in stage.data:
            path = ROOT / dep
            ours = path.is_file() or path.name == "methods"
            inside = {dep, *map(str, Path(dep).parents)} & made.keys()  # an out, or a part of one
            assert inside or dep in worlds or ours, f"{stage.name}: {dep}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_params_are_loaded_in_commands_and_nowhere_else(path: Path) -> None:
    functions = closure.commands(path)
    inside = sum(ast.unparse(function).count("params.load(") for function in functions.values())
    everywhere = path.read_text(encoding="utf-8").count("params.load(")
    # These read a study's other files, or none.
    loaded = 0 if path.stem in ("params", "study", "adopt", "keep") else len(functions)
    assert inside == everywhere == loaded


def test_every_command_is_a_stage_of_a_pipeline() -> None:
    run = {(s.script, s.command) for folder in FOLDERS for s in pipelines.stages(folder).values()}
    assert {each for each in run if each[0] in SCRIPTS} == {
        (path, name) for path in SCRIPTS for name in closure.commands(path)
    }


@pytest.mark.parametrize("folder", FOLDERS[1:])
def test_all_studies_are_kept_and_tabulated(folder: str) -> None:
    """Memories are not kept: their dreams are too large for Git. Tables of players have scores."""
    stages = pipelines.stages(folder).values()
    judged = {out.removesuffix("/eval") for s in stages for out in s.outs if "/eval" in out}
    judged -= {out.removesuffix("/runs/control") for s in stages for out in s.outs}
    memories = {study for study in judged if "/memories/" in study}
    kept = {s.words[0]: s for s in stages if s.script.stem == "keep"}
    assert set(kept) == judged - memories
    for study, stage in kept.items():
        assert {f"{study}/{part}" for part in ("params.yaml", "eval", "seconds")} == set(stage.data)
        assert stage.outs == [f"{stage.words[-1]}/{Path(study).name}"]
    every = sorted([*memories, *(out for stage in kept.values() for out in stage.outs)])
    found = (path.parent for path in (ROOT / folder / "studies").rglob("params.yaml"))
    there = {path.relative_to(ROOT).as_posix() for path in found}
    assert there <= set(every), "studies of former code would be in the tables of the present"
    told = []  # studies of which there is a table
    for stage in (s for s in stages if s.command in ("studies", "ablations", "memories")):
        names = [word for word in stage.words if word.startswith(folder) and "/" in word]
        found = [each for each in every for name in names if fnmatch(each, name)]
        assert found
        folders = {
            f"{study}/eval" if study in memories else str(Path(study).parent) for study in found
        }
        assert folders == set(stage.data)
        told += found
    assert sorted(told) == every


def test_evaluation_reads_every_world_and_every_run() -> None:
    p = params.load(ROOT / "params.yaml")
    worlds = {world for run in p.train.runs.values() for world in run.worlds}
    data = {f"data/worlds/{world}.h5" for world in worlds}
    models = {f"runs/see/{world}" for world in worlds} | {f"runs/{run}" for run in p.train.runs}
    assert set(STAGES["evaluate"].data) == data | models | {p.evaluate.plays}


def test_no_stage_always_runs_persists_or_is_frozen() -> None:
    for folder in FOLDERS:
        text = (ROOT / folder / "dvc.yaml").read_text(encoding="utf-8")
        assert not re.search("always_changed|persist|frozen", text)


EXPLAIN = """
import importlib, json, sys
from contextlib import suppress

for name in sys.argv[1:]:
    with suppress(SystemExit):
        importlib.import_module(name).app(["--help"], prog_name=f"python -m {name}")
print(json.dumps([*sys.modules]))
"""


def test_stages_explain_themselves_without_heavy_imports() -> None:
    names = [f"stages.{path.stem}" for path in SCRIPTS]
    done = subprocess.run(
        [sys.executable, "-c", EXPLAIN, *names],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    *told, imported = done.stdout.splitlines()
    for name, path in zip(names, SCRIPTS, strict=True):
        assert any(line.startswith(f"Usage: python -m {name} ") for line in told), name
        assert path.read_text().endswith('if __name__ == "__main__":\n    app()\n'), name
    assert {"typer", *names} <= {*json.loads(imported)}
    assert not HEAVY & {*json.loads(imported)}
