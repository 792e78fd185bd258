"""How far a linear map between two Vs' codes gets that is found without pairs: another's method.

    python -m bench.unpaired mirror [GAMES]
    python -m bench.unpaired mirror 25 experiments/runs/seed_9

Run it after `make control`, or after a player of experiments/, with SciPy, which `make bench`
installs; it takes three minutes. As
mini-vec2vec (Dar, 2025) does for embeddings of texts: clusters of both clouds of codes are matched
by how similar each is to all others of its cloud, an orthogonal map is fitted to the matches, and
then refined by nearest neighbours.
"""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray

from mwm import MwmError, seeding
from mwm.control.visions import with_vision
from mwm.io.frames import Frames, read_frames
from mwm.models import encoding
from mwm.models.model import load
from mwm.models.visions import Vision
from mwm.runtime import commands
from mwm.settings.control import Transfer
from mwm.transfer.pairs import PAIRS, Mapped, pair_up
from mwm.transfer.scores import Match

Array = NDArray[np.float64]

FRAMES = 10_000  # of each world, other ones
CLUSTERS = 20
STARTS = 30  # of the matching, of which the best is taken
NEIGHBOURS = 50  # whose mean a mapped code is drawn to ...
ROUNDS = 50  # ... so many times
app = commands.application(__doc__)

try:
    from scipy.cluster.vq import kmeans2
    from scipy.linalg import orthogonal_procrustes
    from scipy.optimize import quadratic_assignment
    from scipy.spatial import cKDTree

    there = True
except ImportError:
    there = False


@commands.command(app)
def main(
    world: Annotated[str, typer.Argument(help="a variant")],
    games: Annotated[
        int, typer.Argument(help="how many the player plays with each map", min=2)
    ] = 20,
    study: Annotated[Path, typer.Argument(help="folder with data/worlds and runs")] = Path(),
) -> None:
    """Print how well codes are mapped, and what the player scores with them."""
    if not there:
        raise MwmError("bench.unpaired: expected SciPy, found none; `pip install -e '.[bench]'`")
    torch.set_num_threads(1)
    data, runs = study / "data/worlds", study / "runs"
    content = read_frames(data / f"{world}.h5", "world")
    vision = load(runs / "see" / world).vision(world)
    with closing(Match(runs / "control", data, Transfer(games=games, seed=2))) as match:
        match.enter(content)
        home, own = match.home, match.player.model.vision(match.player.about.world)
        maps = {"no pairs": match_clouds(own, vision, home, content)}
        for pairs in PAIRS:
            maps[f"{pairs} pairs"] = pair_up(own, vision, home, content, pairs)
        for name, mapped in maps.items():
            share = explained(own, mapped, home, content)
            played = match.play(world, name, with_vision(match.player, world, mapped), world)
            print(
                f"{world}, {name}: {share:.2f} of the player's own codes explained, score "
                f"{played.mean:.1f} ± {played.margin:.1f}"
            )


def explained(own: Vision, mapped: Mapped, home: Frames, content: Frames) -> float:
    """The share of the variance of the player's own codes that mapped ones explain, test frames."""
    at = home.indices(home.episodes("test"))[::10]
    truth, _ = encoding.encode(own, torch.from_numpy(home.frames[at]))
    with torch.no_grad():
        found, _ = mapped.encode(mapped.unpack(torch.from_numpy(content.frames[at])))
    return float(1 - (found - truth).square().sum() / (truth - truth.mean(0)).square().sum())


def match_clouds(own: Vision, vision: Vision, home: Frames, content: Frames) -> Mapped:
    """A V of another world, its codes mapped by what both clouds of codes look like.

    Args:
        own: the player's V, whose codes are to be reached.
        vision: of the other world.
        home: frames of the world of `own`, of which the even training episodes are looked at.
        content: the other world's, of which the odd ones are: no moment is seen in both.
    """
    rng = seeding.generator(0, "transfer", "unpaired")
    source = _codes(vision, content, 1, rng)
    target = _codes(own, home, 0, rng)
    (x, centre, scale), (y, aim, spread) = _whole(source), _whole(target)
    turn = _refined(_first(x, y, rng), x, y)
    weight = (turn / scale[:, None]) * spread
    bias = aim - centre @ weight
    return Mapped(vision, torch.from_numpy(weight).float(), torch.from_numpy(bias).float())


def _codes(vision: Vision, content: Frames, odd: int, rng: np.random.Generator) -> Array:
    """Codes (n, latent) of frames of every second training episode."""
    offsets = content.episode_offsets
    episodes = content.episodes("train", "world")[odd::2]
    usable = np.concatenate([np.arange(offsets[e], offsets[e + 1]) for e in episodes])
    at = np.sort(rng.choice(usable, min(FRAMES, len(usable)), replace=False))
    mean, _ = encoding.encode(vision, torch.from_numpy(content.frames[at]))
    codes: Array = mean.numpy().astype(np.float64)
    return codes


def _whole(codes: Array) -> tuple[Array, Array, Array]:
    """Codes around 0 with a mean square of 1, and what that took."""
    centre = codes.mean(0)
    scale = np.full(codes.shape[1], (codes - centre).std())
    return (codes - centre) / scale, centre, scale


def _first(x: Array, y: Array, rng: np.random.Generator) -> Array:
    """An orthogonal map by clusters that are alike in how they relate to the others."""
    best, chosen = -np.inf, np.eye(x.shape[1])
    for _ in range(STARTS):
        seed = int(rng.integers(2**31))
        a, b = (kmeans2(each, CLUSTERS, seed=seed, minit="++")[0] for each in (x, y))
        found = quadratic_assignment(
            _alike(a), _alike(b), options={"maximize": True, "rng": np.random.default_rng(seed)}
        )
        turn, _ = orthogonal_procrustes(a, b[found.col_ind])
        score = -float(np.mean(cKDTree(y).query(x[::10] @ turn)[0]))
        if score > best:
            best, chosen = score, turn
    return chosen


def _alike(centres: Array) -> Array:
    """How similar clusters are, (k, k): the cosine of their centres."""
    unit = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    similar: Array = unit @ unit.T
    return similar


def _refined(turn: Array, x: Array, y: Array) -> Array:
    """Draw mapped codes to the mean of their neighbours, and fit the map again."""
    tree = cKDTree(y)
    for _ in range(ROUNDS):
        _, near = tree.query(x[::5] @ turn, NEIGHBOURS)
        turn, _ = orthogonal_procrustes(x[::5], y[near].mean(1))
    return turn


if __name__ == "__main__":
    app()
