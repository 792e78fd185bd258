"""The stages adopt and practise on a small project with independent inputs."""

import shutil
from dataclasses import replace
from pathlib import Path

import brief
import numpy as np
import plain_yaml
import pytest
from typer.testing import CliRunner

from mwm.control import player as players
from mwm.control.policy import initialise as policy_of
from mwm.io.frames import Frames, read_frames, write_frames
from mwm.models.model import initialise, load
from mwm.settings.params import Params
from stages import adopt, control, practise, smooth, transfer, unite, variants

PARTS = ("see", "anchor", "control")


@pytest.fixture
def trained(tmp_path: Path, worlds: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a player and one more world, and from there on with independent inputs."""
    values = brief.of_one_run()
    values["train"]["see"] |= {"iterations": 2, "reconstruction_steps": 20, "kl_ramp": 5}
    values["train"]["see"] |= {"learning_rate": 0.02, "kl": 0.1}
    values["train"]["smooth"] |= {"steps": 4, "windows": 32, "hidden": 16}
    values["train"]["decipher"] |= {"states": 128, "refinements": 1}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    Path("params.yaml").write_text(plain_yaml.text(values))
    Path("data").mkdir()
    Path("data/worlds").symlink_to(worlds)
    brief.train_one_run()
    brief.run(control.app)
    values["train"]["run"]["inputs"] = "independent"
    values["train"]["recruit"] |= {"frames": "random", "constraints": {"sinkhorn": 15.0}}
    Path("params.yaml").write_text(plain_yaml.text(values))
    return tmp_path


@pytest.mark.slow
def test_what_the_player_did_is_learned_from_once_more(trained: Path) -> None:
    brief.run(adopt.app, "runs", *PARTS, "--runs", "again")
    words = ("--plays", "data/worlds", "--data", "mixed", "--episodes", "4")
    for world in ("original", "mirror"):
        brief.run(practise.app, "play", world, "--base", "runs", *words)
        content = read_frames(Path("mixed", f"{world}.h5"), "world")
        assert len(content.split) == 10, "four episodes after six"
    write_frames("random.h5", read_frames("data/worlds/original.h5", "world"))
    more = ("--frames", "random.h5", "--out", "mixed/frames.h5", "--episodes", "4")
    brief.run(practise.app, "extend", "--base", "runs", *more)
    brief.run(variants.app, "original", "--frames", "mixed/frames.h5", "--out", "mixed/made.h5")
    made, added = (read_frames(f"mixed/{name}.h5", "world") for name in ("made", "original"))
    for part in ("frames", "actions", "episode_offsets", "split", "pixel_map"):
        assert np.array_equal(getattr(made, part), getattr(added, part)), part
    where = ("--data", "mixed", "--runs", "again")
    brief.run(smooth.app, *where)
    brief.run(practise.app, "learn", "mirror", "--base", "runs", *where)
    brief.run(unite.app, "mirror", "--runs", "again")
    before, after = (load(Path(runs, "mirror")) for runs in ("runs", "again"))
    same = {
        name: all(
            value.equal(after.vision(name).state_dict()[key])
            for key, value in before.vision(name).state_dict().items()
        )
        for name in ("original", "mirror")
    }
    assert same == {"original": True, "mirror": False}
    brief.run(transfer.app, "away", "mirror", "--runs", "again")
    assert Path("again/transfer/mirror/scores.csv").is_file()
    first = Path("again/recruit/mirror/model.safetensors").read_bytes()
    shutil.rmtree(".mwm/checkpoints")
    brief.run(practise.app, "learn", "mirror", "--base", "runs", *where)
    assert Path("again/recruit/mirror/model.safetensors").read_bytes() == first


def test_what_is_not_there_is_told_and_nothing_is_copied(tmp_path: Path) -> None:
    (tmp_path / "runs" / "anchor").mkdir(parents=True)
    words = [str(tmp_path / "runs"), "anchor", "control", "--runs", str(tmp_path / "mine")]
    done = CliRunner().invoke(adopt.app, words)
    assert done.exit_code == 1
    told = f"error: {tmp_path / 'runs' / 'control'}: expected what an earlier stage trained"
    assert told in done.stderr
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("play", "original", "--plays", "data/worlds"),
            "--data data/worlds: expected another folder than that of --plays",
        ),
        (
            ("extend", "--frames", "data/frames.h5"),
            "--out data/frames.h5: expected another file than that of --frames",
        ),
    ],
    ids=("play", "extend"),
)
def test_random_plays_are_not_overwritten(
    words: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --data the pipeline's own plays had the player's added, at each call anew."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    Path("params.yaml").write_text(plain_yaml.text(brief.of_one_run()))
    done = CliRunner().invoke(practise.app, [*words, "--base", "runs"])
    assert done.exit_code == 2
    assert told in done.output


@pytest.mark.parametrize(
    ("words", "kind", "option"),
    [
        (("play", "original", "--plays", "plays"), "world", "--plays plays"),
        (("extend", "--frames", "plays/original.h5"), "frames", "--frames plays/original.h5"),
    ],
    ids=("play", "extend"),
)
def test_plays_of_another_frame_skip_are_refused(
    words: tuple[str, ...],
    kind: str,
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    contents: dict[str, Frames],
    defaults: Params,
) -> None:
    """The player's own were added to them, and the file claimed one frame skip for all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    Path("params.yaml").write_text(plain_yaml.text(brief.of_one_run()))
    model = initialise(defaults.train.model, ["original"], 6, 0)
    about = players.about(model, contents["original"], defaults.control)
    Path("runs/control").mkdir(parents=True)
    policy = policy_of(about.seen, 6, about.control.hidden, 0)
    players.save(players.Player(about, model, policy), Path("runs/control"), [])
    told = {**contents["original"].attributes, "frame_skip": 2}
    write_frames(Path("plays/original.h5"), replace(contents["original"], attributes=told), kind)
    done = CliRunner().invoke(practise.app, [*words, "--base", "runs"])
    assert done.exit_code == 2
    assert f"{option}: expected ALE/Pong-v5 with frame skip 4" in done.stderr
    assert "found ALE/Pong-v5 with 2" in done.stderr
    assert not Path("data").exists()


def test_corresponding_inputs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    Path("params.yaml").write_text(plain_yaml.text(brief.of_one_run()))
    done = CliRunner().invoke(practise.app, ["learn", "mirror", "--base", "runs"])
    assert done.exit_code == 2
    assert "found corresponding and anchored; run `mwm profile" in done.stderr
    assert not Path("runs").exists()
