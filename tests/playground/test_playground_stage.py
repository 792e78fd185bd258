"""The stage `playground`: from runs and worlds on the disk to one file."""

from pathlib import Path

import brief
import plain_yaml
import pytest
from browsing import games_of, page_of
from typer.testing import CliRunner

from mwm.control import player as players
from mwm.control import policy
from mwm.io import records
from mwm.io.film import write_game
from mwm.io.frames import Frames, read_frames
from mwm.io.tables import write_csv
from mwm.models import model as models
from mwm.settings.params import Params
from stages import playground

SMALL = {"latent": 6, "hidden": 16, "rank": 2, "memory": 8}


@pytest.fixture
def trained(project: Path, defaults: Params) -> Path:
    """A project with fresh models in the places of trained ones."""
    Path("params.yaml").write_text(plain_yaml.text(brief.of_one_run()))
    config = defaults.train.model.model_copy(update=SMALL)
    model = models.initialise(config, ["original", "mirror"], 6, 0)
    anchor = models.initialise(config, ["original"], 6, 0)
    for run, made in (("recruit/mirror", model), ("anchor", anchor), ("control", model)):
        folder = Path("runs", run)
        folder.mkdir(parents=True)
        if run == "control":
            about = players.about(model, original(), defaults.control)
            chooses = policy.initialise(about.seen, 6, about.control.hidden, 0)
            players.save(players.Player(about, model, chooses), folder, [])
        else:
            models.save(made, folder, {})
    for world, run in (("original", "original"), ("mirror", "mirror")):
        folder = Path("runs/transfer", run)
        folder.mkdir(parents=True)
        (recorded,) = games_of({world: read_frames(f"data/worlds/{world}.h5", "world")})
        write_game(folder / "game.h5", recorded.game)
        rows = [{"score": recorded.score, "games": 100}, {"score": -21.0, "games": 25}]
        write_csv(folder / "scores.csv", rows)
        records.write_manifest(folder, ["scores.csv"], {})
    return project


def original() -> Frames:
    return read_frames("data/worlds/original.h5", "world")


def test_the_stage_writes_the_page_of_what_is_on_the_disk(trained: Path) -> None:
    done = CliRunner().invoke(playground.app, [], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    model = models.load(Path("runs/recruit/mirror")).eval()
    worlds = {name: read_frames(f"data/worlds/{name}.h5", "world") for name in model.worlds}
    player = players.load_player("runs/control")
    assert Path("report/playground.html").read_text() == page_of(
        model, worlds, player, games_of(worlds)
    )


def test_a_player_is_required(trained: Path) -> None:
    Path("runs/control/manifest.json").unlink()
    done = CliRunner().invoke(playground.app, [])
    assert done.exit_code != 0
    assert "runs/control: expected the folder of a player" in done.output
    assert not Path("report/playground.html").exists()
