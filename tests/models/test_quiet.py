"""Dimensions by which V says next to nothing are neither read nor changed, by M and by a player.

What is left in them differs from world to world. M and a policy that scaled them like the others
read noise in every world but the original, and a player kept as little as 68% of its score there.
"""

import pytest
import torch

from mwm.control.policy import initialise
from mwm.models.memory import Memory, spreads
from mwm.settings.params import Params

LATENT, ACTIONS, FRAMES = 6, 4, 500
QUIET = [1, 4]


@pytest.fixture
def z() -> torch.Tensor:
    """Latents of spread 1, two dimensions of which hardly vary."""
    latents = torch.randn(FRAMES, LATENT, generator=torch.Generator().manual_seed(0))
    latents[:, QUIET] *= 0.1
    return latents


def elsewhere(z: torch.Tensor) -> torch.Tensor:
    """The same in another world: something else is left in the quiet dimensions."""
    other = z.clone()
    other[..., QUIET] += 0.2
    return other


def test_quiet_dimensions_have_no_spread(z: torch.Tensor) -> None:
    assert (spreads(z) == 0).nonzero().flatten().tolist() == QUIET
    little = spreads(0.001 * z)
    assert (little == 0).nonzero().flatten().tolist() == QUIET, "also where V says little"
    assert float(little.max()) == pytest.approx(0.05), "a small spread is not blown up"


@pytest.mark.parametrize("predicts", ["change", "latent"])
def test_m_reads_what_v_says_alone(z: torch.Tensor, defaults: Params, predicts: str) -> None:
    small = {"latent": LATENT, "memory": 8, "predicts": predicts}
    memory = Memory(defaults.train.model.model_copy(update=small), ACTIONS)
    memory.calibrate(z)
    actions = torch.arange(FRAMES)[None] % ACTIONS
    with torch.no_grad():
        here, _ = memory(z[None], actions)
        there, _ = memory(elsewhere(z)[None], actions)
    said = [place for place in range(LATENT) if place not in QUIET]
    same = torch.equal(here[..., said], there[..., said])
    assert same == (predicts == "change"), "the paper's M reads all of z"
    if same:
        assert torch.equal(there[..., QUIET], elsewhere(z)[None][..., QUIET]), "left as they were"


def test_a_policy_reads_what_v_says_and_all_of_m(z: torch.Tensor) -> None:
    remembered = 0.1 * torch.randn(FRAMES, 8, generator=torch.Generator().manual_seed(1))
    policy = initialise(LATENT + 8, ACTIONS, 16, seed=0)
    policy.calibrate(torch.cat([z, remembered], 1), LATENT)
    assert (policy.spread[LATENT:] > 0).all()
    likely, value = policy(torch.cat([z, remembered], 1))
    elsewhere_likely, elsewhere_value = policy(torch.cat([elsewhere(z), remembered], 1))
    assert torch.equal(elsewhere_likely, likely)
    assert torch.equal(elsewhere_value, value)
    assert not torch.equal(policy(torch.cat([z + 0.2, remembered], 1))[0], likely)
