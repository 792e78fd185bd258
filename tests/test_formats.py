"""docs/file-formats.md tells what is in the files: compared with small real ones."""

import json
import re
from pathlib import Path

import brief
import h5py
import plain_yaml
import pytest
from closure import ROOT
from format_names import CONSTRAINTS, PAGE, documented, general, pattern
from pipelines import FOLDERS, stages

from stages import evaluate, report

FRAMES = ("data/rollouts.h5", "data/frames.h5", "data/worlds/<world>.h5")  # each adds to the last
ROLLOUTS = {"screens/<episode>", "rewards"}  # which frames.h5 does not have


def in_hdf5(path: Path) -> dict[str, str]:
    """The datasets, their types and dimensions, and the attributes of a file and its groups."""
    found = {}

    def visit(name: str, node: h5py.Dataset | h5py.Group) -> None:
        found.update({f"{general(name)}@{key}": "" for key in node.attrs})
        if isinstance(node, h5py.Dataset):
            found[general(name)] = f"{node.dtype} ({node.ndim}){', gzip' * bool(node.compression)}"

    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    return found


def type_of(told: str) -> str:
    """`uint8 (n, 512), gzip` with the number of dimensions alone: `uint8 (2), gzip`."""
    return re.sub(r"\((.*?)\)", lambda match: f"({match[1].count(',') + 1})", told)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, worlds: Path) -> Path:
    """All files of a brief project with one run."""
    folder = tmp_path_factory.mktemp("formats")
    values = brief.of_one_run()
    values["evaluate"] |= {"film": 10, "plays": str(ROOT / "plays" / "played.npz")}
    values["report"] |= {"strip_start": 0, "strip_frames": 3, "strip_every": 1}
    (folder / "params.yaml").write_text(plain_yaml.text(values))
    (folder / "data").mkdir()
    for name in ("rollouts.h5", "frames.h5"):
        (folder / "data" / name).symlink_to(worlds / name)
    (folder / "data" / "worlds").symlink_to(worlds)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("DVC_ROOT", raising=False)
        brief.train_one_run()
        brief.run(evaluate.app)
        brief.run(report.app)
        brief.play_one_run()
        brief.release_one_run()
    return folder


@pytest.mark.slow
def test_every_file_is_documented_and_no_other(made: Path) -> None:
    files = [path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()]
    files += [f"data/worlds/{path.name}" for path in (made / "data" / "worlds").glob("[a-z]*.h5")]
    found = {name for name in files if not name.startswith((".mwm/", "data/worlds/frames"))}
    elsewhere = ("results/", "experiments/", "seconds/")
    told = [name for name in documented()["Files"] if not name.startswith(elsewhere)]
    for name in ("params.yaml", "training.json"):  # of a study
        told.remove(name)
    told.remove("runs/smooth/smoother.safetensors")  # which independent inputs alone have
    found.remove("params.yaml")
    assert not {each for each in found if not any(pattern(n).fullmatch(each) for n in told)}
    assert not {each for each in told if not any(map(pattern(each).fullmatch, found))}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_out_is_a_documented_file_or_a_folder_of_them(folder: str) -> None:
    told = documented()["Files"]
    folders = {parent.as_posix() for name in told for parent in Path(name).parents}
    for out in (out for stage in stages(folder).values() for out in stage.outs):
        study = r"^(results|experiments)/runs/((ablations|memories)/)?[^/]+/"
        name = re.sub(study, "", out)
        assert any(pattern(each).fullmatch(name) for each in {*told, *folders}), out


@pytest.mark.parametrize(
    ("title", "files"),
    [
        (
            "results/corresponding.csv",
            ["results/corresponding.csv", "results/independent/independent.csv"],
        ),
        ("results/models.csv", ["results/models.csv", "results/independent/models.csv"]),
    ],
)
def test_every_column_of_the_studies_is_documented(title: str, files: list[str]) -> None:
    told, found = set(documented()[title]), set()
    for file in files:
        columns = (ROOT / file).read_text(encoding="utf-8").splitlines()[0].split(",")
        found |= {general(column) for column in columns}
    assert found == told


@pytest.mark.slow
@pytest.mark.parametrize(
    "file",
    [
        *FRAMES,
        "runs/decipher/<run>/latents.h5",
        "eval/film.h5",
        "runs/transfer/<run>/game.h5",
        "mwm/pretrained/plays.h5",
    ],
)
def test_every_dataset_and_attribute_is_documented(made: Path, file: str) -> None:
    tables = documented()
    told = dict(tables[file])
    if file in FRAMES[1:]:
        for name in FRAMES[: FRAMES.index(file)]:
            told = {k: v for k, v in tables[name].items() if k not in ROLLOUTS} | told
    told.pop("@…", None)
    found = in_hdf5(made / file.replace("<world>", "mirror").replace("<run>", "mirror"))
    assert told.keys() == found.keys()
    assert {n: type_of(told[n]) for n in told if "@" not in n} == {
        n: found[n] for n in found if "@" not in n
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "made_as"),
    [
        ("runs/<run>/validation.csv", "eval/curves.csv"),
        ("runs/control/training.csv",) * 2,
        ("runs/transfer/<run>/scores.csv", "runs/transfer/mirror/scores.csv"),
        ("runs/transfer/<run>/scores.csv", "runs/transfer/original/scores.csv"),
        ("runs/transfer/<run>/games.csv", "runs/transfer/mirror/games.csv"),
        *(
            (f"eval/{name}.csv",) * 2
            for name in ("pairs", "field", "dreams", "elements", "mirror_test")
        ),
        ("eval/pairs.csv", "eval/foreign.csv"),
    ],
)
def test_every_column_is_documented(made: Path, file: str, made_as: str) -> None:
    columns = (made / made_as).read_text(encoding="utf-8").splitlines()[0].split(",")
    told = set(documented()[file])
    assert {general(column) for column in columns} == told


@pytest.mark.slow
def test_every_column_of_a_training_is_documented(made: Path, tmp_path: Path) -> None:
    """The joint schedule's, in which V and M learn together: recruits lack M's columns."""
    values = brief.of_one_run()
    values["train"]["run"]["schedule"] = "joint"
    values["train"]["joint"] |= {
        "iterations": 1,
        "prediction_steps": 1,
        "reconstruction_steps": 1,
        "constraints": dict.fromkeys(CONSTRAINTS, 1.0),
    }
    (tmp_path / "params.yaml").write_text(plain_yaml.text(values))
    (tmp_path / "data").symlink_to(made / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.delenv("DVC_ROOT", raising=False)
        brief.train_one_run()
    for name in ("training.csv", "validation.csv"):
        told = set(documented()[f"runs/<run>/{name}"]) - {"run"}  # which eval/curves.csv has
        for run, all_of_it in ((tmp_path, True), (made, False)):
            text = (run / "runs" / "mirror" / name).read_text(encoding="utf-8")
            found = {general(column) for column in text.splitlines()[0].split(",")}
            assert found == told if all_of_it else found < told


@pytest.mark.slow
def test_every_key_of_a_json_file_is_documented(made: Path) -> None:
    for file in (
        *("runs/<run>/manifest.json", "runs/control/manifest.json", "eval/manifest.json"),
        *("metrics.json", "transfer.json", "mwm/pretrained/manifest.json"),
    ):
        content = json.loads((made / file.replace("<run>", "mirror")).read_text())
        told = documented()[file]
        assert {general(key) for key in content} == told.keys(), file
    environment = json.loads((made / "runs/mirror/manifest.json").read_text())["environment"]
    assert all(f"`{key}`" in PAGE.read_text(encoding="utf-8") for key in environment)
