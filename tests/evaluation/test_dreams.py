"""Dreams and the mirror test, on a model whose answers are known."""

import json
from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from oracle import Oracle, deaf

from mwm.evaluation.assemble import with_pretrained_visions
from mwm.evaluation.dreams import COLUMNS, NUMBERS, dreams
from mwm.evaluation.mirror_test import mirror_test
from mwm.evaluation.selection import windows
from mwm.models.encoding import dream
from mwm.models.model import initialise, save

WORLDS = ["original", "mirror", "invert"]
OBJECTS = ["opponent", "ball", "agent"]


@pytest.fixture
def settings(defaults):
    return defaults.evaluate.model_copy(update={"frames": 100, "length": 10, "dream": 10})


@pytest.fixture
def shown(contents):
    return {world: contents[world] for world in WORLDS}


def with_objects(frames, **boxes):
    """The same frames of a game with other objects."""
    return replace(frames, attributes={**frames.attributes, "objects": json.dumps(boxes)})


class Mover(Oracle):
    """Action a moves the agent's bat, and nothing else, by a rows."""

    def move(self, z, actions):
        frames = z.view(*z.shape[:2], 64, 64).clone()
        for a in range(6):
            taken = actions == a
            frames[taken, :, 54:] = frames[taken, :, 54:].roll(a, 1)
        return frames.flatten(2)


def test_it_is_the_source_s_dream_that_is_decoded(contents, shown, settings):
    """With the target's own instead, every test passed."""
    short = settings.model_copy(update={"dream": 2})
    rows = dreams("test", deaf(contents, WORLDS, "mirror"), shown, short)
    found = {(r["source"], r["target"]): r["found"] for r in rows if r["object"] == "agent"}
    assert found["mirror", "original"] == 0
    assert found["original", "mirror"] == found["original", "invert"] == 1


def test_who_dreams_that_nothing_moves_errs_as_a_copied_frame_does(shown, settings):
    rows = dreams("test", Oracle(shown, WORLDS), shown, settings)
    assert [list(row) for row in rows] == [COLUMNS] * (9 * 3 * 10)
    assert {row["step"] for row in rows} == set(range(1, 11))
    assert {row["kind"] for row in rows} == {"all"}, "of seven sequences no kind has enough"
    for row in rows:
        assert (row["own_distance"], row["own_found"]) == (0, 1) if row["frames"] else (None, None)
        assert (row["distance"], row["found"]) == (row["copy_distance"], row["copy_found"])
    later = [row["distance"] for row in rows if row["object"] == "agent" and row["step"] == 10]
    assert min(later) > 1, "the agent's bat does move"


@pytest.fixture
def tested(shown):
    """The same frames, all of them for tests."""
    return {w: replace(f, split=np.full_like(f.split, 2)) for w, f in shown.items()}


def test_kinds_are_told_by_whether_the_object_was_away(tested, settings):
    """Against a scan of each sequence, frame by frame."""
    seen, dreamt = 4, 30
    settings = settings.model_copy(update={"length": seen, "dream": dreamt})
    frames = tested["original"]
    found = {name: {"all": Counter(), "same": Counter(), "anew": Counter()} for name in OBJECTS}
    for start in windows(frames, seen + dreamt, 400):
        on = np.unpackbits(frames.frames[start : start + seen + dreamt], axis=1).reshape(-1, 64, 64)
        for name, (top, left, bottom, right) in json.loads(frames.attributes["objects"]).items():
            run, kind = 0, "same"
            for moment in range(seen + dreamt):
                visible = on[moment, top:bottom, left:right].any()
                run = 0 if visible else run + 1
                if moment >= seen - 1 and run > 6:
                    kind = "anew"
                if moment >= seen and visible:
                    found[name]["all"][moment - seen + 1] += 1
                    found[name][kind][moment - seen + 1] += 1
    rows = dreams("test", Oracle(tested, WORLDS), tested, settings)
    steps = [*range(1, 26), 30]
    for source, target in product(WORLDS, WORLDS):
        told = [row for row in rows if (row["source"], row["target"]) == (source, target)]
        for name, kinds in found.items():
            for kind, counts in kinds.items():
                enough = {k: counts[k] for k in steps if kind == "all" or counts[k] >= 20}
                of_kind = [r for r in told if (r["object"], r["kind"]) == (name, kind)]
                assert {r["step"]: r["frames"] for r in of_kind} == enough
    assert {row["kind"] for row in rows if row["object"] == "agent"} == {"all", "same"}
    ball = [row for row in rows if row["object"] == "ball" and row["kind"] == "same"]
    assert all(row["copy_found"] > 0.5 for row in ball), "it was there, but for hits"


def test_a_dream_ends_where_the_longest_episode_does(shown, settings):
    long = settings.model_copy(update={"dream": 1000})
    rows = dreams("test", Oracle(shown, WORLDS), shown, long)
    assert max(row["step"] for row in rows) == 135, "139 steps fit; every fifth counts"


def test_a_dream_is_fed_with_itself_and_with_the_real_actions(contents, defaults):
    model = initialise(defaults.train.model, ["original"], 6, seed=0)
    packed = torch.from_numpy(contents["original"].frames[:8]).view(2, 4, 512)
    actions = torch.randint(0, 6, (2, 7), generator=torch.Generator().manual_seed(0))
    dreamt = dream(model, "original", packed, actions)
    assert dreamt.shape == (2, 3, defaults.train.model.latent)
    with torch.no_grad():
        vision = model.vision("original")
        z = vision.encode(vision.unpack(packed[1]))[0]
        for now in range(4, 7):
            predicted = model.memory(z[None], actions[1:, :now])[0][0, -1]
            assert torch.allclose(dreamt[1, now - 4], predicted, atol=1e-5)
            z = torch.cat([z, predicted[None]])


def test_the_object_that_the_actions_move_is_marked_in_every_world(shown, settings):
    rows = mirror_test("test", Mover(shown, WORLDS), shown, settings)
    assert [(row["world"], row["object"]) for row in rows] == [
        (w, o) for w in WORLDS for o in OBJECTS
    ]
    for row in rows:
        assert row["marked"] == (row["object"] == "agent")
        assert row["moving"] == row["frames"]
        assert (row["moved"] > 1) == (row["object"] == "agent")


def test_nothing_is_marked_where_actions_change_nothing(shown, settings):
    rows = mirror_test("test", Oracle(shown, WORLDS), shown, settings)
    assert all(row["marked"] == row["moved"] == row["moving"] == 0 for row in rows)


def test_a_single_object_is_moved_and_not_marked(shown, settings):
    worlds = {world: with_objects(frames, agent=[0, 54, 64, 64]) for world, frames in shown.items()}
    for row in mirror_test("test", Mover(worlds, WORLDS), worlds, settings):
        assert row["moved"] > 1
        assert row["marked"] is None


def test_a_game_without_objects_has_no_mirror_test(shown, settings):
    worlds = {world: with_objects(frames) for world, frames in shown.items()}
    assert mirror_test("test", Mover(worlds, WORLDS), worlds, settings) == []


def test_an_object_that_is_in_no_frame_is_neither_found_nor_lost(shown, settings):
    worlds = {world: with_objects(frames, ghost=[0, 30, 1, 31]) for world, frames in shown.items()}
    for row in dreams("test", Oracle(worlds, WORLDS), worlds, settings):
        assert row["frames"] == 0
        assert {row[number] for number in NUMBERS} == {None}


def test_the_control_has_pretrained_visions_and_the_shared_memory(tmp_path, defaults):
    shared = initialise(defaults.train.model, WORLDS, 6, seed=1)
    for world in WORLDS:
        save(initialise(defaults.train.model, [world], 6, seed=2), tmp_path / world, {})
    both = with_pretrained_visions(shared, tmp_path)
    seen = initialise(defaults.train.model, WORLDS, 6, seed=2)
    for name, value in both.state_dict().items():
        source = shared if name.startswith("memory") else seen
        assert torch.equal(value, source.state_dict()[name]), name
