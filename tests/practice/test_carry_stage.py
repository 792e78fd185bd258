"""The stage carry: what was deciphered by some plays, in the order of dimensions of more plays."""

from pathlib import Path

import brief
import numpy as np
import plain_yaml
import pytest
import torch
from typer.testing import CliRunner, Result

from mwm.io import latents
from mwm.io.files import read_json, write_json
from mwm.io.frames import Frames, write_frames
from mwm.io.latents import Latents
from mwm.models.codes import half
from mwm.models.model import initialise, save
from mwm.settings.params import Params
from stages import carry

FOUND, CARRIED = Path("plain/decipher/mirror"), Path("runs/decipher/mirror")
PARTS = ("latents.h5", "controlled.h5", "own.h5")


@pytest.fixture
def dimensions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: dict[str, Frames], defaults: Params
) -> np.ndarray:
    """A project with a V of the original that says something: its informative dimensions."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    values = brief.of_one_run()
    Path("params.yaml").write_text(plain_yaml.text(values))
    for world in ("original", "mirror"):
        write_frames(Path("data/worlds", f"{world}.h5"), contents[world], "world")
    config = defaults.train.model.model_copy(update=values["train"]["model"])
    model = initialise(config, ["original"], 6, 0)
    with torch.no_grad():
        for parameter in model.vision("original").parameters():
            parameter.mul_(4)
    save(model, Path("runs/see/original"), {})
    return half(model.vision("original"), contents["original"], 0).dimensions.numpy()


def decipher(dimensions: np.ndarray) -> None:
    """Latents that tell their dimension, of frames 3 to 6."""
    for name in PARTS:
        values = np.tile(dimensions.astype(np.float32), (4, 1))
        latents.save(FOUND / name, Latents(np.arange(3, 7), values, dimensions))
    write_json(FOUND / "scores.json", {"slow": {"share": 0.95}})


def start() -> Result:
    return CliRunner().invoke(carry.app, ["mirror", "--base", "plain"])


def test_each_dimension_keeps_its_values_in_the_order_of_the_codes(dimensions: np.ndarray) -> None:
    """A recruit refused what was deciphered by plays to which masked copies were added."""
    decipher(np.random.default_rng(0).permutation(dimensions))
    result = start()
    assert result.exit_code == 0, result.stderr
    for name in PARTS:
        one = latents.load(CARRIED / name, 1000, 32)
        assert one.dimensions.tolist() == dimensions.tolist()
        assert (one.values == dimensions).all()
        assert one.frames.tolist() == [3, 4, 5, 6]
    assert read_json(CARRIED / "scores.json") == {"slow": {"share": 0.95}}


def test_other_dimensions_are_refused_and_nothing_is_written(dimensions: np.ndarray) -> None:
    decipher(dimensions[1:])
    result = start()
    assert result.exit_code == 1
    assert f"{FOUND}/latents.h5: expected the dimensions" in result.stderr
    assert not CARRIED.exists()
