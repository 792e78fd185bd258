"""Quantised weights are near the true ones, and simple ones are exact."""

import numpy as np
import pytest
import torch

from mwm import ArtefactError, UsageError
from mwm.library.quantise import dequantise, quantise
from mwm.models.model import MetaWorldModel, initialise
from mwm.settings.params import Params


@pytest.fixture
def model(defaults: Params) -> MetaWorldModel:
    small = defaults.train.model.model_copy(update={"hidden": 24, "memory": 20, "latent": 8})
    return initialise(small, ["original", "mirror"], 6, seed=3)


def test_every_weight_is_within_half_a_scale(model: MetaWorldModel) -> None:
    packed = quantise(model.state_dict())
    after = dequantise(packed)
    for name, value in model.state_dict().items():
        if name.endswith("weights"):
            assert name not in after
        elif packed[name].dtype == np.int8:
            error = (after[name] - value).abs().numpy()
            assert (error <= packed[f"{name}.scale"] * 0.5001).all()
        else:
            assert torch.equal(after[name], value)


def test_a_linear_layer_has_a_scale_per_row_and_an_embedding_one_per_column(
    model: MetaWorldModel,
) -> None:
    packed = quantise(model.state_dict())
    assert packed["memory.head.0.weight.scale"].shape == (40, 1)
    assert packed["visions.mirror.embedding.scale"].shape == (1, 24)


def test_whole_multiples_of_a_scale_are_exact() -> None:
    weights = torch.tensor([[127.0, -3.0, 0.0], [0.5, -63.5, 1.0], [0.0, 0.0, 0.0]])
    assert torch.equal(dequantise(quantise({"w": weights}))["w"], weights)


def test_quantising_twice_changes_nothing(model: MetaWorldModel) -> None:
    once = quantise(model.state_dict())
    twice = quantise(dequantise(once))
    assert all(np.array_equal(twice[name], once[name]) for name in once if "scale" not in name)


def test_bytes_and_vectors_are_kept() -> None:
    state = {"background": torch.arange(8, dtype=torch.uint8), "bias": torch.randn(5)}
    after = dequantise(quantise(state))
    assert torch.equal(after["background"], state["background"])
    assert torch.equal(after["bias"], state["bias"])


def test_what_was_quantised_is_not_quantised_again() -> None:
    """Its int8 numbers were kept, and could not be read back."""
    packed = quantise({"w": torch.ones(2, 3)})
    with pytest.raises(UsageError, match=r"^quantise: w: expected weights as they were trained"):
        quantise({name: torch.from_numpy(values) for name, values in packed.items()})


def test_scales_that_do_not_fit_are_refused() -> None:
    packed = {"w": np.ones((2, 3), np.int8), "w.scale": np.ones((3, 1), np.float32)}
    with pytest.raises(ArtefactError, match=r"w.scale: expected scales \(2, 1\) or \(1, 3\)"):
        dequantise(packed)


def test_what_is_int8_and_no_matrix_is_refused() -> None:
    with pytest.raises(ArtefactError, match=r"^w: expected int8 \(rows, columns\), found \(3,\)"):
        dequantise({"w": np.ones(3, np.int8), "w.scale": np.ones((3, 1), np.float32)})
