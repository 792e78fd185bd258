"""The page computes what the Python package computes with the same weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browsing import paused, visiting

from mwm.control.player import Player
from mwm.control.policy import Policy
from mwm.evaluation.tracks import drawn
from mwm.io.frames import Frames
from mwm.library.pretrained import rounded
from mwm.library.quantise import dequantise, quantise
from mwm.metrics.objects import OriginalView
from mwm.models.encoding import decode, dream, encode
from mwm.models.model import MetaWorldModel
from mwm.playground.familiarity import strangeness
from mwm.playground.moments import LENGTH, Moments, choose

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(scope="module")
def held(model: MetaWorldModel) -> MetaWorldModel:
    return rounded(model)


@pytest.fixture(scope="module")
def opened(browser: Any, file: Path) -> Iterator[Any]:
    """The page, paused: these tests compute with it, and change nothing."""
    with visiting(browser, file) as start:
        yield paused(start())


@pytest.fixture(scope="module")
def moments(contents: dict[str, Frames]) -> Moments:
    return choose(contents["original"])


@pytest.fixture(scope="module")
def z(held: MetaWorldModel, contents: dict[str, Frames]) -> torch.Tensor:
    return encode(held.vision("original"), torch.from_numpy(contents["original"].frames[::150]))[0]


def test_encode_in_every_world(
    opened: Any, held: MetaWorldModel, contents: dict[str, Frames]
) -> None:
    for index, (world, frames) in enumerate(contents.items()):
        packed = frames.frames[30:36]
        found = opened.evaluate(
            "([world, frames]) => frames.map((packed) => [...engine.visions[world].encode("
            "unpackBits(Uint8Array.from(packed)))])",
            [index, packed.tolist()],
        )
        wanted, _ = encode(held.vision(world), torch.from_numpy(packed))
        np.testing.assert_allclose(found, wanted.numpy(), **CLOSE)


def test_decode_in_every_world(opened: Any, held: MetaWorldModel, z: torch.Tensor) -> None:
    for index, world in enumerate(held.worlds):
        found = opened.evaluate(
            "([world, codes]) => codes.map((z) => [...engine.visions[world].decode(z)])",
            [index, z.tolist()],
        )
        wanted = decode(held, world, z)
        assert wanted.std() > 0.1  # pictures that differ, or nothing would be compared
        np.testing.assert_allclose(found, wanted.numpy(), **CLOSE)


def test_a_step_of_the_memory_under_every_action(
    opened: Any, held: MetaWorldModel, z: torch.Tensor
) -> None:
    rng = torch.Generator().manual_seed(0)
    hidden, cell = torch.randn(2, len(z), held.config.memory, generator=rng) * 0.5
    for action in range(held.actions):
        found = opened.evaluate(
            """([codes, action, hidden, cell]) => codes.map((z, i) => {
              const part = (of) => Float64Array.from(of[i]);
              const before = { hidden: part(hidden), cell: part(cell) };
              const state = engine.memory.remember(Float32Array.from(z), action, before);
              const mean = engine.memory.predict(Float32Array.from(z), state);
              return [...mean, ...state.hidden, ...state.cell];
            })""",
            [z.tolist(), action, hidden.tolist(), cell.tolist()],
        )
        with torch.no_grad():
            taken = torch.full((len(z),), action)
            mean, _, after = held.memory.step(z, taken, (hidden[None], cell[None]))
        wanted = torch.cat([mean, after[0][0], after[1][0]], 1).numpy()
        np.testing.assert_allclose(found, wanted, **CLOSE)


def test_the_policy_chooses_as_the_player(
    opened: Any, held: MetaWorldModel, player: Player, z: torch.Tensor
) -> None:
    state = dequantise(quantise(player.policy.state_dict()))
    policy = Policy(held.config.latent + held.config.memory, held.actions, 16)
    policy.load_state_dict(state)
    codes = torch.randn(200, policy.mean.numel(), generator=torch.Generator().manual_seed(0)) * 3
    found = opened.evaluate(
        "([codes, latent]) => codes.map((code) => engine.policy.best(code.slice(0, latent),"
        " { hidden: code.slice(latent) }))",
        [codes.tolist(), held.config.latent],
    )
    assert found == policy.best(codes).tolist()
    assert len(set(found)) > 2


@pytest.mark.parametrize("world", ["original", "transpose", "invert"])
def test_a_dream_of_25_steps(
    opened: Any,
    held: MetaWorldModel,
    contents: dict[str, Frames],
    moments: Moments,
    world: str,
) -> None:
    """From frames on: the page shows them in the world, encodes and reads them, and goes on."""
    found = opened.evaluate(
        """(world) => {
          const dream = new Dream(engine, stage.worlds), play = stage.plays[0];
          const codes = [], places = [];
          dream.begin(play, world);
          for (let step = 0; step < 25; step += 1) {
            dream.step(play.actions[play.seen - 1 + step]);
            dream.draw();
            codes.push([...dream.z]);
            const bits = stage.worlds[world].unshow(drawnBits(dream.pictures[world]));
            places.push(Object.values(stage.header.objects).map((box) => {
              const place = findObject(bits, box); // in the frame, not in the object's box
              return place && [place.row - box[0], place.column - box[1]];
            }));
          }
          return [codes, places];
        }""",
        held.worlds.index(world),
    )
    shown = torch.from_numpy(contents[world].show(moments.frames[0, :LENGTH]))
    actions = torch.from_numpy(moments.actions[:1, : LENGTH + 25].astype(np.int64))
    wanted = dream(held, world, shown[None], actions)[0]
    assert wanted.std(0).max() > 1e-3
    np.testing.assert_allclose(found[0], wanted.numpy(), rtol=1e-4, atol=2e-5)
    view = OriginalView(contents[world], torch.device("cpu"))
    places = torch.stack(list(drawn(view, held, world, wanted).values()), 1)
    away = [np.nan, np.nan]
    drawn_at = np.array([[away if at is None else at for at in step] for step in found[1]])
    assert np.isfinite(drawn_at).any()
    np.testing.assert_allclose(drawn_at, places.numpy(), rtol=1e-5)


def test_strangeness(opened: Any, held: MetaWorldModel, z: torch.Tensor) -> None:
    found = opened.evaluate(
        "(codes) => codes.map((z) => { const dream = new Dream(engine, stage.worlds);"
        " dream.z = Float32Array.from(z); dream.draw(); return dream.strangeness(); })",
        z.tolist(),
    )
    np.testing.assert_allclose(found, strangeness(held, z).numpy(), rtol=1e-3)


def test_pixels_move_as_in_the_mirror_test(
    opened: Any, held: MetaWorldModel, z: torch.Tensor
) -> None:
    found = opened.evaluate(
        "(z) => { const dream = new Dream(engine, stage.worlds); dream.z = Float32Array.from(z);"
        " dream.state = engine.memory.fresh(); return dream.movement().map((m) => [...m]); }",
        z[0].tolist(),
    )
    with torch.no_grad():
        means = [held.memory.step(z[:1], torch.tensor([a]))[0] for a in range(held.actions)]
    for index, world in enumerate(held.worlds):
        pictures = decode(held, world, torch.cat(means))
        wanted = pictures.amax(0) - pictures.amin(0)
        np.testing.assert_allclose(found[index], wanted.numpy(), rtol=1e-4, atol=1e-5)


def test_worlds_show_frames_as_python_does(
    opened: Any, contents: dict[str, Frames], moments: Moments
) -> None:
    found = opened.evaluate(
        "() => stage.worlds.map((world) => [...world.show(stage.plays[0].frames[0])])"
    )
    for index, frames in enumerate(contents.values()):
        shown = np.unpackbits(frames.show(moments.frames[0, :1]), axis=1)[0]
        assert found[index] == shown.tolist()
    back = "() => stage.worlds.every((world) => countDifferent(world.unshow(world.show("
    assert opened.evaluate(back + "stage.plays[0].frames[0])), stage.plays[0].frames[0]) === 0)")
