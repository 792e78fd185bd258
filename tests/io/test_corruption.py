"""Damage is harmless or refused: flipped bits and lost ends, at random, in every kind of file."""

import pickle
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mwm import ArtefactError, MwmError, UsageError
from mwm.evaluation.tables import gather_curves
from mwm.io import latents, records
from mwm.io.film import Film, read_films, write_films
from mwm.io.frames import read_frames
from mwm.io.records import FILES
from mwm.io.rollouts import opening
from mwm.io.tables import write_csv
from mwm.models.model import MANIFEST, WEIGHTS, initialise, load, save
from mwm.reporting.shared.results import read_table
from mwm.settings import params
from mwm.settings.params import Params

ROOT = Path(__file__).resolve().parents[2]
TRIES = 60  # for each kind
CURVE = [{"iteration": k, "source": "original", "target": "mirror", "f1": k / 7} for k in range(9)]


@dataclass(frozen=True)
class Kind:
    """A kind of file: where one is, and all that its reader makes of it."""

    path: Path
    read: Callable[[], Any]


def _played(path: Path) -> Any:
    with opening(path) as opened:
        screens = [list(opened.chunks(episode)) for episode in range(len(opened.steps))]
        return opened.actions, opened.attributes, screens


def _weights(folder: Path) -> Any:
    return [(name, value.numpy()) for name, value in load(folder).state_dict().items()]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory, worlds: Path, defaults: Params) -> dict[str, Kind]:
    """One file of each kind that a stage reads."""
    folder = tmp_path_factory.mktemp("kinds")
    for name in ("rollouts.h5", "mirror.h5"):
        (folder / name).write_bytes((worlds / name).read_bytes())
    write_csv(folder / "mirror" / "validation.csv", CURVE)
    small = defaults.train.model.model_copy(update={"hidden": 8, "latent": 4, "rank": 1})
    model = initialise(small, ["original", "mirror"], 6, seed=0)
    save(model, folder / "mirror", {}, beside=["validation.csv"])
    known = latents.Latents(np.arange(30), np.ones((30, 3), np.float32), np.array([5, 0, 2]))
    latents.save(folder / "latents.h5", known)
    picture = np.arange(2 * 9 * 4096).reshape(2, 9, 4096).astype(np.uint8)
    films = [picture[..., :512], picture]
    film = Film(["original", "b"], *films, np.ones(picture.shape[1], np.uint8), *films)
    write_films(folder / "film.h5", {"a": film})
    write_csv(folder / "dreams.csv", CURVE)
    records.write_manifest(folder, ["dreams.csv"])
    records.write(folder / "seconds.json", {"seconds": 3.5})
    run, words = folder / "mirror", ("source", "target")
    return {
        "rollouts": Kind(folder / "rollouts.h5", lambda: _played(folder / "rollouts.h5")),
        "world": Kind(
            folder / "mirror.h5", lambda: astuple(read_frames(folder / "mirror.h5", "world"))
        ),
        "latents": Kind(
            folder / "latents.h5", lambda: astuple(latents.load(folder / "latents.h5", 50, 8))
        ),
        "film": Kind(
            folder / "film.h5", lambda: astuple(read_films(folder / "film.h5", ["a"])["a"])
        ),
        "weights": Kind(run / WEIGHTS, lambda: _weights(run)),
        "manifest": Kind(run / MANIFEST, lambda: (_weights(run), gather_curves([run]))),
        "curves": Kind(run / "validation.csv", lambda: gather_curves([run])),
        "table": Kind(
            folder / "dreams.csv", lambda: read_table(folder / "dreams.csv", words, ("f1",))
        ),
        "list": Kind(folder / MANIFEST, lambda: read_table(folder / "dreams.csv", words, ("f1",))),
        "seconds": Kind(folder / "seconds.json", lambda: records.read(folder / "seconds.json")),
    }


def _damaged(content: bytes, random: np.random.Generator) -> bytes:
    place = int(random.integers(len(content)))
    if random.random() < 0.25:
        return content[:place]
    flipped = bytearray(content)
    flipped[place] ^= 1 << int(random.integers(8))
    return bytes(flipped)


NAMES = (
    *("rollouts", "world", "latents", "film", "weights"),
    *("manifest", "curves", "table", "list", "seconds"),
)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_damaged_reads_the_same_or_is_refused_in_one_line(
    kinds: dict[str, Kind], name: str
) -> None:
    kind, random = kinds[name], np.random.default_rng(NAMES.index(name))
    whole, expected = kind.path.read_bytes(), pickle.dumps(kind.read())
    refusals = []
    try:
        for _ in range(TRIES):
            kind.path.write_bytes(_damaged(whole, random))
            try:
                assert pickle.dumps(kind.read()) == expected
            except ArtefactError as error:
                refusals.append(str(error))
    finally:
        kind.path.write_bytes(whole)
    assert len(refusals) > TRIES // 2
    for said in refusals:
        assert said.startswith(str(kind.path.parent))
        assert "\n" not in said


def test_damaged_params_are_other_params_or_refused_line_by_line(tmp_path: Path) -> None:
    """They are the user's to edit and have no checksum: DVC sees what changed."""
    whole, random = (ROOT / "params.yaml").read_bytes(), np.random.default_rng(0)
    path, refusals = tmp_path / "params.yaml", []
    for _ in range(TRIES):
        path.write_bytes(_damaged(whole, random))
        try:
            params.load(path)
        except UsageError as error:
            refusals += str(error).splitlines()
    assert refusals
    assert all(str(path) in said for said in refusals)


@pytest.mark.parametrize("name", ["rollouts", "world", "latents", "film"])
def test_a_file_without_a_checksum_is_told_from_a_damaged_one(
    kinds: dict[str, Kind], name: str
) -> None:
    kind = kinds[name]
    whole = kind.path.read_bytes()
    kind.path.write_bytes(whole[512:])  # as versions before 0.1 wrote it
    try:
        with pytest.raises(MwmError, match=r"expected an HDF5 file with a checksum, .* found none"):
            kind.read()
    finally:
        kind.path.write_bytes(whole)


def test_weights_are_read_without_unpickling(kinds: dict[str, Kind]) -> None:
    path = kinds["weights"].path
    whole = path.read_bytes()
    torch.save({"a": torch.zeros(3)}, path)
    records_before = path.with_name(MANIFEST).read_bytes()
    try:
        with pytest.raises(MwmError, match="other bytes"):
            load(path.parent)
        told = records.read(path.with_name(MANIFEST))
        records.write_manifest(path.parent, told.pop(FILES), told)
        with pytest.raises(MwmError, match=r"model\.safetensors: expected safetensors, found: "):
            load(path.parent)
    finally:
        path.write_bytes(whole)
        path.with_name(MANIFEST).write_bytes(records_before)
