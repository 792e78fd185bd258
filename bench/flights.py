"""Which flights of the ball a V that was recruited with independent inputs draws well.

    python -m bench.flights results/runs/independent-17 hswap [folder of worlds]

Run it from the project's root, when a study has run; it takes a minute. A row is a kind of flight:
how many pixels the ball moves down and to the right until the next frame, and how often it does.
Then follows what was deciphered, and what the recruited V says, each as the original's V draws it:
F1 of the ball, and by how many steps it is drawn ahead of its true place, the median of all frames.
Frames are those of training.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.settling import WORLDS, Study, Variant, Worlds, decoded, of_codes, pictures
from mwm.io import latents, records
from mwm.io.frames import Frames, read_frames
from mwm.io.latents import Latents
from mwm.metrics.objects import OriginalView, centroids, f1
from mwm.models.codes import half
from mwm.models.model import load
from mwm.models.visions.base import Vision
from mwm.runtime import commands
from mwm.settings.base import ORIGINAL
from mwm.settings.train import TRAINING, Train

COUNT, BLOCK = 60_000, 4_000  # frames that are compared, and at once
KINDS = 14  # rows: the most frequent kinds
BALL = "ball"
app = commands.application(__doc__)


@commands.command(app)
def main(study: Study, variant: Variant, worlds: Worlds = WORLDS) -> None:
    """Print a row per kind of flight."""
    torch.set_num_threads(1)
    p, runs = Train.model_validate(records.read(Path(study) / TRAINING)), Path(study) / "runs"
    content, other = (read_frames(Path(worlds) / f"{w}.h5", "world") for w in (ORIGINAL, variant))
    vision = load(runs / "see" / ORIGINAL).vision(ORIGINAL)
    codes = half(vision, content, 0)
    again = half(load(runs / "recruit" / variant).vision(variant), other, 1, like=codes)
    file = runs / "decipher" / variant / "latents.h5"
    found = latents.load(file, len(other.frames), p.model.latent)
    frames = sample(found.frames)
    true, after = balls(content, frames), balls(content, frames + 1)
    place = centroids(true)
    step = centroids(after) - place
    drawn = [
        drawn_of(vision, known, content, frames) for known in (found, of_codes(again, again.z))
    ]
    print("down, right  frames   deciphered: F1, steps ahead   recruited: F1, steps ahead")
    for (down, right), share, at in kinds(step):
        f1s = [f1(ball[at], true[at]) or 0.0 for ball in drawn]
        leads = [ahead(centroids(ball[at]) - place[at], step[at]) for ball in drawn]
        said = (f"{score:.3f} {lead:5.2f}" for score, lead in zip(f1s, leads, strict=True))
        print(f"{down:4} {right:5}   {share:6.1%}        {'                '.join(said)}")


def sample(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """COUNT of these frames, or all if they are fewer, of those that have a next one."""
    followed = frames[:-1][np.diff(frames) == 1]
    rng = np.random.default_rng(0)
    return np.sort(rng.choice(followed, min(COUNT, len(followed)), replace=False))


def balls(content: Frames, frames: NDArray[np.int64]) -> Tensor:
    """(n, h, w) bool: the original's ball in its box."""
    view = OriginalView(content, torch.device("cpu"))
    blocks = np.split(frames, range(BLOCK, len(frames), BLOCK))
    return torch.cat([view.crop(pictures(content, block), BALL) for block in blocks])


def drawn_of(vision: Vision, known: Latents, content: Frames, frames: NDArray[np.int64]) -> Tensor:
    """The same, as the original's V draws it from latents."""
    view = OriginalView(content, torch.device("cpu"))
    at = np.searchsorted(known.frames, frames)
    blocks = np.split(at, range(BLOCK, len(at), BLOCK))
    return torch.cat([view.crop(decoded(vision, known, block), BALL) for block in blocks])


def kinds(step: Tensor) -> Iterator[tuple[tuple[int, int], float, Tensor]]:
    """The most frequent steps (n, 2) in whole pixels: each, its share, and where it is taken."""
    seen = torch.nonzero(step.isfinite().all(1))[:, 0]
    whole = step[seen].round().int().numpy()
    found, which, counts = np.unique(whole, axis=0, return_inverse=True, return_counts=True)
    for k in np.argsort(-counts)[:KINDS]:
        yield (found[k, 0], found[k, 1]), counts[k] / len(seen), seen[which == k]


def ahead(off: Tensor, step: Tensor) -> float:
    """The median of how many steps (n, 2) the ball is drawn ahead, where it is drawn at all."""
    size = step.square().sum(1)
    drawn = off.isfinite().all(1) & (size > 0)
    return ((off * step).sum(1) / size)[drawn].median().item()


if __name__ == "__main__":
    app()
