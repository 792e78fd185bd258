import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mwm import MwmError, UsageError, pack, unpack
from mwm.environments.game import GameEnv
from mwm.worlds import KINDS, World
from mwm.worlds.world import BLOCK

SHUFFLED = {"permutation": {"seed": 7}}
steps = st.lists(
    st.one_of(
        st.sampled_from(["transpose", "hswap", "vswap", "invert", "mirror"]),
        st.integers(0, 99).map(lambda seed: {"permutation": {"seed": seed}}),
    ),
    max_size=4,
)


def _by_pixel_map(frames, pixel_map, inverted):
    return np.packbits(np.unpackbits(frames, axis=1)[:, pixel_map], axis=1) ^ inverted


@settings(max_examples=15)
@given(steps=steps)
def test_the_pixel_map_of_any_composition_is_a_bijection_and_reproduces_the_world(pong, steps):
    shown = World("any", steps).make(pong)
    assert np.array_equal(np.sort(shown.pixel_map), np.arange(4096))
    by_map = _by_pixel_map(pong.frames, shown.pixel_map, shown.inverted)
    assert np.array_equal(shown.frames, by_map)


def test_bijections_are_applied_first_to_last(pong):
    quarter_turn = World("quarter_turn", ["transpose", "mirror"]).show(pong.frames)
    pictures = np.unpackbits(pong.frames, axis=1).reshape(-1, 64, 64)
    clockwise = np.packbits(np.rot90(pictures, -1, axes=(1, 2)).reshape(-1, 4096), axis=1)
    assert np.array_equal(quarter_turn, clockwise)
    backwards = World("other_turn", ["mirror", "transpose"]).show(pong.frames)
    assert not np.array_equal(quarter_turn, backwards)


def test_the_original_is_what_it_was(pong):
    shown = World("original", []).make(pong)
    assert np.array_equal(shown.frames, pong.frames)
    assert np.array_equal(shown.pixel_map, np.arange(4096))
    assert not shown.inverted.any()


def test_inversion_is_kept_apart_from_the_pixel_map():
    _, plain = World("mirror", ["mirror"]).pixels()
    _, inverted = World("negative", ["mirror", "invert"]).pixels()
    assert not plain.any()
    assert (inverted == 255).all()


def test_blocks_do_not_show_at_their_seams(pong):
    many = np.tile(pong.frames, (2 * BLOCK // len(pong.frames) + 1, 1))
    assert len(many) > 2 * BLOCK
    assert np.array_equal(World("mirror", ["mirror"]).show(many), KINDS["mirror"](many))


def test_a_world_keeps_actions_episodes_and_split_and_tells_its_name_and_steps(pong):
    shown = World("shuffled", ["invert", SHUFFLED]).make(pong)
    for name in ("actions", "episode_offsets", "split"):
        assert np.array_equal(getattr(shown, name), getattr(pong, name))
    assert shown.attributes["world"] == "shuffled"
    assert json.loads(shown.attributes["bijections"]) == ["invert", SHUFFLED]
    assert shown.attributes["objects"] == pong.attributes["objects"]


def _forgetful(frames):
    return frames & 0xF0


def _pooling(frames):
    return frames | np.roll(frames, 1, axis=1)


def _scrambled_by_content(frames):
    """On frames of at most one pixel it does nothing, so that these alone would not find it out."""
    crowded = np.unpackbits(frames, axis=1).sum(axis=1) > 1
    return np.where(crowded[:, None], frames[:, ::-1], frames)


def _spoiling_the_simple(frames):
    """On frames of many pixels it does nothing, so that noise alone would not find it out."""
    crowded = np.unpackbits(frames, axis=1).sum(axis=1) > 1
    return np.where(crowded[:, None], frames, frames | np.packbits(np.arange(4096) > 4094))


@pytest.mark.parametrize(
    "function", [_forgetful, _pooling, _scrambled_by_content, _spoiling_the_simple]
)
def test_a_function_that_is_no_permutation_of_pixels_is_refused(monkeypatch, function):
    """`show` and Gymnasium once took it, and a model learned from what no world shows."""
    monkeypatch.setitem(KINDS, "odd", function)
    with pytest.raises(MwmError, match=r"world 'strange': expected bijections that move pixels"):
        World("strange", ["mirror", "odd"])
    with pytest.raises(MwmError, match=r"world 'odd': expected bijections that move pixels"):
        GameEnv(world="odd")


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda frames: np.unpackbits(frames, axis=1), r"uint8 \(1, 4096\)"),
        (lambda frames: frames.astype(np.int64), r"int64 \(1, 512\)"),
        (lambda frames: frames[:0], r"uint8 \(0, 512\)"),
    ],
)
def test_a_function_that_returns_no_packed_frames_is_told(monkeypatch, function, found):
    monkeypatch.setitem(KINDS, "odd", function)
    with pytest.raises(MwmError, match=rf"what odd returns: expected uint8 .*found {found}"):
        World("strange", ["odd"])


def _in_place(frames):
    frames ^= 255
    return frames


def test_a_function_that_changes_its_argument_is_told(monkeypatch):
    """It was told that it does not move pixels one to one, which it does."""
    monkeypatch.setitem(KINDS, "odd", _in_place)
    with pytest.raises(MwmError, match=r"^world 'strange': odd raised ValueError: .*read-only"):
        World("strange", ["odd"])


def _failing(frames):
    raise IndexError("a slip\nof the pen")


def test_a_function_that_fails_is_told_with_its_line(monkeypatch):
    """It was called a fault of mwm."""
    monkeypatch.setitem(KINDS, "odd", _failing)
    line = _failing.__code__.co_firstlineno + 1
    told = rf"^world 'strange': odd raised IndexError: a slip of the pen \(line {line} of \S+test_w"
    with pytest.raises(MwmError, match=told):
        World("strange", ["mirror", "odd"])


def test_a_function_that_finds_no_memory_is_no_mistake_of_its_own(monkeypatch):
    def hungry(frames):
        raise MemoryError("Unable to allocate 8 PiB")

    monkeypatch.setitem(KINDS, "odd", hungry)
    with pytest.raises(MemoryError):
        World("strange", ["odd"])


def test_a_world_tells_of_what_it_is_made():
    assert repr(World("mine", ["transpose", SHUFFLED])) == (
        "World('mine', ['transpose', {'permutation': {'seed': 7}}])"
    )


def test_pictures_are_packed_in_what_is_made(pong):
    """They were kept as they were, and the next reader refused them."""
    pictures = replace(pong, frames=unpack(pong.frames))
    mirror = World("mirror", ["mirror"])
    assert np.array_equal(mirror.make(pictures).frames, mirror.make(pong).frames)


def test_nothing_that_is_done_to_a_pixel_map_reaches_its_world(pong):
    mirror = World("mirror", ["mirror"])
    for part in mirror.pixels():
        part[:] = 0
    assert np.array_equal(mirror.make(pong).pixel_map[:64], np.arange(64)[::-1])


def test_frames_may_be_packed_or_pictures_with_any_leading_axes_and_in_any_order(pong):
    mirror = World("mirror", ["mirror"])
    packed = pong.frames[:6]
    expected = unpack(packed)[:, :, ::-1]
    assert np.array_equal(unpack(mirror.show(packed)), expected)
    pictures = mirror.show(unpack(packed))
    assert pictures.dtype == bool
    assert np.array_equal(pictures, expected)
    assert np.array_equal(mirror.show(unpack(packed)[0]), expected[0])
    assert np.array_equal(mirror.show(packed[:1]), mirror.show(packed)[:1])
    assert np.array_equal(mirror.show(packed.reshape(2, 3, 512)).reshape(6, 512), pack(expected))
    assert np.array_equal(mirror.show(np.asfortranarray(packed)), pack(expected))
    assert np.array_equal(mirror.show(torch.from_numpy(packed)), pack(expected))
    assert mirror.show(packed[:0]).shape == (0, 512)


@pytest.mark.parametrize(
    ("frames", "found"),
    [
        (np.zeros((1, 4096), bool), r"bool \(1, 4096\); write .*\.reshape\(-1, 64, 64\)"),
        (np.zeros((2, 64, 64)), r"float64 \(2, 64, 64\); write .* > 0.5"),
        (np.zeros((2, 64, 64), np.uint8), r"uint8 \(2, 64, 64\); write .* != 0"),
        (np.zeros((210, 160, 3), np.uint8), r"uint8 \(210, 160, 3\); write mwm\.frames_of"),
        (np.zeros((2, 512)), r"float64 \(2, 512\)"),
        ([[1], [2, 3]], "expected an array, found list"),
        (torch.empty(2, 512, device="meta"), "expected an array, found Tensor"),
    ],
)
def test_other_frames_are_refused_with_what_to_write_instead(frames, found):
    with pytest.raises(UsageError, match=found):
        World("mirror", ["mirror"]).show(frames)


@pytest.mark.parametrize("steps", ["mirror", {"mirror": {}}])
def test_steps_that_are_no_list_are_told(steps):
    told = r"^World\('mine'\): expected a list of bijections, found .*; write World\('mine', \["
    with pytest.raises(UsageError, match=told):
        World("mine", steps)


@pytest.mark.parametrize("steps", [None, 3, {"mirror"}, iter(["mirror"]), b"m", np.array([1, 2])])
def test_steps_of_which_no_list_can_be_read_twice_are_told_in_one_line(steps):
    """An iterator gave a world whose name said mirror, and which was the original."""
    with pytest.raises(UsageError, match=r"^World\('mine'\): expected a list of bijec.*") as raised:
        World("mine", steps)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({3: {}}, "unknown bijection '3'"),
        ({3: {}, None: {}}, "expected one bijection in each item of the list, found 3, None"),
        ({"permutation": {3: 4}}, "expected permutation with seed, found 3"),
        ({"permutation": np.zeros((30, 30))}, r"found float64 \(30, 30\)"),
        ({"permutation": {"seed": np.zeros((30, 30))}}, r"number, found float64 \(30, 30\)"),
        ({"permutation": {"seed": np.timedelta64(7, "s")}}, r"whole number, found .*7.*"),
        (np.zeros((30, 30)), r"found float64 \(30, 30\); give each"),
    ],
)
def test_steps_with_keys_or_params_that_are_no_text_or_number_are_told(step, told):
    with pytest.raises(UsageError, match=rf"^World\('mine'\): .*{told}") as raised:
        World("mine", [step])
    assert "\n" not in str(raised.value)


def test_a_seed_may_be_numpy_s_whole_number(pong):
    seed = np.random.default_rng(0).integers(9, size=1)[0]
    world = World("mine", [{"permutation": {"seed": seed}}])
    assert np.array_equal(
        world.show(pong.frames),
        World("x", [{"permutation": {"seed": int(seed)}}]).show(pong.frames),
    )
    assert json.loads(world.make(pong).attributes["bijections"]) == [
        {"permutation": {"seed": int(seed)}}
    ]


def test_a_world_without_a_name_is_refused():
    with pytest.raises(UsageError, match=r"^World: expected a name, found None"):
        World(None, ["mirror"])


@pytest.mark.parametrize("steps", [["mirror"], ["invert"]])
def test_another_world_s_frames_are_refused_as_their_pixels_are_elsewhere(pong, steps):
    """The pixel map of the result was that of the bijections alone, and so wrong."""
    shown = World("first", steps).make(pong)
    with pytest.raises(UsageError, match=r"^world 'second': expected the original's .* 'first'; "):
        World("second", ["transpose"]).make(shown)


@pytest.mark.parametrize("content", [None, "frames.h5", np.zeros((2, 64, 64), bool)])
def test_what_is_no_frames_of_episodes_is_told_with_what_to_write(content):
    with pytest.raises(UsageError, match=r"^world 'mirror': expected Frames, .*; write show\("):
        World("mirror", ["mirror"]).make(content)


def test_a_split_that_does_not_exist_is_told(pong):
    with pytest.raises(UsageError, match=r"^split: expected one of train, .*found 'tset'"):
        pong.episodes("tset")
