"""The table of games: Pong's entry against the emulator, and faulty entries."""

import re
from pathlib import Path

import numpy as np
import pytest

from mwm import UsageError, unpack
from mwm.frames.background import most_frequent
from mwm.frames.pooling import any_pool
from mwm.rollouts import games
from mwm.rollouts.emulator import Emulator

PONG, BREAKOUT = "ALE/Pong-v5", "ALE/Breakout-v5"


def test_pongs_field_lies_between_the_walls_and_below_the_score() -> None:
    pong, emulator = games.find(PONG), Emulator(PONG)
    emulator.reset()
    emulator.act(0, 240)
    top, bottom = pong.rows
    screen = emulator.screen()
    wall = set(np.unique(screen[[top - 1, bottom]]).tolist())
    assert wall == {14}
    values, counts = np.unique(screen[top:bottom], return_counts=True)
    assert values[counts.argmax()] == pong.background
    assert pong.columns == [0, emulator.shape[1]]


def test_the_entry_in_the_docs_shows_breakouts_ball_and_bat(tmp_path: Path) -> None:
    """And no wall of bricks, which is background until it breaks."""
    page = (Path(__file__).parents[2] / "docs/adding-a-game.md").read_text(encoding="utf-8")
    (entry,) = re.findall("```yaml\n(.*?)```", page, re.S)
    (tmp_path / "games.yaml").write_text(entry, encoding="utf-8")
    game, emulator = games.find(BREAKOUT, tmp_path / "games.yaml"), Emulator(BREAKOUT)
    emulator.reset()
    actions = np.random.default_rng(0).integers(len(emulator.action_names), size=600)
    screens = np.empty((len(actions), *emulator.shape), np.uint8)
    for screen, action in zip(screens, actions, strict=True):
        if emulator.over:
            emulator.reset()
        emulator.act(action, 4)
        screen[:] = emulator.screen()
    field = screens[:, slice(*game.rows), slice(*game.columns)]
    assert game.background is None
    frames = unpack(any_pool(field != most_frequent(field)))
    parts = {
        name: frames[:, top:bottom, left:right].sum((1, 2))
        for name, (top, left, bottom, right) in game.objects.items()
    }
    assert (parts["bat"] >= 8).all(), "part of it may be in the wall"
    assert (parts["bat"] <= 22).all(), "16 pixels, and the ball"
    assert 0.4 < (parts["ball"] > 0).mean() < 0.8
    assert parts["ball"].max() <= 6
    assert frames[:, :24].mean() < 0.03, "bricks that are gone"


def test_an_unlisted_game_is_taken_whole() -> None:
    game = games.find(BREAKOUT)
    assert (game.rows, game.columns, game.background, game.objects) == (None, None, None, {})


@pytest.mark.parametrize(
    ("name", "close"), [("ALE/Pnog-v5", PONG), ("ALE/Breakuot-v5", "ALE/Breakout-v5")]
)
def test_an_unknown_game_is_told_with_the_closest_known_one(name: str, close: str) -> None:
    with pytest.raises(UsageError, match=f"found '{name}'; did you mean '{close}'"):
        games.find(name)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "rows: [194, 34]",
            ":2: ALE/Pong-v5.rows: expected each first edge before its last, found",
        ),
        ("rows: [34, 34]", ":2: ALE/Pong-v5.rows: expected each first edge before its last, found"),
        ("rows: [34]", ":2: ALE/Pong-v5.rows: .*at least 2 items.*found \\[34\\]"),
        ("background: 256", ":2: ALE/Pong-v5.background: .*less than or equal to 255.*found 256"),
        (
            "background: black",
            ":2: ALE/Pong-v5.background: expected a valid integer, found 'black'",
        ),
        ("objects: {ball: [0, 54, 64, 8]}", ":2: ALE/Pong-v5.objects.ball: .*each first edge"),
        ("objects: {ball: [0, 8, 64, 8]}", ":2: ALE/Pong-v5.objects.ball: .*each first edge"),
        ("objects: {ball: [0, 8, 64, 65]}", ":2: ALE/Pong-v5.objects.ball.3: .*equal to 64"),
        ("objects: {the ball: [0, 8, 64, 54]}", ":2: ALE/Pong-v5.objects.the ball.*pattern"),
        ("colour: 3", ":2: ALE/Pong-v5.colour: unknown key; expected one of rows, columns, back"),
        ("object: {}", ":2: ALE/Pong-v5.object: .*; did you mean 'objects'"),
        ("rows: [", "expected YAML"),
    ],
)
def test_a_faulty_entry_is_told_by_line(tmp_path: Path, entry: str, told: str) -> None:
    table = tmp_path / "games.yaml"
    table.write_text(f"{PONG}:\n  {entry}\n")
    with pytest.raises(UsageError, match=told):
        games.find(PONG, table)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a list", ":1: the file: expected a valid dictionary, found \\['a list'\\]"),
        (f"{PONG}: 3", f":1: {PONG}: .*found 3"),
        ("ALE/Pnog-v5: {}", f":1: .*found 'ALE/Pnog-v5'; did you mean '{PONG}'"),
    ],
)
def test_a_table_of_another_form_is_told(tmp_path: Path, text: str, told: str) -> None:
    table = tmp_path / "games.yaml"
    table.write_text(text)
    with pytest.raises(UsageError, match=told):
        games.find(PONG, table)


def test_an_empty_table_lists_no_game(tmp_path: Path) -> None:
    table = tmp_path / "games.yaml"
    table.write_text("# no game yet\n")
    assert games.find(PONG, table) == games.Game()
