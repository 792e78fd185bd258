"""What an environment can be made with: worlds, games, backgrounds; and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import plain_yaml
import pytest

import mwm
from mwm.environments.game import GameEnv
from mwm.environments.options import pipeline_background
from mwm.environments.worlds import resolve
from mwm.frames.preprocessing import preprocess
from mwm.io.frames import read_frames
from mwm.library import layout
from mwm.rollouts import games
from mwm.rollouts.emulator import Emulator
from mwm.rollouts.recording import collect
from mwm.settings.params import Params

BREAKOUT = "ALE/Breakout-v5"


@pytest.mark.parametrize(
    ("said", "name", "steps"),
    [
        ("original", "original", []),
        ("mirror", "mirror", ["mirror"]),
        (["mirror"], "mirror", ["mirror"]),
        ([], "original", []),
        (("transpose", {"permutation": {"seed": 7}}), "transpose+permutation(seed=7)", None),
        (mwm.World("mine", ["hswap"]), "mine", ["hswap"]),
    ],
)
def test_a_world_is_a_name_a_list_or_a_world(tmp_path, monkeypatch, said, name, steps) -> None:
    monkeypatch.chdir(tmp_path)
    world = resolve(said)
    assert world.name == name
    assert world.steps == (list(said) if steps is None else steps)


def test_worlds_that_differ_in_params_alone_have_different_names() -> None:
    """A model's V is chosen by the world's name: two permutations once shared one."""
    names = [resolve([{"permutation": {"seed": seed}}]).name for seed in (7, 8)]
    assert names == ["permutation(seed=7)", "permutation(seed=8)"]


def test_worlds_of_the_params_here_are_known_by_name(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    worlds = {"original": [], "turned": ["transpose", "mirror"], "mirror": ["invert"]}
    Path("params.yaml").write_text(plain_yaml.text({"variants": {"worlds": worlds}}))
    assert resolve("turned").steps == ["transpose", "mirror"]
    assert resolve("mirror").steps == ["invert"], "the name's meaning here"
    assert resolve("hswap").steps == ["hswap"]
    with pytest.raises(mwm.UsageError, match=r"expected one of original, .*turned, .*'turnd'; did"):
        resolve("turnd")
    Path("params.yaml").write_text("variants:\n  worlds:\n    turned: [mirorr]\n")
    with pytest.raises(mwm.UsageError, match=r"^params.yaml: variants.worlds.turned: .*mirorr"):
        resolve("turned")


SECTIONS = "collect:\n  episodes: 1\ntrain:\n  run: 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "lr: 0.1\n",
        "variants: [a, b]\n",
        "variants: {worlds: {mirror: 3}}\n",
        "a: [\n",
        "a: 1\na: 2\n",
        "- a\n",
        "",
        "\xff",
    ],
)
def test_another_program_s_params_do_not_hide_a_bijection(tmp_path, monkeypatch, text) -> None:
    """`make("mwm/Pong-v0", world="mirror")` failed in the folder of another project."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(text, encoding="latin-1")
    assert resolve("mirror").steps == ["mirror"]
    with pytest.raises(mwm.UsageError, match=r"^world: expected one of .*'mirorr'; did you mean"):
        resolve("mirorr")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("variants: [a, b]\n", r"^params\.yaml: variants\.worlds: expected bijections by name, f"),
        ("variants:\n  worlds: {mirror: 3}\n", r"^params\.yaml: variants\.worlds\.mirror: .*d 3"),
        ("variants: [\n", r"^params\.yaml:\d: expected YAML, found: "),
    ],
)
def test_broken_params_of_ours_are_told_and_no_bijection_taken_instead(
    tmp_path, monkeypatch, text, told
) -> None:
    """The name may mean another world there."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(SECTIONS + text)
    with pytest.raises(mwm.UsageError, match=told):
        resolve("mirror")


@pytest.mark.parametrize(("game", "count"), [(BREAKOUT, 4), ("ALE/Enduro-v5", 9)])
def test_another_game_has_the_pipeline_s_frames_with_the_pipeline_s_background(
    tmp_path: Path, defaults: Params, game: str, count: int
) -> None:
    """Enduro's differs between training episodes, others, and all together."""
    settings = defaults.collect.model_copy(update={"game": game, "episodes": 5, "max_steps": 60})
    collect(settings, tmp_path / "rollouts.h5", workers=1)
    preprocess(defaults.preprocess, tmp_path / "rollouts.h5", tmp_path / "frames.h5")
    content = read_frames(tmp_path / "frames.h5")
    assert content.frames.any()
    env = GameEnv(game, background=pipeline_background(tmp_path), packed=True)
    assert env.action_space.n == content.action_count == count
    for first, end in zip(content.episode_offsets[:2], content.episode_offsets[1:3], strict=True):
        seen = [env.reset()[0]]
        seen += [env.step(action)[0] for action in content.actions[first : end - 1]]
        assert np.array_equal(np.stack(seen), content.frames[first:end])


def test_a_background_may_be_found_on_screens_or_be_one_colour() -> None:
    emulator, screens = Emulator(BREAKOUT), []
    emulator.reset()
    for step in range(40):
        screens.append(emulator.screen().copy())
        emulator.act(1 + step % 3, 4)
    found = mwm.background_of(BREAKOUT, screens)
    for background in (found, found.astype(int), 0):
        env = GameEnv(BREAKOUT, background=background)
        frame, _ = env.reset(seed=0)
        expected = mwm.frames_of(BREAKOUT, screens[:1], background=background)
        assert np.array_equal(frame.view(bool), mwm.unpack(expected)[0])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"game": "ALE/Pnog-v5"}, r"^game: expected one of .*'ALE/Pnog-v5'; did you mean"),
        ({"game": BREAKOUT}, r"^ALE/Breakout-v5: expected a background, found none in games.yaml"),
        ({"world": "miror"}, r"^world: expected one of .*'miror'; did you mean 'mirror'\?"),
        ({"world": 3}, r"^world: expected a name, a list of bijections or a mwm\.World, found 3"),
        ({"world": "permutation"}, r"^world: expected permutation with seed"),
        ({"world": ["mirror", 3]}, r"^world: expected one bijection in each item .* found 3"),
        ({"frame_skip": 0}, r"^frame_skip: expected a whole number from 1 to 60, found 0"),
        ({"frame_skip": 4.0}, r"^frame_skip: .*found 4\.0"),
        ({"noop_max": -1}, r"^noop_max: expected a whole number from 0 to 1000000, found -1"),
        ({"noop_max": True}, r"^noop_max: .*found True"),
        ({"noop_max": 2**70}, r"^noop_max: .*found 1180591620717411303424"),
        ({"game": 3}, r"^game: expected a Gymnasium id, such as ALE/Pong-v5, found 3"),
        ({"world": [{3: {}}]}, r"^world: unknown bijection '3'"),
        ({"world": np.zeros((9, 9))}, r"^world: expected a name, .*found float64 \(9, 9\)"),
        ({"repeat_action_probability": False}, r"^repeat_action_probability: .*found False"),
        ({"repeat_action_probability": np.timedelta64(0)}, r"^repeat_action_probability: .*found"),
        ({"repeat_action_probability": np.nan}, r"^repeat_action_probability: .*found nan"),
        ({"repeat_action_probability": 1}, r"^repeat_action_probability: .* below 1, found 1"),
        (
            {"background": 256},
            r"^background: expected a palette value from 0 to 255, .*found 256; ",
        ),
        ({"background": np.full((210, 160), 300)}, r"a picture of them, .*found 300 to 300; find"),
        ({"background": np.zeros((210, 160, 3), int)}, r"found int64 \(210, 160, 3\); find it in"),
        ({"background": 0.5}, r"found float64 \(\)"),
    ],
)
def test_options_are_checked_in_one_line(options: dict[str, Any], told: str) -> None:
    with pytest.raises(mwm.UsageError, match=told) as raised:
        GameEnv(**options)
    assert "\n" not in str(raised.value)


def test_options_may_be_numpy_s_numbers() -> None:
    options = {"frame_skip": np.int64(2), "noop_max": np.uint8(3)}
    env = GameEnv(**options, repeat_action_probability=np.float32(0.25))
    plain = GameEnv(frame_skip=2, noop_max=3, repeat_action_probability=0.25)
    assert np.array_equal(env.reset(seed=np.int64(5))[0], plain.reset(seed=5)[0])
    assert type(env.metadata["render_fps"]) is float
    for action in (2, 3):
        assert np.array_equal(env.step(action)[0], plain.step(action)[0])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"seed": -1}, r"^seed: expected a whole number from 0, found -1"),
        ({"seed": 1.0}, r"^seed: .*found 1\.0"),
        ({"seed": True}, r"^seed: .*found True"),
        ({"seed": "1"}, r"^seed: .*found '1'"),
        ({"options": [1]}, r"^options: expected a mapping, found \[1\]"),
    ],
)
def test_seeds_and_options_that_are_none_are_told(call: dict[str, Any], told: str) -> None:
    env = GameEnv(noop_max=3)
    with pytest.raises(mwm.UsageError, match=told):
        env.reset(**call)
    env.reset(seed=10**30, options={"of a wrapper": 1})


@pytest.mark.parametrize(("action", "told"), [(6, "found 6"), (-1, "found -1"), (0.0, "float64")])
def test_actions_of_no_game_are_refused(action: Any, told: str) -> None:
    env = GameEnv()
    env.reset()
    with pytest.raises(mwm.UsageError, match=rf"^actions: .*{told}"):
        env.step(action)


def test_a_field_beyond_the_screen_is_told(monkeypatch) -> None:
    """A mistake in games.yaml once ended in an IndexError of the workers."""
    monkeypatch.setattr(games, "find", lambda *_, **__: games.Game(columns=[0, 200]))
    with pytest.raises(mwm.UsageError, match=r"columns: expected at most 160, .* size, found 200$"):
        layout._layout_of.__wrapped__("ALE/Pong-v5")
