"""What each step with independent inputs keeps of every object, up to a V that was recruited.

    python -m bench.settling results/runs/independent-16 mirror [folder of worlds]

Run it from the project's root, when a study has run; it takes two minutes. The first lines tell
which share of each controlled function's variance is between heights of an object. Below them is
the F1 of each object: what a step knows of the other world's frames is drawn by the original's V,
and compared with the original's frames of the same moments. Only this file knows which these are.
Its frames are those of training.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor

from mwm.decipherment import groups
from mwm.decipherment.functions import controlled
from mwm.io import latents, records
from mwm.io.bits import unpack
from mwm.io.frames import SIDE, Frames, read_frames
from mwm.io.latents import Latents
from mwm.metrics.objects import OriginalView, f1
from mwm.models.codes import Codes, half
from mwm.models.model import load
from mwm.models.visions.base import Vision
from mwm.runtime import commands
from mwm.settings.base import ORIGINAL
from mwm.settings.train import TRAINING, Train
from mwm.settling.refining import Mender

COUNT = 20_000  # frames that are compared
WORLDS = Path("results/runs/plays/data/worlds")
Study = Annotated[Path, typer.Argument(help="folder of a study that has run")]
Variant = Annotated[str, typer.Argument(help="a variant that the study trained")]
Worlds = Annotated[Path, typer.Argument(help="folder of its worlds")]
app = commands.application(__doc__)


@commands.command(app)
def main(study: Study, variant: Variant, worlds: Worlds = WORLDS) -> None:
    """Print what each step keeps of every object: F1 of what the original's V draws."""
    torch.set_num_threads(1)
    p, runs = Train.model_validate(records.read(Path(study) / TRAINING)), Path(study) / "runs"
    contents = {w: read_frames(Path(worlds) / f"{w}.h5", "world") for w in (ORIGINAL, variant)}
    content, other = contents.values()
    seen, recruited = load(runs / "see" / ORIGINAL), load(runs / "recruit" / variant)
    vision, size = seen.vision(ORIGINAL), p.model.latent
    codes = half(vision, content, 0)
    acts = controlled(codes, groups.ACTION_LAG, groups.PAUSE, p.run.seed)(codes.z)
    for name, shares in told(acts, content, codes.frames):
        print(f"  controlled functions told by the {name}'s height: {shares}")
    folder = runs / "decipher" / variant
    found, decided, own = (
        latents.load(folder / f"{name}.h5", len(one.frames), size)
        for name, one in (("latents", other), ("controlled", other), ("own", content))
    )
    mender = Mender.load(seen, contents, runs / "smooth", p.smooth.hidden, own)
    settler, sums = mender.settler, mender.settler._sums
    again = half(recruited.vision(variant), other, 1, like=codes)
    steps = {
        "the original's codes": of_codes(codes, codes.z),
        "as sums over pixels": of_codes(codes, sums),
        "and what these leave out": of_codes(codes, sums + settler._left_out(sums)),
        "deciphered": found,
        "settled": mender.settle(load(runs / "see" / variant), found, decided),
        "recruited": of_codes(again, again.z),
    }
    for step, known in steps.items():
        scores = "  ".join(f"{name} {score:.4f}" for name, score in drawn(vision, known, content))
        print(f"  {step:25} {scores}")


def of_codes(codes: Codes, z: Tensor) -> Latents:
    """Latents of the codes' frames, of z (n, d) standardised as they are."""
    values = (z * codes.scale + codes.centre).numpy()
    return Latents(codes.frames, values, codes.dimensions.numpy())


def drawn(vision: Vision, known: Latents, content: Frames) -> Iterator[tuple[str, float]]:
    """F1 of each object of `content`, the original's, as V draws it from latents of its frames."""
    at = sample(len(known.frames))
    found = decoded(vision, known, at)
    true, view = pictures(content, known.frames[at]), OriginalView(content, torch.device("cpu"))
    for name in view.objects:
        yield name, f1(view.crop(found, name), view.crop(true, name)) or 0.0


@torch.no_grad()
def decoded(vision: Vision, known: Latents, at: NDArray[np.int64]) -> Tensor:
    """(n, 64, 64) bool: what the original's V draws of the latents at these places."""
    z = torch.zeros(len(at), vision.config.latent)
    z[:, torch.from_numpy(known.dimensions)] = torch.from_numpy(known.values[at])
    return vision.decode(z).view(-1, SIDE, SIDE) > 0


def told(
    functions: Tensor, content: Frames, frames: NDArray[np.int64]
) -> Iterator[tuple[str, str]]:
    """Of each function (n, f) the share of its variance that is between heights of an object."""
    at = sample(len(frames))
    values = functions[at].numpy()
    shown, view = pictures(content, frames[at]), OriginalView(content, torch.device("cpu"))
    for name in view.objects:
        rows = view.crop(shown, name).any(2).numpy()
        height = 2 * (rows * np.arange(rows.shape[1])).sum(1) // np.maximum(rows.sum(1), 1)
        count = np.bincount(height)
        means = [(np.bincount(height, one) / np.maximum(count, 1))[height] for one in values.T]
        shares = np.var(means, axis=1) / values.var(axis=0)
        yield name, " ".join(f"{share:.2f}" for share in shares)


def sample(count: int) -> NDArray[np.int64]:
    """Places of COUNT things of so many, in order; of all of them if they are fewer."""
    rng = np.random.default_rng(0)
    return np.sort(rng.choice(count, min(COUNT, count), replace=False))


def pictures(content: Frames, frames: NDArray[np.int64]) -> Tensor:
    """(n, 64, 64) bool."""
    return torch.from_numpy(unpack(content.frames[frames]))


if __name__ == "__main__":
    app()
