"""Files made to mislead, with checksums that fit: each is refused in one line, at once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from forgery import altered, change_record, changing_h5, rewrite

from mwm import MwmError, UsageError
from mwm.evaluation.tables import gather_curves
from mwm.io import records
from mwm.io.frames import read_frames
from mwm.io.rollouts import opening
from mwm.models.model import MANIFEST, WEIGHTS, initialise, load, save
from mwm.settings import params
from mwm.settings.params import Params

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")
PETABYTE = 2**50


def length(said: object, folder: Path) -> int:
    """Of a message without the path of the test's folder, which may lie anywhere."""
    return len(str(said).replace(str(folder), ""))


def _instead(**made: object) -> Callable[[h5py.File], None]:
    """Another dataset instead of frames."""

    def change(file: h5py.File) -> None:
        del file["frames"]
        file.create_dataset("frames", **made)

    return change


def _link(link: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file["frames"]
        file["frames"] = link

    return change


def _virtual(file: h5py.File) -> None:
    del file["frames"]
    layout = h5py.VirtualLayout((900, 512), np.uint8)
    layout[:] = h5py.VirtualSource("/etc/passwd", "frames", (900, 512))
    file.create_virtual_dataset("frames", layout)


def _bomb(file: h5py.File) -> None:
    """A chunk, stored as a few bytes, that declares 2 GB."""
    _instead(shape=(2**22, 512), dtype=np.uint8, chunks=(2**22, 512), compression="gzip")(file)
    file["frames"].id.write_direct_chunk((0, 0), b"\x78\x9c\x03\x00\x00\x00\x00\x01")


def _hole(file: h5py.File) -> None:
    """All chunks but one: HDF5 reads zeros there."""
    noise = np.random.default_rng(0).integers(0, 256, (256, 512), dtype=np.uint8)
    _instead(shape=(900, 512), **CHUNKED)(file)
    for start in (0, 256, 768):
        file["frames"][start : start + 256] = noise[: 900 - start]


def _cycle(file: h5py.File) -> None:
    del file["frames"]
    file["frames"] = file["/"]


def _attribute(value: object) -> Callable[[h5py.File], None]:
    return lambda file: file.attrs.__setitem__("action_names", value)


CHUNKED = {"dtype": np.uint8, "chunks": (256, 512), "compression": "gzip"}
HDF5 = {
    "external link": (_link(h5py.ExternalLink("other.h5", "frames")), "a link to elsewhere"),
    "soft link": (_link(h5py.SoftLink("/actions")), "a link to elsewhere"),
    "cyclic link": (_cycle, "expected uint8 (n, 512), found none"),
    "external storage": (
        _instead(shape=(900, 512), dtype=np.uint8, external=[("/etc/passwd", 0, 900 * 512)]),
        "lies in other files",
    ),
    "virtual": (_virtual, "lies in other files"),
    "petabytes": (_instead(shape=(PETABYTE, 512), **CHUNKED), "more than are stored"),
    "overflow": (_instead(shape=(2**62, 512), **CHUNKED), "more than are stored"),
    "missing chunks": (_instead(shape=(900, 512), **CHUNKED), "more than are stored"),
    "hole": (_hole, "more than are stored"),
    "never written": (_instead(shape=(900, 512), dtype=np.uint8), "more than are stored"),
    "bomb": (_bomb, "more than are stored"),
    "filter": (
        _instead(data=np.zeros((900, 512), np.uint8), compression="lzf"),
        "encoded otherwise than by gzip",
    ),
    "strings": (_instead(data=[["a"] * 512] * 2), "expected uint8 (n, 512), found object"),
    "references": (_instead(shape=(9, 512), dtype=h5py.ref_dtype), "found object (9, 512)"),
    "no space": (_instead(data=h5py.Empty(np.uint8)), "found uint8 ()"),
    "deep JSON": (_attribute("[" * 60_000), "attribute action_names: expected a list in JSON"),
    "array": (_attribute([1, 2]), "'action_names' is neither a word nor a number"),
}


@pytest.mark.parametrize(("change", "told"), HDF5.values(), ids=HDF5)
def test_hdf5_that_leads_or_swells_beyond_its_bytes_is_refused(
    tmp_path: Path, worlds: Path, change: Callable[[h5py.File], None], told: str
) -> None:
    path = altered(worlds / "mirror.h5", tmp_path / "mirror.h5", change)
    with pytest.raises(MwmError) as caught:
        read_frames(path, "world")
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_group_that_leads_to_another_file_is_refused(tmp_path: Path, rollouts: Path) -> None:
    """Only the last part of a dataset's path would be asked whether it is a link."""
    other = tmp_path / "other.h5"
    other.write_bytes(rollouts.read_bytes())
    with changing_h5(rollouts) as file:
        del file["screens"]
        file["screens"] = h5py.ExternalLink(str(other), "screens")
    with pytest.raises(MwmError, match="'screens/000000' is a link to elsewhere"):
        opening(rollouts).__enter__()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a": NaN}', "the number NaN"),
        ('{"a": -Infinity}', "the number -Infinity"),
        ('{"a": 1e999}', "the number 1e999"),
        ('{"a": 1, "a": 2}', "a repeated key"),
        (f'{{"a": {"9" * 5000}}}', "integer string conversion"),
        ("[1]", "expected a JSON object with a checksum"),
        ('{"a": 1}', "expected a JSON object with a checksum"),
        ('{"a": 1, "sha256": 3}', "expected content that matches its checksum"),
        ('{"a": 1, "sha256": "x"}', "expected content that matches its checksum"),
    ],
)
def test_json_that_readers_take_for_different_things_is_refused(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(MwmError, match=told) as caught:
        records.read(tmp_path / "a.json")
    assert length(caught.value, tmp_path) < 500


@pytest.mark.parametrize(
    "claim",
    [
        {"worlds": []},
        {"worlds": ["original", "../mirror"]},
        {"worlds": "original"},
        {"worlds": [f"w{k}" for k in range(2000)]},
        {"actions": 10**30},
        {"actions": -1},
        {"model": {"hidden": 65536, "memory": 65536, "latent": 4096}},
        {"files": {}},
        {"files": [WEIGHTS]},
    ],
    ids=str,
)
def test_a_manifest_that_claims_too_much_is_refused(
    tmp_path: Path, defaults: Params, claim: dict[str, object]
) -> None:
    small = defaults.train.model.model_copy(update={"hidden": 8, "latent": 4, "rank": 1})
    save(initialise(small, ["original"], 6, seed=0), tmp_path, {})
    if "model" in claim:
        claim = {"model": small.model_dump() | claim["model"]}  # type: ignore[operator]
    change_record(tmp_path / MANIFEST, **claim)
    with pytest.raises(MwmError) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("iteration,source,target\n1,a\0,b\n", "a NUL character"),
        ("iteration,source\n1,a\n", "expected iteration, source, target"),
        ("iteration,iteration,source,target\n1,1,a,b\n", "expected 4 cells"),
        (f"iteration,source,target\n{'9' * 5000},a,b\n", "iteration: expected a whole number"),
        (f"iteration,source,target\n1,{'a' * 200_000},b\n", "field larger than field limit"),
        ("iteration,source,target\n1,\udcff,b\n".encode(errors="surrogateescape"), "codec"),
    ],
)
def test_csv_of_another_form_is_refused(tmp_path: Path, text: str | bytes, told: str) -> None:
    rewrite(tmp_path / "validation.csv", text)
    with pytest.raises(MwmError, match=told) as caught:
        gather_curves([tmp_path])
    assert length(caught.value, tmp_path) < 500


LAUGHS = "".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 30))
DEEP = "a: " + "[" * 20_000 + "\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"a0: &a0 ha\n{LAUGHS}", "expected at most 20000 values, found more"),
        (LAUGHS.replace("[", "{<<: [").replace("]", "]}").replace("*a0", "{}"), "at most 20000"),
        ("a: &a {b: *a}\n", "maximum recursion depth exceeded"),
        (DEEP, "maximum recursion depth exceeded"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        ("a: !!timestamp x\n", "expected YAML"),
        ("a: !!int ''\n", "expected YAML"),
        ("? [a, b]\n: 1\n", "expected a word as a key"),
    ],
)
def test_yaml_that_explodes_or_runs_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(UsageError, match=told) as caught:
        params.load(tmp_path / "params.yaml")
    assert length(caught.value, tmp_path) < 500
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        *(".inf", "-.inf", ".nan", "1e400", f"1{'0' * 400}", "-1", "1.0", "true", "yes", "no"),
        *("010", "0x1F", "0o17", "1:30", "2026-11-25", "1_000", "~", "''", "[1]", "{a: 1}"),
        *("!!float 3", "!!str 3", "!!binary aGE="),
    ],
)
def test_what_is_no_plain_number_is_none(tmp_path: Path, value: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(TEXT.replace("episodes: 600 ", f"episodes: {value} "))
    with pytest.raises(
        UsageError, match=r"params\.yaml:\d+: collect\.episodes: expected"
    ) as caught:
        params.load(path)
    assert "\n" not in str(caught.value)
    assert length(caught.value, tmp_path) < 300


@pytest.mark.parametrize(
    "name", ["..", "a/b", "/a", '"a\\nb"', '"${a}"', "a" * 5000, "3", "~", "A", "'a b'", '"\\e[2J"']
)
@pytest.mark.parametrize("section", ["    original: []\n", "  runs:  "])
def test_a_name_that_is_no_name_is_refused_at_its_line(
    tmp_path: Path, section: str, name: str
) -> None:
    added = f"    ? {name}\n    : []\n" if "original" in section else ""
    run = f"    ? {name}\n    : {{worlds: [original, mirror]}}\n"
    place = TEXT.index(section)
    line = TEXT.index("\n", place) + 1
    number = TEXT.count("\n", 0, line) + 1
    path = tmp_path / "params.yaml"
    path.write_text(TEXT[:line] + (added or run) + TEXT[line:])
    with pytest.raises(UsageError) as caught:
        params.load(path)
    for said in str(caught.value).removeprefix("error: ").splitlines():
        assert said.isprintable()
        assert length(said, tmp_path) < 400
    assert str(caught.value).startswith(f"{path}:{number}: ")
    assert "expected" in str(caught.value)


def test_a_stage_ends_with_one_line_and_its_exit_code(tmp_path: Path, worlds: Path) -> None:
    content = bytearray((worlds / "frames.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "frames.h5").write_bytes(content)
    for frames, text, code in (
        (tmp_path / "frames.h5", TEXT, 1),
        (worlds / "frames.h5", TEXT.replace("episodes: 600", "episodes: .inf"), 2),
    ):
        (tmp_path / "params.yaml").write_text(text)
        ended = subprocess.run(
            [sys.executable, "-m", "stages.variants", "mirror", "--frames", str(frames)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (code, "")
        assert ended.stderr.startswith("error: ")
        assert ended.stderr.count("\n") == 1
        assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "name", ["../data", "/etc/passwd", "${world}", "a\nb", "mirror\n", "x" * 5000]
)
def test_a_world_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"WORLD: expected a name such as 'mirror'") as caught:
        params.check_name(name, "WORLD")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_all_faults_are_told_at_once_those_between_sections_as_well(tmp_path: Path) -> None:
    text = TEXT.replace("episodes: 600", "episodes: 0").replace("test: 0.1", "test: 0.9")
    text = text.replace("invert: {worlds: [original, invert]}", "invert: {worlds: [original, inv]}")
    text = text.replace("inputs: corresponding", "inputs: independent")
    text = text.replace("mirror: {worlds: [original, mirror]}", "see: {worlds: [mirror, mirror]}")
    text = text.replace("dpi: 110", "dpi: 3")
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        params.load(path)
    assert len(str(caught.value).splitlines()) == 8
    for key in (
        *("collect.episodes", "report.dpi", "preprocess.test", "train.runs.invert.worlds"),
        *("train.runs.see: ", "train.runs.see.worlds", "train.recruit.constraints.contrast"),
        "train.recruit.frames",
    ):
        assert key in str(caught.value)
