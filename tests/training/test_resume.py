"""Acts that were interrupted: they go on where they were, and end with the same bytes."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from brief_acts import WORLDS, act, record, same, small

from mwm.io.checkpoints import Shelf
from mwm.io.latents import Latents
from mwm.models.model import initialise
from mwm.runtime.locks import claim
from mwm.runtime.signals import orderly
from mwm.training import acts
from mwm.training.guide import Guide
from mwm.training.plan import Plan
from mwm.training.resume import Checkpoints
from mwm.training.steps import Steps

LENGTH = 5  # iterations; with COOLDOWN the rate begins to fall after the third
COOLDOWN = 0.5
Recruit = Callable[..., Any]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[int]]:
    """The iterations that were performed; checkpoints after each, in a folder of their own."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MWM_CHECKPOINT_SECONDS", "0")
    numbers: list[int] = []
    whole = Steps.iteration

    def iteration(steps: Steps, number: int) -> Any:
        if str(number) == os.environ.get("STOP"):
            raise KeyboardInterrupt
        numbers.append(number)
        return whole(steps, number)

    monkeypatch.setattr(Steps, "iteration", iteration)
    with orderly():
        yield numbers


@pytest.fixture
def recruit(defaults, contents, done, tmp_path, monkeypatch) -> Recruit:
    """Recruit `mirror`; `stop` interrupts in that iteration."""
    see = act(defaults, "see", iterations=0)
    seen = {w: acts.see(small(defaults), w, contents[w], see)[0] for w in WORLDS}

    def perform(folder: Path | None = tmp_path, stop: int = 0, known=None, run=None, **settings):
        monkeypatch.setenv("STOP", str(stop))
        done.clear()
        setup = replace(small(defaults, **(run or {})), shelf=folder and Shelf(folder, claim))
        settings = {"iterations": LENGTH, "cooldown": COOLDOWN, "kl_ramp": 7} | settings
        return acts.recruit(
            setup,
            "mirror",
            [seen["original"], seen["mirror"]],
            {w: contents[w] for w in WORLDS},
            act(defaults, "recruit", **settings),
            record(defaults).model_copy(update={"every": 2}),
            known,
            1.0,
        )

    return perform


def assert_same(one, other) -> None:
    assert same(one[0], other[0])
    assert one[1].training == other[1].training
    assert one[1].validation == other[1].validation


def test_an_act_goes_on_from_any_iteration(recruit: Recruit, done: list[int]) -> None:
    whole = recruit(None)
    for stop in range(1, LENGTH + 1):
        with pytest.raises(
            KeyboardInterrupt, match=rf"stopped after {stop - 1} of {LENGTH} iterations"
        ):
            recruit(stop=stop)
    assert done == [LENGTH - 1]
    assert_same(recruit(), whole)
    assert done == [LENGTH]
    assert_same(recruit(), whole)
    assert done == []


@pytest.mark.parametrize(
    ("first", "then", "missing"),
    [
        (
            {"iterations": 5},
            {"iterations": 9},
            [4, 5, 6, 7, 8, 9],
        ),  # the rate falls from the fourth
        ({"iterations": 9}, {"iterations": 5}, [1, 2, 3, 4, 5]),
        ({"cooldown": 0.0}, {"cooldown": 0.0, "iterations": 6}, [6]),
        ({"cooldown": 0.0}, {"cooldown": 0.0, "iterations": 4}, [1, 2, 3, 4]),
        ({"cooldown": 0.0}, {}, [1, 2, 3, 4, 5]),
        ({}, {"kl": 0.7}, [1, 2, 3, 4, 5]),
        ({}, {"run": {"seed": 5}}, [1, 2, 3, 4, 5]),
        ({}, {"run": {"inputs": "independent"}}, [1, 2, 3, 4, 5]),
    ],
)
def test_another_length_goes_on_where_both_are_the_same(
    recruit: Recruit, done: list[int], first: dict[str, Any], then: dict[str, Any], missing
) -> None:
    whole = recruit(None, **then)
    recruit(**first)
    assert_same(recruit(**then), whole)
    assert done == missing


def test_beside_guides_the_length_counts_from_the_start(
    recruit: Recruit, done: list[int], contents
) -> None:
    frames = np.arange(len(contents["mirror"].frames))
    known = {"mirror": Latents(frames, np.ones((len(frames), 32), np.float32), np.arange(32))}
    guided = {"known": known, "frames": "random", "cooldown": 0.0}
    whole = recruit(None, **guided)
    with pytest.raises(KeyboardInterrupt):
        recruit(stop=4, **guided)
    assert_same(recruit(**guided), whole)
    assert done == [4, 5]
    recruit(**guided, iterations=6)
    assert done == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_checkpoint_is_told_and_not_used(
    recruit: Recruit, done: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str], damage
) -> None:
    whole = recruit(None, cooldown=0.0)
    recruit(kl=0.7)
    (other,) = tmp_path.glob("recruit-mirror/*/latest.safetensors")
    recruit(cooldown=0.0)  # and so without a second checkpoint
    (path,) = set(tmp_path.glob("recruit-mirror/*/latest.safetensors")) - {other}
    content = path.read_bytes()
    changed = bytearray(content)
    changed[len(content) // 2] ^= 1
    contents = {
        "cut": content[:-7],
        "flipped": changed,
        "empty": b"",
        "foreign": other.read_bytes(),
    }
    path.write_bytes(contents[damage])
    capsys.readouterr()
    assert_same(recruit(cooldown=0.0), whole)
    assert done == [1, 2, 3, 4, 5]
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
    assert notes == [f"note: {path}: a damaged or foreign checkpoint, not used"]


def test_a_full_disk_costs_the_checkpoint_alone(
    recruit: Recruit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = recruit(None)
    recruit()
    (path,) = tmp_path.glob("recruit-mirror/*/latest.safetensors")
    path.unlink()
    path.mkdir()  # no file can take its place
    assert_same(recruit(), whole)
    assert "note: going on without a checkpoint: " in capsys.readouterr().err


def test_two_folders_of_an_act_stay(recruit: Recruit, done: list[int], tmp_path: Path) -> None:
    for kl in (0.1, 0.2, 0.3):
        recruit(kl=kl)
    assert sum(path.is_dir() for path in (tmp_path / "recruit-mirror").iterdir()) == 2
    recruit(kl=0.2)
    assert done == []


CPU = torch.device("cpu")


def test_a_checkpoint_is_of_all_that_an_act_depends_on(defaults, contents, tmp_path):
    config, settings = small(defaults).model, act(defaults, "recruit")
    first = {
        "plan": Plan("recruit test", "recruit", settings, ["mirror"], memory_learns=False),
        "model": initialise(config, WORLDS, 6, seed=0),
        "worlds": {w: contents[w] for w in WORLDS},
        "settings": [{"seed": 0}],
    }

    def key(**changes):
        return Checkpoints(Shelf(tmp_path, lambda folder: None), **(first | changes))._key

    plan, content = first["plan"], contents["mirror"]
    frames = content.frames.copy()
    frames[0, 0] ^= 1
    known = Latents(np.arange(2), np.ones((2, 1), np.float32), np.arange(1))
    keys = [
        key(),
        key(plan=replace(plan, guidance=2.0)),
        key(plan=replace(plan, drawn=0.5)),
        key(plan=replace(plan, learners=[*WORLDS])),
        key(plan=replace(plan, guides={"mirror": Guide(known, 9, config.latent, CPU)})),
        key(plan=replace(plan, settings=settings.model_copy(update={"learning_rate": 1.0}))),
        key(model=initialise(config, WORLDS, 6, seed=1)),
        key(worlds=first["worlds"] | {"mirror": replace(content, frames=frames)}),
        key(settings=[{"seed": 1}]),
    ]
    assert len(set(keys)) == len(keys)
    longer = settings.model_copy(update={"iterations": 9, "cooldown": 0.1})
    assert key(plan=replace(plan, settings=longer)) == keys[0]


def test_an_act_of_other_settings_has_another_checkpoint(defaults, contents, monkeypatch, tmp_path):
    from mwm.io.checkpoints import Shelf

    keys = []
    monkeypatch.setattr(acts, "perform", lambda *a: keys.append(a[6]._key))
    setup = replace(small(defaults), shelf=Shelf(tmp_path, lambda folder: None))
    setups = [
        setup,
        replace(setup, batch=setup.batch.model_copy(update={"frames": 65})),
        replace(setup, run=setup.run.model_copy(update={"seed": 1})),
        replace(setup, model=setup.model.model_copy(update={"rare_pixels": 0.4})),
    ]
    for one in setups:
        acts.see(one, "original", contents["original"], act(defaults, "see"))
    assert len(set(keys)) == len(setups)
