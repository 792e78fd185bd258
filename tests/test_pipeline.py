"""dvc.yaml tells the truth: deps are the code's closure and its data, params those it reads."""

import ast
import functools
import itertools
import json
import operator
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import closure
import pytest
import yaml

from mwm.settings import params

ROOT = closure.ROOT
SCRIPTS = sorted((ROOT / "stages").glob("[a-z]*.py"))
ROOMS = sorted((ROOT / "mwm").glob("*/*.py"))
SHARED_FILES = (
    "checkpoints",
    "cli",
    "faults",
    "hdf5",
    "inputs",
    "params",
    "process",
    "records",
    "seeding",
    "store",
)
SHARED = ("mwm", "mwm.criterion", *(f"mwm.{name}" for name in SHARED_FILES))
FOLDERS = ("", "results/", "results/independent/")  # of pipelines
HEAVY = {"torch", "gymnasium", "ale_py", "matplotlib", "h5py", "pydantic", "numpy", "PIL"}


def resolved(folder: str, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every stage of a folder's dvc.yaml as DVC runs it: `foreach` and `matrix` spread out."""
    stages = {}
    pipeline = yaml.safe_load((ROOT / folder / "dvc.yaml").read_text(encoding="utf-8"))
    for more in pipeline.get("vars", []):
        values = values | more

    def over(found: Any) -> Any:
        if not isinstance(found, str):
            return found
        return functools.reduce(operator.getitem, found[2:-1].split("."), values)

    for name, whole in pipeline["stages"].items():
        template = json.dumps(whole.get("do", {k: v for k, v in whole.items() if k != "matrix"}))
        axes = {axis: list(over(found)) for axis, found in whole.get("matrix", {}).items()}
        for chosen in itertools.product(*axes.values()):
            for key, item in _each(whole, over, "-".join(map(str, chosen))):
                known = (
                    {"key": key}
                    | dict(zip(axes, chosen, strict=True))
                    | (item if isinstance(item, dict) else {})
                )
                stages["@".join(filter(None, (name, key)))] = json.loads(_filled(template, known))
    return {f"{folder}{name}": _from_root(folder, stage) for name, stage in stages.items()}


def _each(
    stage: dict[str, Any], over: Callable[[Any], Any], key: str
) -> Iterable[tuple[str, dict[str, Any]]]:
    """Keys and values of `foreach`, of a mapping or a list; a stage without it has one key."""
    if "foreach" not in stage:
        return [(key, {})]
    found = over(stage["foreach"])
    if isinstance(found, dict):
        return found.items()
    return [(str(value), {"item": value}) for value in found]


def _from_root(folder: str, stage: dict[str, Any]) -> dict[str, Any]:
    """A stage with its paths as seen from the project's root, where its command runs."""

    def path(name: str) -> str:
        return Path(os.path.normpath(Path(folder) / name)).as_posix()

    def renamed(entries: list[Any]) -> list[Any]:
        return [{path(next(iter(e))): 1} if isinstance(e, dict) else path(e) for e in entries]

    listed = {"deps", "outs", "metrics"} & stage.keys()
    paths = {key: renamed(stage[key]) for key in listed}
    return stage | paths | {"cmd": re.sub(r"^cd [./]+ && ", "", stage["cmd"])}


def _filled(template: str, known: dict[str, Any]) -> str:
    """The text with ${key}, ${item.name} and ${item.name[0]} filled in."""

    def value(match: re.Match[str]) -> str:
        name, place = match.groups()
        return str(known[name][int(place)] if place else known[name])

    return re.sub(r"\$\{(?:item\.)?(\w+)(?:\[(\d)\])?\}", value, template)


STAGES = resolved("", yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8")))
STUDIES = {}
for folder in FOLDERS[1:]:
    STUDIES |= resolved(folder, {})
ALL = STAGES | STUDIES


def outs(stage: str) -> list[str]:
    """The files that a stage writes."""
    entries = [entry for each in ("outs", "metrics") for entry in ALL[stage].get(each, [])]
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


MADE = {out: stage for stage in ALL for out in outs(stage)}

TIMES = {Path(out).parent.as_posix() for out in MADE if "/seconds/" in out}  # folders of outs


def script(stage: str) -> Path:
    """The module whose command a stage runs, in a study or not."""
    words = ALL[stage]["cmd"].split()
    name = f"stages.{words[4]}" if words[2] == "mwm.study" else words[2]
    return ROOT / f"{name.replace('.', '/')}.py"


def command(stage: str) -> str:
    """The function of that module."""
    functions = closure.commands(script(stage))
    words = ALL[stage]["cmd"].split()
    return (
        next(iter(functions)) if len(functions) == 1 else words[5 if words[2] == "mwm.study" else 3]
    )


def code(stage: str) -> set[Path]:
    """All files that a stage executes, or reads beside them."""
    study = closure.closure(ROOT / "mwm/study.py") if "mwm.study" in ALL[stage]["cmd"] else set()
    return closure.closure(script(stage)) | study


@pytest.mark.parametrize("stage", ALL)
def test_a_stages_code_deps_are_the_closure_of_its_code(stage: str) -> None:
    files = {dep for dep in ALL[stage]["deps"] if (ROOT / dep).is_file() and dep not in MADE}
    declared = {dep for dep in files if not dep.endswith(".yaml") or dep.startswith("mwm/")}
    needed = {path.as_posix() for path in code(stage)}
    assert declared == needed, (
        f"dvc.yaml, deps of {stage}: add {sorted(needed - declared) or 'nothing'}, "
        f"drop {sorted(declared - needed) or 'nothing'}"
    )


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_params_are_those_that_its_code_reads(stage: str) -> None:
    item = stage.partition("@")[2]
    read = {name.replace("*", item) for name in closure.params_read(script(stage), command(stage))}
    assert set(STAGES[stage].get("params", [])) == read


@pytest.mark.parametrize("stage", [stage for stage in STUDIES if "/params" not in stage])
def test_a_studys_params_are_those_that_its_code_reads(stage: str) -> None:
    item = re.split("[-@]", stage)[-1]
    read = {name.replace("*", item) for name in closure.params_read(script(stage), command(stage))}
    (declared,) = STUDIES[stage]["params"]
    (keys,) = declared.values()
    assert set(keys) == read


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_params_are_loaded_in_commands_and_nowhere_else(path: Path) -> None:
    functions = closure.commands(path)
    inside = sum(ast.unparse(function).count("params.load(") for function in functions.values())
    everywhere = path.read_text(encoding="utf-8").count("params.load(")
    assert inside == everywhere == len(functions)


def test_every_command_is_a_stage_of_the_pipeline() -> None:
    run = {(script(stage), command(stage)) for stage in ALL if "/params" not in stage}
    assert run == {(path, name) for path in SCRIPTS for name in closure.commands(path)}


@pytest.mark.parametrize("stage", ALL)
def test_every_dep_is_one_file_or_made_by_a_stage(stage: str) -> None:
    for dep in ALL[stage]["deps"]:
        assert dep in MADE or dep in TIMES or (ROOT / dep).is_file(), (
            f"no stage makes {dep}, and it is no file"
        )


@pytest.mark.parametrize("folder", FOLDERS[1:])
def test_all_studies_are_tabulated(folder: str) -> None:
    """All but `plays`, which has data alone."""
    stage = STUDIES[f"{folder}tabulate"]
    names = [name for name in STUDIES if name.startswith(f"{folder}params@")]
    studies = [outs(name)[0].removesuffix("/params.yaml") for name in names]
    studies = [study for study in studies if not study.endswith("/plays")]
    words = stage["cmd"].split()[4:]
    assert studies == words[: len(studies)]
    assert words[len(studies) :] == (
        ["--out", folder.rstrip("/")] if len(words) > len(studies) else []
    )
    wanted = [f"{study}/{part}" for study in studies for part in ("params.yaml", "eval", "seconds")]
    assert set(wanted) <= set(stage["deps"])


def test_evaluation_reads_every_world_and_every_run() -> None:
    p = params.load(ROOT / "params.yaml")
    worlds = {f"data/worlds/{w}.h5" for run in p.train.runs.values() for w in run.worlds}
    models = {f"runs/{run}/model.safetensors" for run in p.train.runs}
    read = set(STAGES["evaluate"]["deps"])
    assert worlds | models <= read
    assert {MADE[dep] for dep in read & MADE.keys()} >= {f"recruit@{run}" for run in p.train.runs}


def test_no_stage_always_runs_persists_or_is_frozen() -> None:
    text = "".join(
        (ROOT / f / "dvc.yaml").read_text(encoding="utf-8")
        for f in ("", "results", "results/independent")
    )
    assert not re.search("always_changed|persist|frozen", text)


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_room_imports_models_and_the_shared_files_alone(path: Path) -> None:
    for module in closure.imported(path):
        name = ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        room = ".".join(name.split(".")[:2])
        assert name in SHARED or room in ("mwm.models", f"mwm.{path.parent.name}"), name


@pytest.mark.parametrize("name", SHARED_FILES)
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
