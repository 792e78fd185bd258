"""Values that are given the distribution of others."""

from itertools import permutations

import pytest
import torch

from mwm.settling import transport as module
from mwm.settling.transport import transport


def line(n: int, seed: int) -> torch.Tensor:
    """Points on a curve in a plane, more of them towards one end."""
    t = torch.rand(n, generator=torch.Generator().manual_seed(seed)) ** 2
    return torch.stack([torch.cos(2 * t), torch.sin(2 * t)], 1)


def test_values_that_are_distributed_alike_stay() -> None:
    assert transport(line(20_000, 1), line(20_000, 2)).norm(dim=1).mean() < 0.01


def test_a_warp_along_a_curve_is_undone() -> None:
    true = line(20_000, 1)
    t = torch.atan2(true[:, 1], true[:, 0])
    warped = t + 0.1 * torch.sin(torch.pi * t / 2)
    values = torch.stack([torch.cos(warped), torch.sin(warped)], 1)
    moved = values + transport(values, line(20_000, 2))
    before, after = ((x - true).norm(dim=1).mean() for x in (values, moved))
    assert after < 0.25 * before


def test_few_clusters_move_as_the_best_of_all_permutations_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CLUSTERS", 6)
    monkeypatch.setattr(module, "SHARPNESS", 0.01)
    rng = torch.Generator().manual_seed(0)
    values, reference = torch.randn(6, 2, generator=rng), torch.randn(6, 2, generator=rng)
    best = min(permutations(range(6)), key=lambda to: (reference[list(to)] - values).square().sum())
    expected = reference[list(best)] - values
    assert torch.allclose(transport(values, reference), expected, atol=1e-3)


def test_values_that_are_all_the_same_become_the_reference() -> None:
    """Distances of nothing were divided by each other."""
    same = torch.full((500, 2), 0.3)
    assert transport(same, same).abs().max() < 1e-6
    assert torch.allclose(same + transport(same, same + 1), same + 1)
    assert transport(line(500, 1), same).isfinite().all()


def test_fewer_values_than_clusters_are_no_fault() -> None:
    """A bat has some sixty places."""
    places = torch.arange(5.0)[:, None].expand(5, 2).repeat(100, 1)
    assert transport(places, places).abs().max() < 1e-3
