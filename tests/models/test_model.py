"""The meta-world model: initial weights, files, and what is refused."""

import resource

import pytest
import torch
from forgery import change_record

from mwm import MwmError
from mwm.io import records
from mwm.models.encoding import decode, dream, encode, encode_sequences
from mwm.models.model import MANIFEST, WEIGHTS, initialise, load, save


@pytest.fixture
def model(defaults, contents):
    model = initialise(defaults.train.model, ["original", "mirror"], 6, seed=0)
    for world in model.worlds:
        model.vision(world).calibrate(torch.from_numpy(contents[world].frames))
    return model


@pytest.fixture
def folder(model, tmp_path):
    save(model, tmp_path, {})
    return tmp_path


def equal(one, other) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_saved_model_is_read_back_and_decodes_the_same(model, folder):
    again = load(folder)
    assert equal(model, again)
    z = torch.zeros(3, 32)
    assert torch.equal(decode(model, "mirror", z), decode(again, "mirror", z))


def test_the_same_model_gives_the_same_bytes_whatever_the_folder(model, tmp_path):
    for name in ("a", "another"):
        save(model, tmp_path / name, {"act": 1})
    for file in (WEIGHTS, MANIFEST):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "another" / file).read_bytes()


def test_a_world_s_initial_weights_do_not_depend_on_the_worlds_beside_it(defaults, model):
    alone = initialise(defaults.train.model, ["mirror"], 6, seed=0)
    other_seed = initialise(defaults.train.model, ["mirror"], 6, seed=1)
    assert torch.equal(alone.vision("mirror").embedding, model.vision("mirror").embedding)
    assert not torch.equal(alone.vision("mirror").embedding, other_seed.vision("mirror").embedding)


def test_initialising_leaves_the_global_generator_alone(defaults):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    initialise(defaults.train.model, ["original"], 6, seed=0)
    assert torch.equal(torch.rand(3), expected)


def test_adopting_copies_weights_and_background(defaults, model):
    other = initialise(defaults.train.model, ["original", "mirror"], 6, seed=9)
    other.adopt(model)
    assert equal(other.visions, model.visions)
    assert not equal(other.memory, model.memory)


def test_sequences_are_read_as_their_frames_and_m_never_sees_the_future(model, contents):
    content = contents["original"]
    packed = torch.from_numpy(content.frames[:20]).view(2, 10, 512)
    actions = torch.from_numpy(content.actions[:20].astype("int64")).view(2, 10)
    whole = encode_sequences(model, "original", packed, actions)
    frame = encode_sequences(model, "original", packed[1:, 3:4], actions[1:, 3:4])
    torch.testing.assert_close(whole.code[1, 3], frame.code[0, 0])
    start = encode_sequences(model, "original", packed[:, :4], actions[:, :4])
    torch.testing.assert_close(whole.prediction[:, :4], start.prediction)


def test_m_reads_a_sequence_in_parts_or_step_by_step_as_it_reads_the_whole(model):
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(3, 6, 32, generator=rng)
    actions = torch.randint(0, 6, (3, 6), generator=rng)
    whole = model.memory(z, actions)
    *start, state = model.memory.read(z[:, :4], actions[:, :4])
    parts = [start]
    for t in (4, 5):
        mean, log_variance, state = model.memory.step(z[:, t], actions[:, t], state)
        parts.append([mean[:, None], log_variance[:, None]])
    for one, pieces in zip(whole, zip(*parts, strict=True), strict=True):
        torch.testing.assert_close(one, torch.cat(pieces, 1))


def test_frames_are_encoded_alike_in_batches_of_any_size(model, contents):
    packed = torch.from_numpy(contents["mirror"].frames[:50])
    vision = model.vision("mirror")
    with torch.no_grad():
        expected = vision.encode(vision.unpack(packed))
    for found, whole in zip(encode(vision, packed, batch=7), expected, strict=True):
        torch.testing.assert_close(found, whole)


def refusal(folder, expected=None) -> str:
    with pytest.raises(MwmError) as raised:
        load(folder, expected)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_another_architecture_is_refused_by_the_name_of_the_param(defaults, folder):
    wanted = defaults.train.model.model_copy(update={"latent": 16})
    said = refusal(folder, wanted)
    assert "train.model.latent: expected 16 (params.yaml), found 32" in said


def test_weights_of_another_architecture_than_the_manifest_s_are_refused(folder):
    manifest = records.read(folder / MANIFEST)
    change_record(folder / MANIFEST, model=manifest["model"] | {"hidden": 128})
    assert "expected torch.float32" in refusal(folder)


def test_a_world_that_the_manifest_does_not_list_is_refused(folder):
    change_record(folder / MANIFEST, worlds=["original"])
    assert "visions.mirror" in refusal(folder)


@pytest.mark.parametrize("file", [WEIGHTS, MANIFEST])
def test_missing_truncated_and_foreign_files_are_refused_by_name(folder, file):
    path = folder / file
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"\x80\x04K\x01.", b"[]", b"{}"):
        path.write_bytes(content)
        assert file in refusal(folder)
    path.unlink()
    assert "not found" in refusal(folder)


def test_weights_that_are_not_finite_are_refused(model, tmp_path):
    with torch.no_grad():
        model.memory.lstm.bias_hh_l0[0] = float("nan")
    save(model, tmp_path, {})
    assert "memory.lstm.bias_hh_l0: expected finite numbers" in refusal(tmp_path)


def test_a_full_disk_is_told_and_nothing_half_written_is_left(model, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # as good as a full disk
    try:
        with pytest.raises(MwmError, match=r"model\.safetensors: cannot be written"):
            save(model, tmp_path, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_model_of_more_than_256_mib_is_read_back(defaults, tmp_path):
    large = defaults.train.model.model_copy(update={"vision": "dense", "hidden": 4096})
    model = initialise(large, ["original"], 6, seed=0)
    save(model, tmp_path, {})
    assert (tmp_path / WEIGHTS).stat().st_size > 2**28
    assert equal(model, load(tmp_path))


def test_a_dream_takes_each_action_after_its_frame(module, contents):
    packed = torch.from_numpy(contents["mirror"].frames[:8]).view(2, 4, 512)
    actions = torch.arange(14).view(2, 7) % 6
    found = dream(module, "mirror", packed, actions)
    z = encode(module.vision("mirror"), packed.flatten(0, 1))[0].unflatten(0, (2, 4))
    now, state, expected = None, None, []
    with torch.no_grad():
        for t in range(6):
            now, _, state = module.memory.step(z[:, t] if t < 4 else now, actions[:, t], state)
            expected.append(now)
    torch.testing.assert_close(found, torch.stack(expected[3:], 1))
