"""`mwm.load` and what a trained model does, against the modules that it is made of."""

import re

import numpy as np
import pytest
import torch

import mwm
from mwm.models.encoding import encode_sequences
from mwm.models.model import initialise, save


def test_a_folder_of_runs_is_one_model_of_all_worlds_as_each_run_has_them(trained, model, frames):
    assert model.worlds == ["original", "mirror", "transpose"]
    assert model.actions == 6
    assert model.latent == 32
    assert "mirror" in repr(model)
    for world in ("mirror", "transpose"):
        run = mwm.load(trained / "runs" / world)
        assert run.worlds == ["original", world]
        assert np.array_equal(run.encode(world, frames), model.encode(world, frames))
    anchor = mwm.load(str(trained / "runs" / "anchor"))
    assert np.array_equal(anchor.encode("original", frames), model.encode("original", frames))
    seen = mwm.load(trained / "runs" / "see" / "mirror")
    assert seen.worlds == ["mirror"]
    assert not np.array_equal(seen.encode("mirror", frames), model.encode("mirror", frames))


def test_latents_are_the_posterior_s_means(model, frames):
    vision = model.module.vision("mirror")
    expected = vision.encode(vision.unpack(torch.from_numpy(frames)))[0].detach().numpy()
    z = model.encode("mirror", frames)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z, expected, rtol=1e-5, atol=1e-6)


def test_frames_of_either_form_and_any_leading_axes_are_encoded_alike(model, frames):
    z = model.encode("mirror", frames)
    for given in (mwm.unpack(frames), torch.from_numpy(frames), np.asfortranarray(frames)):
        assert np.array_equal(model.encode("mirror", given), z)
    assert np.array_equal(model.encode("mirror", frames.reshape(4, 10, 512)).reshape(40, -1), z)
    np.testing.assert_allclose(model.encode("mirror", frames[0]), z[0], rtol=1e-4, atol=1e-5)
    assert model.encode("mirror", frames[:0]).shape == (0, 32)
    frozen = frames.copy()
    frozen.setflags(write=False)
    assert np.array_equal(model.encode("mirror", frozen), z)


def test_decoding_gives_the_probability_of_every_pixel(model, frames):
    z = model.encode("original", frames)
    seen = model.decode("transpose", z)
    logits = model.module.vision("transpose").decode(torch.from_numpy(z)).detach()
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen.reshape(40, -1), torch.sigmoid(logits), rtol=1e-4, atol=1e-6)
    assert np.array_equal(model.decode("transpose", z.reshape(2, 20, 32)).reshape(seen.shape), seen)
    assert np.array_equal(model.decode("transpose", torch.from_numpy(z)), seen)
    assert np.array_equal(model.decode("transpose", z.astype(np.float64)), seen)
    assert model.decode("transpose", z[0]).shape == (64, 64)
    assert model.decode("transpose", z[:0]).shape == (0, 64, 64)
    assert np.array_equal(model.translate("original", "transpose", frames), seen)


def test_training_shows_a_model_that_has_learned_something(model, frames):
    own = model.translate("original", "original", frames)
    truth = mwm.unpack(frames)
    assert np.square(own - truth).sum() < np.square(0.5 - truth).sum() / 2


def test_predictions_are_those_of_m_step_by_step(model, frames, actions):
    packed = torch.from_numpy(frames).view(2, 20, 512)
    taken = torch.from_numpy(actions.astype(np.int64)).view(2, 20)
    expected = encode_sequences(model.module, "mirror", packed, taken)
    found = model.predict(expected.code.numpy(), actions.reshape(2, 20))
    np.testing.assert_allclose(found, expected.prediction, rtol=1e-4, atol=1e-5)
    single = model.predict(expected.code[1], actions[20:].tolist())
    np.testing.assert_allclose(single, expected.prediction[1], rtol=1e-4, atol=1e-5)


def test_a_dream_goes_on_from_its_own_predictions_and_reads_every_step_once(model, frames, actions):
    seen, steps = 12, 8
    packed = frames.reshape(2, 20, 512)[:, :seen]
    taken = actions.reshape(2, 20)
    expected = model.encode("mirror", packed)
    for now in range(seen, seen + steps):  # from the start each time: slow and obvious
        after = model.predict(expected, taken[:, :now])[:, -1:]
        expected = np.concatenate([expected, after], axis=1)
    read = []
    hook = model.module.memory.head.register_forward_hook(
        lambda _, inputs, __: read.append(inputs[0].shape[1] if inputs[0].dim() == 3 else 1)
    )
    found = model.dream("mirror", packed, taken[:, : seen - 1 + steps], steps)
    hook.remove()
    assert sum(read) == seen + steps - 1
    np.testing.assert_allclose(found, expected[:, seen:], rtol=1e-3, atol=1e-4)
    single = model.dream("mirror", packed[1], taken[1, : seen - 1 + steps], steps)
    np.testing.assert_allclose(single, found[1], rtol=1e-3, atol=1e-4)


Z = np.zeros((5, 32), np.float32)
FRAMES = np.zeros((5, 512), np.uint8)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda m: m.encode("miror", FRAMES), "found 'miror'; did you mean 'mirror'?"),
        (lambda m: m.decode(3, Z), "world: expected one of original, mirror, transpose, found 3"),
        (lambda m: m.translate("original", "vswap", FRAMES), "found 'vswap'"),
        (lambda m: m.encode("mirror", Z), "or (..., 512) uint8, found float32 (5, 32)"),
        (lambda m: m.encode("mirror", np.zeros((5, 64, 64))), "write frames > 0.5"),
        (lambda m: m.decode("mirror", Z[:, :31]), "z: expected (..., 32) float32, found float32"),
        (lambda m: m.decode("mirror", FRAMES), "found uint8 (5, 512)"),
        (lambda m: m.decode("mirror", Z + np.nan), "z: expected finite numbers"),
        (lambda m: m.predict(Z[0], [0]), "(t, 32) float32, found float32 (32,); write z[None]"),
        (lambda m: m.predict(Z, [0] * 4), "actions: expected (5,) integers, found int64 (4,)"),
        (lambda m: m.predict(Z, [0.0] * 5), "found float64 (5,)"),
        (lambda m: m.predict(Z, [0, 1, 6, 7, 0]), "actions: expected 0..5, found 6; they are"),
        (lambda m: m.predict(Z, [0, -1, 0, 0, 0]), "found -1"),
        (lambda m: m.dream("mirror", FRAMES, [0] * 5, 2), "expected (6,) integers, found int64"),
        (lambda m: m.dream("mirror", FRAMES, [0] * 4, 0), "steps: expected a whole number from 1"),
        (lambda m: m.dream("mirror", FRAMES[0], [0], 1), "expected sequences, .* frames[None]"),
    ],
)
def test_mistakes_are_told_in_one_line_with_what_was_expected(model, call, told):
    with pytest.raises(mwm.UsageError) as raised:
        call(model)
    assert "\n" not in str(raised.value)
    assert re.search(re.escape(told).replace(r"\.\*", ".*"), str(raised.value)), raised.value


def test_nothing_is_learned_and_results_are_the_caller_s(model, frames):
    assert not model.module.training
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    z = model.encode("original", frames)
    model.dream("original", frames, [0] * len(frames), 1)[:] = 0
    for made in (model.predict(z, [0] * len(z)), model.decode("original", z), z):
        made[:] = 0
    after = model.module.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert model.encode("original", frames).any()


def test_runs_of_different_anchors_are_refused_with_what_to_load(defaults, tmp_path):
    for seed, world in enumerate(["hswap", "mirror"]):
        save(initialise(defaults.train.model, ["original", world], 6, seed), tmp_path / world, {})
    with pytest.raises(mwm.ArtefactError) as raised:
        mwm.load(tmp_path)
    assert f"mirror: expected the anchor of {tmp_path}/hswap, found another" in str(raised.value)
    assert f'write mwm.load("{tmp_path}/hswap") for one of them' in str(raised.value)
    assert mwm.load(tmp_path / "hswap").worlds == ["original", "hswap"]


def test_a_folder_without_runs_is_told_with_what_to_load(trained, tmp_path):
    with pytest.raises(mwm.UsageError, match=r"expected a folder of trained .*'nowhere'"):
        mwm.load("nowhere")
    with pytest.raises(mwm.ArtefactError, match=r"found none$"):
        mwm.load(tmp_path)
    with pytest.raises(mwm.ArtefactError, match=r'; write mwm\.load\(".*/runs"\)$'):
        mwm.load(trained)
    with pytest.raises(mwm.ArtefactError, match=r'; write mwm\.load\(".*/see/mirror"\)$'):
        mwm.load(trained / "runs" / "see")
