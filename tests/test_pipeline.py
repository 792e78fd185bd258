"""dvc.yaml tells the truth: deps are the code's closure and its data, params those it reads."""

import ast
import functools
import json
import operator
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import closure
import pytest
import yaml

from mwm import params

ROOT = closure.ROOT
SCRIPTS = sorted((ROOT / "stages").glob("[a-z]*.py"))
ROOMS = sorted((ROOT / "mwm").glob("*/*.py"))
SHARED = ("mwm", "mwm.params", "mwm.store", "mwm.seeding", "mwm.cli", "mwm.criterion")
HEAVY = {"torch", "gymnasium", "ale_py", "matplotlib", "h5py", "pydantic", "numpy", "PIL"}


def resolved() -> dict[str, dict[str, Any]]:
    """Every stage as DVC runs it: each `foreach` spread over its items."""
    stages = {}
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    for name, whole in pipeline["stages"].items():
        if "foreach" not in whole:
            stages[name] = whole
            continue
        over = functools.reduce(operator.getitem, whole["foreach"][2:-1].split("."), values)
        for key, item in over.items():
            text = json.dumps(whole["do"]).replace("${key}", key)
            for place, world in enumerate(item["worlds"] if isinstance(item, dict) else []):
                text = text.replace(f"${{item.worlds[{place}]}}", world)
            stages[f"{name}@{key}"] = json.loads(text)
    return stages


STAGES = resolved()


def outs(stage: str) -> list[str]:
    """The files that a stage writes."""
    entries = [entry for each in ("outs", "metrics") for entry in STAGES[stage].get(each, [])]
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


MADE = {out: stage for stage in STAGES for out in outs(stage)}


def script(stage: str) -> Path:
    """The module that a stage runs."""
    return ROOT / "stages" / f"{STAGES[stage]['cmd'].split()[2].removeprefix('stages.')}.py"


def command(stage: str) -> str:
    """The function of that module."""
    functions = closure.commands(script(stage))
    return next(iter(functions)) if len(functions) == 1 else STAGES[stage]["cmd"].split()[3]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_code_deps_are_the_closure_of_its_code(stage: str) -> None:
    declared = {dep for dep in STAGES[stage]["deps"] if dep not in MADE}
    needed = {path.as_posix() for path in closure.closure(script(stage))}
    assert declared == needed, (
        f"dvc.yaml, deps of {stage}: add {sorted(needed - declared) or 'nothing'}, "
        f"drop {sorted(declared - needed) or 'nothing'}"
    )


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_params_are_those_that_its_code_reads(stage: str) -> None:
    item = stage.partition("@")[2]
    read = {name.replace("*", item) for name in closure.params_read(script(stage), command(stage))}
    assert set(STAGES[stage].get("params", [])) == read


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_params_are_loaded_in_commands_and_nowhere_else(path: Path) -> None:
    functions = closure.commands(path)
    inside = sum(ast.unparse(function).count("params.load(") for function in functions.values())
    everywhere = path.read_text(encoding="utf-8").count("params.load(")
    assert inside == everywhere == len(functions)


def test_every_command_is_a_stage_of_the_pipeline() -> None:
    run = {(script(stage), command(stage)) for stage in STAGES}
    assert run == {(path, name) for path in SCRIPTS for name in closure.commands(path)}


@pytest.mark.parametrize("stage", STAGES)
def test_every_dep_is_one_file_and_made_by_a_stage_unless_it_is_code(stage: str) -> None:
    for dep in STAGES[stage]["deps"]:
        assert dep in MADE or (ROOT / dep).is_file(), f"no stage makes {dep}, and it is no file"


def test_evaluation_reads_every_world_and_every_run() -> None:
    p = params.load(ROOT / "params.yaml")
    worlds = {f"data/worlds/{w}.h5" for run in p.train.runs.values() for w in run.worlds}
    models = {f"runs/{run}/model.safetensors" for run in p.train.runs}
    read = set(STAGES["evaluate"]["deps"])
    assert worlds | models <= read
    assert {MADE[dep] for dep in read & MADE.keys()} >= {f"recruit@{run}" for run in p.train.runs}


def test_no_stage_always_runs_persists_or_is_frozen() -> None:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert not re.search("always_changed|persist|frozen", text)


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_room_imports_models_and_the_shared_files_alone(path: Path) -> None:
    for module in closure.imported(path):
        name = ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        room = ".".join(name.split(".")[:2])
        assert name in SHARED or room in ("mwm.models", f"mwm.{path.parent.name}"), name


@pytest.mark.parametrize("name", ["params", "store", "seeding", "cli"])
def test_a_shared_file_imports_no_room(name: str) -> None:
    imported = closure.imported(ROOT / "mwm" / f"{name}.py")
    assert {module.parent for module in imported} <= {ROOT / "mwm"}


def test_no_module_imports_by_a_name_made_at_run_time() -> None:
    for path in [*(ROOT / "mwm").rglob("*.py"), *SCRIPTS]:
        assert not re.search("import_module|__import__", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_stage_explains_itself_without_heavy_imports(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", f"stages.{path.stem}", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.startswith(f"Usage: python -m stages.{path.stem} ")
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert not HEAVY & imported
