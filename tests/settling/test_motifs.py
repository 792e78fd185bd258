"""Motifs that come again: told apart by rare pixels, and read by how often each comes."""

from dataclasses import replace

import numpy as np
import torch
from small_sides import pictures
from small_world import as_is, look_at, states_of_play
from torch import Tensor

from mwm.io.frames import Frames
from mwm.settling import motifs
from mwm.settling.motifs import Motifs
from mwm.settling.sums import Sums

SHARES = [0.4, 0.24, 0.16, 0.12, 0.08]  # of five fractions of a step


def sums_of(contents: dict[str, Frames], packed: np.ndarray) -> Sums:
    """Codes of frames, all of which are known."""
    states, actions = states_of_play(1)
    codes = look_at(states, actions, as_is)
    frames = replace(contents["original"], frames=packed)
    return Sums(codes, frames, torch.zeros(len(states), 2))


def test_frames_are_alike_if_they_show_the_same_rare_pixels(contents: dict[str, Frames]) -> None:
    packed = pictures(states_of_play(1)[0])
    dark = 1 - np.unpackbits(packed, axis=1)  # frames are mostly white
    rare = (dark.mean(0) <= 0.02) & dark.any(0)
    assert 0 < rare.sum() < dark.any(0).sum()
    shown = [frozenset(np.flatnonzero(frame & rare)) for frame in dark]
    found = sums_of(contents, packed).alike(0.02).tolist()
    assert len({*zip(shown, found, strict=True)}) == len({*shown}) == len({*found})
    assert all((kind == -1) == (not pixels) for pixels, kind in zip(shown, found, strict=True))
    inverted = sums_of(contents, ~packed).alike(0.02).tolist()
    assert inverted == found


def test_motifs_come_often_enough(contents: dict[str, Frames]) -> None:
    sums = sums_of(contents, pictures(states_of_play(1)[0]))
    kinds = sums.alike(motifs.RARE)
    found = motifs.sort(sums)
    counts = torch.bincount(found.of[found.of >= 0])
    assert len(found.shares) > 5
    assert counts.min() >= motifs.LEAST
    assert torch.equal(found.shares, counts.double() / len(kinds))
    left = kinds[(found.of < 0) & (kinds >= 0)]
    assert len(left) == 0 or torch.bincount(left).max() < motifs.LEAST
    for motif in range(len(counts)):
        assert len(kinds[found.of == motif].unique()) == 1


def flights(seed: int, count: int) -> tuple[Motifs, Tensor]:
    """Motifs and codes (n, 2) of flights that start at one of five fractions of a step."""
    chance = torch.Generator().manual_seed(seed)
    of = torch.multinomial(torch.tensor(SHARES), count, replacement=True, generator=chance)
    z = torch.stack([of.float(), torch.zeros(count)], 1)
    z += 0.8 * torch.randn(z.shape, generator=chance)
    return Motifs(of, torch.bincount(of).double() / count), z


def test_flights_that_were_all_read_a_fraction_of_a_step_early_are_read_in_time() -> None:
    """The nearest motif is the next one's, which fits as well; the last is nearest to none."""
    (ours, right), (theirs, true) = flights(1, 4000), flights(2, 3000)
    early = true + torch.tensor([1.0, 0.0])
    for _ in range(4):  # as settling does
        early += motifs.change(ours, right, theirs, early)
    assert (early - true).abs().max() < 0.2
    assert motifs.change(ours, right, theirs, true).abs().max() < 0.2


def test_codes_stay_where_no_motif_is_known() -> None:
    (ours, right), (theirs, z) = flights(1, 4000), flights(2, 3000)
    some = theirs._replace(of=theirs.of.where(theirs.of < 3, -1), shares=theirs.shares[:3])
    change = motifs.change(ours, right, some, z + torch.tensor([0.3, 0.0]))
    assert not change[theirs.of >= 3].any()
    assert change[theirs.of < 3].any(1).all()
    none = Motifs(torch.full_like(theirs.of, -1), torch.zeros(0, dtype=torch.float64))
    assert not motifs.change(ours, right, none, z).any()
    assert not motifs.change(none, z, ours, right).any()


def test_a_motif_that_the_original_does_not_have_stays() -> None:
    """One far from all others was matched with none, and divided by that."""
    (ours, right), (theirs, z) = flights(1, 4000), flights(2, 3000)
    z[theirs.of == 4] += 1000.0
    change = motifs.change(ours, right, theirs, z)
    assert change.isfinite().all()
    assert not change[theirs.of == 4].any()
    assert change[theirs.of < 4].abs().max() < 0.5  # motifs are 1 apart


def test_a_match_has_the_shares_unless_that_costs_too_much() -> None:
    shares = torch.tensor(SHARES).double()
    apart = 100 * torch.cdist(torch.arange(5.0)[:, None], torch.arange(5.0)[:, None]).double()
    found = motifs.match(apart, shares, shares)
    assert torch.allclose(found, shares.diag(), rtol=0.05, atol=1e-9)
    far = motifs.match(apart + 1000, shares, shares)
    assert far.sum() < 1e-6
