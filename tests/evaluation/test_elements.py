"""Key elements: every column against a slow computation that leaves no room for doubt."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mwm import MwmError
from mwm.evaluation import elements
from mwm.evaluation.elements import decoder_weight, latent_elements, picture_gradient
from mwm.models.model import initialise
from mwm.models.visions import KINDS

WORLDS = ["original", "mirror", "invert"]
COLUMNS = ["log_sigma", "spread", "distance", "weight", "gradient"]
LATENT = 5


@pytest.fixture
def settings(defaults):
    return defaults.evaluate.model_copy(update={"frames": 20, "length": 10})


def make(defaults, contents, kind="sparse"):
    changes = {"vision": kind, "latent": LATENT, "hidden": 16, "rank": 3}
    config = defaults.train.model.model_copy(update=changes)
    model = initialise(config, WORLDS, actions=6, seed=0)
    for world in WORLDS:
        model.vision(world).calibrate(torch.from_numpy(contents[world].frames[:50]))
    return model


def judge(model, contents, settings):
    """Per world: {column: (latent,) array}."""
    rows = latent_elements("test", model, {w: contents[w] for w in WORLDS}, settings)
    assert [(row["world"], row["dimension"]) for row in rows] == [
        (world, k) for world in WORLDS for k in range(LATENT)
    ]
    assert {row["model"] for row in rows} == {"test"}
    assert all(round(row[column], 6) == row[column] for row in rows for column in COLUMNS)
    return {
        world: {c: np.array([row[c] for row in rows if row["world"] == world]) for c in COLUMNS}
        for world in WORLDS
    }


def shown_frames(content, length, count):
    """What `windows` promises, spelt out: sequences spread evenly over the test episodes."""
    starts = []
    for e in content.episodes("test"):
        first, end = content.episode_offsets[e : e + 2]
        while first + length < end:
            starts.append(first)
            first += length
    starts = [starts[int(i)] for i in np.linspace(0, len(starts) - 1, count)]
    return [content.frames[start + t] for start in starts for t in range(length)]


@torch.no_grad()
def encode_one_by_one(vision, frames):
    pairs = [vision.encode(vision.unpack(torch.from_numpy(frame[None]))) for frame in frames]
    return tuple(np.array([pair[i][0].numpy() for pair in pairs], np.float64) for i in (0, 1))


def slow_weight(vision):
    weight = vision.decoder[0].weight.detach().numpy()
    return [sum(abs(float(w)) for w in weight[:, k]) for k in range(LATENT)]


@pytest.mark.parametrize("kind", list(KINDS))
def test_columns_are_what_a_slow_computation_finds(defaults, contents, settings, kind):
    length = 2 if kind == "conv" else 10  # conv is slow
    settings = settings.model_copy(update={"frames": 2 * length + 1, "length": length})
    model = make(defaults, contents, kind)
    found = judge(model, contents, settings)
    frames = {world: shown_frames(contents[world], length, 2) for world in WORLDS}
    original = encode_one_by_one(model.vision("original"), frames["original"])[0]
    for world in WORLDS:
        mean, log_variance = encode_one_by_one(model.vision(world), frames[world])
        log_sigma = np.log(np.sqrt(np.exp(log_variance))).mean(0)
        spread = np.sqrt(((mean - mean.mean(0)) ** 2).mean(0))
        assert found[world]["log_sigma"] == pytest.approx(log_sigma, abs=2e-5)
        assert found[world]["spread"] == pytest.approx(spread, abs=2e-5)
        assert found[world]["distance"] == pytest.approx(abs(mean - original).mean(0), abs=2e-5)
        assert found[world]["weight"] == pytest.approx(slow_weight(model.vision(world)), abs=2e-5)
        slopes = slow_gradient(model.vision(world), torch.tensor(mean, dtype=torch.float32))
        assert found[world]["gradient"] == pytest.approx(slopes, rel=5e-3)
    assert (found["original"]["distance"] == 0).all()
    assert (found["mirror"]["distance"] > 0).all()


@torch.no_grad()
def slow_gradient(vision, z, step=1e-4):
    """Central differences, in double precision."""
    vision.double()
    z = z.double()
    slopes = []
    for k in range(z.shape[1]):
        up, down = z.clone(), z.clone()
        up[:, k] += step
        down[:, k] -= step
        change = torch.sigmoid(vision.decode(up)) - torch.sigmoid(vision.decode(down))
        slopes.append((change.abs() / (2 * step)).sum(1).mean().item())
    vision.float()
    return slopes


@pytest.mark.parametrize("kind", ["sparse", "dense"])  # conv: 4096 slow backward passes
def test_the_gradient_is_that_of_autograd(defaults, contents, kind):
    vision = make(defaults, contents, kind).vision("invert")
    z = torch.randn(2, LATENT, generator=torch.Generator().manual_seed(0))

    def probabilities(code):
        return torch.sigmoid(vision.decode(code[None]))[0]

    slopes = []
    for code in z:
        exact = torch.autograd.functional.jacobian(probabilities, code)
        assert exact.shape == (4096, LATENT)
        slopes.append(exact.abs().sum(0).numpy())
    assert picture_gradient(vision, z).numpy() == pytest.approx(np.mean(slopes, 0), rel=1e-4)


def test_the_gradient_is_taken_on_a_few_frames_evenly_chosen(
    defaults, contents, settings, monkeypatch
):
    seen = []

    def spy(vision, z):
        seen.append(z)
        return picture_gradient(vision, z)

    monkeypatch.setattr(elements, "GRADIENT_FRAMES", 4)
    monkeypatch.setattr(elements, "picture_gradient", spy)
    model = make(defaults, contents)
    judge(model, contents, settings)
    for world, z in zip(WORLDS, seen, strict=True):
        frames = shown_frames(contents[world], 10, 2)
        expected, _ = encode_one_by_one(model.vision(world), [frames[i] for i in (0, 6, 12, 19)])
        assert z.numpy() == pytest.approx(expected, abs=1e-5)


def test_worlds_with_one_and_the_same_v_and_frames_are_no_distance_apart(
    defaults, contents, settings
):
    model = make(defaults, contents)
    for world in WORLDS[1:]:
        model.vision(world).load_state_dict(model.vision("original").state_dict())
    found = judge(model, dict.fromkeys(WORLDS, contents["original"]), settings)
    for world in WORLDS:
        assert (found[world]["distance"] == 0).all()
        for column in COLUMNS:
            assert (found[world][column] == found["original"][column]).all()


def test_a_dimension_that_the_decoder_ignores_has_no_weight_and_no_gradient(
    defaults, contents, settings
):
    model = make(defaults, contents)
    with torch.no_grad():
        model.vision("mirror").decoder[0].weight[:, 3] = 0
    found = judge(model, contents, settings)["mirror"]
    for column in ("weight", "gradient"):
        assert list(found[column] == 0) == [False, False, False, True, False]


def test_weights_of_a_transposed_convolution_are_those_that_leave_the_dimension():
    vision = torch.nn.Module()
    vision.kind = "own"
    vision.decoder = torch.nn.Sequential(
        torch.nn.Unflatten(1, (2, 1, 1)), torch.nn.ConvTranspose2d(2, 3, 4)
    )
    with torch.no_grad():
        vision.decoder[1].weight[0] = -0.5
        vision.decoder[1].weight[1] = 0.25
    assert decoder_weight(vision).tolist() == [0.5 * 3 * 16, 0.25 * 3 * 16]
    vision.decoder = torch.nn.Sequential(torch.nn.ReLU())
    with pytest.raises(TypeError, match="own: expected a Linear or ConvTranspose2d"):
        decoder_weight(vision)


def test_no_gradient_is_kept_and_the_weights_stay(defaults, contents, settings):
    model = make(defaults, contents)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    judge(model, contents, settings)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_worlds_of_other_plays_are_refused(defaults, contents, settings):
    other = replace(contents["mirror"], actions=contents["mirror"].actions[::-1].copy())
    with pytest.raises(MwmError, match="worlds original and mirror: expected the same actions"):
        judge(make(defaults, contents), {**contents, "mirror": other}, settings)
