"""Each constraint is a distance between distributions, not between pairs."""

import math

import pytest
import torch

from mwm import UsageError
from mwm.training import constraints
from mwm.training.constraints import (
    BANDWIDTHS,
    CONTRAST,
    KINDS,
    SINKHORN,
    Posterior,
    mmd,
    moments,
    sinkhorn,
    transport,
    weighted,
)

SET_WISE = [kind for kind in KINDS if kind != "contrast"]  # contrast compares pairs: see below


def posterior(seed: int, shift: float = 0.0, count: int = 300) -> Posterior:
    rng = torch.Generator().manual_seed(seed)
    mean = torch.randn(count, 4, generator=rng) + shift
    return Posterior(mean, torch.randn(count, 4, generator=rng))


def distance(kind: str, one: Posterior, other: Posterior) -> float:
    return KINDS[kind](one, other, torch.Generator().manual_seed(0)).item()


@pytest.mark.parametrize("kind", SET_WISE)
def test_it_does_not_see_which_frame_belongs_to_which(kind):
    one, other = posterior(0), posterior(1, shift=0.5)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(2))
    shuffled = Posterior(one.mean[order], one.log_variance[order])
    assert distance(kind, shuffled, other) == pytest.approx(distance(kind, one, other), rel=1e-4)


@pytest.mark.parametrize("kind", SET_WISE)
def test_it_grows_with_the_shift_and_is_small_between_equals(kind):
    near, middle, far = (distance(kind, posterior(1, s), posterior(1)) for s in (0, 0.5, 1.0))
    assert near < middle < far
    assert abs(near) < 0.1 * far


@pytest.mark.parametrize("kind", SET_WISE)
def test_its_gradient_pulls_towards_the_reference(kind):
    mean = posterior(0, shift=1.0).mean.requires_grad_()
    KINDS[kind](
        Posterior(mean, torch.zeros(300, 4)), posterior(1), torch.Generator().manual_seed(0)
    ).backward()
    assert (mean.grad.mean(0) > 0).all(), "a step against the gradient lowers the mean"


def test_moments_are_the_papers_equation_9():
    one, other = posterior(0), posterior(1, shift=0.3)
    expected = 0.0
    for k in range(4):
        expected += (one.mean[:, k].mean() - other.mean[:, k].mean()) ** 2
        sigmas = [(p.log_variance[:, k] / 2).mean() for p in (one, other)]
        expected += (sigmas[0] - sigmas[1]) ** 2
    assert distance("moments", one, other) == pytest.approx(expected.item(), rel=1e-5)


def test_contrast_sees_the_halves_of_a_batch_and_nothing_finer():
    one, other = posterior(0), posterior(1, shift=0.5)
    rng = torch.Generator().manual_seed(2)
    within = torch.cat([torch.randperm(150, generator=rng), 150 + torch.randperm(150)])
    across = torch.randperm(300, generator=rng)
    before = distance("contrast", one, other)
    for order, same in ((within, True), (across, False)):
        shuffled = Posterior(one.mean[order], one.log_variance[order])
        assert (distance("contrast", shuffled, other) == pytest.approx(before, rel=1e-4)) is same


def test_contrast_is_the_offset_and_the_weighted_change_written_slowly():
    one, other = posterior(0), posterior(1, shift=0.3)
    offset = change = 0.0
    for x, y in ((one.mean, other.mean), (one.log_variance / 2, other.log_variance / 2)):
        for k in range(4):
            first = x[:150, k].mean() - y[:150, k].mean()
            second = x[150:, k].mean() - y[150:, k].mean()
            offset += ((first + second) / 2) ** 2
            change += ((first - second) / 2) ** 2
    expected = (offset + CONTRAST * change).item()
    assert distance("contrast", one, other) == pytest.approx(expected, rel=1e-4)
    assert distance("contrast", one, one) == 0


def test_transport_pulls_every_code_to_its_counterpart_without_being_told_which_it_is():
    reference = posterior(0)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(2))
    moved = reference.mean[order] + 0.02
    moved.requires_grad_()
    transport(
        Posterior(moved, reference.log_variance[order]), reference, torch.Generator()
    ).backward()
    wanted = (moved - reference.mean[order]).detach()
    assert torch.cosine_similarity(moved.grad, wanted, dim=1).median() > 0.99


def test_transport_is_sinkhorns_assignment_written_slowly():
    one, other = posterior(0, count=5), posterior(1, shift=0.4, count=7)
    precision = [(-other.log_variance[:, k]).exp().mean().item() for k in range(4)]

    def cost(i, j):
        gaps = (one.mean[i] - other.mean[j]).tolist()
        return sum(gap**2 * p for gap, p in zip(gaps, precision, strict=True))

    nearest = [min(cost(i, j) for j in range(7)) for i in range(5)]
    softness = sorted(nearest)[2]
    plan = [[math.exp((nearest[i] - cost(i, j)) / softness) for j in range(7)] for i in range(5)]
    for _ in range(SINKHORN):
        columns = [sum(row[j] for row in plan) for j in range(7)]
        plan = [[value / columns[j] for j, value in enumerate(row)] for row in plan]
        plan = [[value / sum(row) for value in row] for row in plan]
    expected = 0.0
    for i, row in enumerate(plan):
        for x, y in ((one.mean, other.mean), (one.log_variance / 2, other.log_variance / 2)):
            assigned = sum(share * y[j] for j, share in enumerate(row))
            expected += (x[i] - assigned).square().sum().item() / 5
    assert distance("transport", one, other) == pytest.approx(expected, rel=1e-3)


def test_moments_are_blind_where_mmd_is_not():
    one = posterior(0)
    twins = Posterior(torch.sign(one.mean), one.log_variance)  # another shape, about the same mean
    assert mmd(twins, posterior(1), torch.Generator()) > 0.05
    assert moments(twins, one, torch.Generator()) < 0.01


def test_mmd_is_the_unbiased_estimate_written_slowly():
    one, other = posterior(0, count=12), posterior(1, 0.4, count=9)
    squared = torch.cdist(other.mean, other.mean).square().median()

    def kernel(a, b):
        d = (a - b).square().sum()
        return sum((-d / (2 * w**2 * squared)).exp().item() for w in BANDWIDTHS)

    x, y = one.mean, other.mean
    xx = sum(kernel(x[i], x[j]) for i in range(12) for j in range(12) if i != j) / (12 * 11)
    yy = sum(kernel(y[i], y[j]) for i in range(9) for j in range(9) if i != j) / (9 * 8)
    xy = sum(kernel(a, b) for a in x for b in y) / (12 * 9)
    assert distance("mmd", one, other) == pytest.approx(xx + yy - 2 * xy, abs=1e-4)


def test_an_unknown_kind_is_told_with_its_place_and_the_closest():
    with pytest.raises(
        UsageError, match=r"constraints: unknown constraint 'contras'.*did you mean 'contrast'\?"
    ):
        weighted({"contras": 1.0}, "train.recruit.constraints")


def test_sinkhorn_is_transport_less_that_of_the_cloud_to_itself():
    rng = torch.Generator().manual_seed(0)
    ours, theirs = (
        Posterior(torch.randn(n, 3, generator=rng), torch.randn(n, 3, generator=rng))
        for n in (6, 9)
    )
    scale = (-theirs.log_variance).exp().mean(0).sqrt()
    here, there = ours.mean * scale, theirs.mean * scale
    to = constraints._plan(torch.cdist(here, there).square())
    apart = torch.cdist(here, here).square()
    apart.fill_diagonal_(torch.inf)
    own = constraints._plan(apart)
    assert (own.diagonal() == 0).all()
    expected = 0.0
    for i in range(6):
        pull = sum(to[i, j] * theirs.mean[j] for j in range(9))
        inwards = sum(own[i, j] * ours.mean[j] for j in range(6))
        sigma = sum(to[i, j] * theirs.log_variance[j] for j in range(9))
        expected += (pull - inwards).square().sum() / 6
        expected += (0.5 * (ours.log_variance[i] - sigma)).square().sum() / 6
    torch.testing.assert_close(sinkhorn(ours, theirs, rng), expected)
