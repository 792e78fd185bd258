"""Which test frames the report shows: plays in which the agent hits; chosen by the plays alone."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mwm.evaluation.pairs import CPU
from mwm.evaluation.selection import roaming
from mwm.evaluation.tracks import AWAY, shown, was_away
from mwm.io.frames import Frames
from mwm.metrics.objects import OriginalView
from mwm.settings.base import ORIGINAL
from mwm.settings.evaluate import Evaluate

DREAM = 50  # steps of the film of dreams, at most
EPISODES = 100  # there is much to choose from, and memory enough

Index = NDArray[np.int64]
Track = NDArray[np.float32]  # (n, 2): row and column at successive frames, NaN where not seen


@dataclass(frozen=True)
class Scenes:
    """Frames of the original to be shown, by index.

    Attributes:
        film: successive frames.
        hits: (film,) bool: at which of them the agent hits.
        seen: the frames that M sees before it dreams.
        dreamt: those that follow.
    """

    film: Index
    hits: NDArray[np.bool_]
    seen: Index
    dreamt: Index


def choose(original: Frames, settings: Evaluate) -> Scenes:
    """The scenes in the longest EPISODES test episodes; of equals the first.

    The film is where the agent hits most often, and of such films the one in which most objects are
    seen, counted over its frames. The dream is where the object with the largest box is never away
    (`tracks.AWAY`) and seen in most frames, and of such dreams the one with most hits.

    Raises:
        MwmError: there is no test episode.
    """
    episodes = original.episodes("test", f"world {ORIGINAL}")
    ends = original.episode_offsets
    longest = np.argsort(-np.diff(ends)[episodes], kind="stable")[:EPISODES]
    episodes = episodes[np.sort(longest)]
    lengths = np.diff(ends)[episodes]
    index = np.concatenate([np.arange(ends[e], ends[e + 1]) for e in episodes])
    view = OriginalView(original, CPU)
    tracks = {
        name: track.numpy() + np.asarray(view.objects[name][:2], np.float32)
        for name, track in shown(view, torch.from_numpy(original.frames[index])).items()
    }
    hits = _hits(view, tracks, original.actions[index], np.cumsum(lengths)[:-1])
    seen = sum((np.isfinite(track[:, 0]).astype(int) for track in tracks.values()), hits * 0)

    count = int(min(settings.film, lengths.max() - 1))
    starts = _starts(lengths, count)
    best = np.lexsort([-_sums(seen, starts, count), -_sums(hits, starts, count)])[0]
    film = starts[best] + np.arange(count)

    steps = int(min(DREAM, settings.dream, lengths.max() - 1 - settings.length))
    starts = _starts(lengths, settings.length + steps)
    dreamt = starts + settings.length
    order = [-_sums(hits, dreamt, steps)]
    if largest := roaming(view.objects):
        track = tracks[largest]
        parts = torch.from_numpy(track[starts[:, None] + np.arange(settings.length + steps)])
        away = was_away(parts, settings.length - 1)[:, -1].numpy()
        order += [-_sums(np.isfinite(track[:, 0]), dreamt, steps), away]
    start = starts[np.lexsort(order)[0]]
    whole = index[start + np.arange(settings.length + steps)]
    return Scenes(index[film], hits[film], whole[: settings.length], whole[settings.length :])


def _starts(lengths: Index, count: int) -> Index:
    """Where `count` successive frames of one episode start, of episodes that lie end to end."""
    firsts = np.cumsum(lengths) - lengths
    return np.concatenate(
        [first + np.arange(n - count + 1) for first, n in zip(firsts, lengths, strict=True)]
    )


def _sums(values: NDArray[np.generic], starts: Index, count: int) -> Index:
    """The sum of `count` successive values from each start."""
    total = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    sums: Index = total[starts + count] - total[starts]
    return sums


def _hits(
    view: OriginalView, tracks: dict[str, Track], actions: NDArray[np.uint8], ends: Index
) -> NDArray[np.bool_]:
    """(n,): where the object with the largest box turns back on the side of the agent.

    The agent is the object whose movement the actions tell most about. The sides are those of the
    largest box, along the axis on which the middles of the two boxes lie farther apart: so a ball
    that a wall turns beside the bat is not hit. A ball that is hit may be hidden for AWAY frames.
    """
    hits = np.zeros(len(actions), bool)
    moved = roaming(view.objects)
    if moved is None or len(tracks) < 2:
        return hits
    agent = max(set(tracks) - {moved}, key=lambda name: (_told(tracks[name], actions), name))
    middles = {name: np.add(view.objects[name][:2], view.objects[name][2:]) / 2 for name in tracks}
    apart = middles[agent] - middles[moved]
    axis = int(np.abs(apart).argmax())
    at = np.flatnonzero(np.isfinite(tracks[moved][:, 0]))
    place = tracks[moved][at, axis]
    steps = np.diff(place)
    episode = np.searchsorted(ends, at, side="right")
    steps[(np.diff(at) > AWAY + 1) | (np.diff(episode) > 0)] = 0  # a new start is no turn
    turns = steps[1:] * steps[:-1] < 0
    near = (place[1:-1] - middles[moved][axis]) * apart[axis] > 0
    hits[at[1:-1][turns & near]] = True
    return hits


def _told(track: Track, actions: NDArray[np.uint8]) -> float:
    """The share of an object's movement, as variance, that the actions explain."""
    steps = np.diff(track, axis=0)
    known = np.isfinite(steps[:, 0])
    steps, taken = steps[known].astype(np.float64), actions[:-1][known]
    if not (whole := steps.var(0).sum() if len(steps) else 0.0):
        return 0.0
    groups = [steps[taken == action] for action in np.unique(taken)]
    explained = sum(len(g) * np.square(g.mean(0) - steps.mean(0)).sum() for g in groups)
    return float(explained / len(steps) / whole)
