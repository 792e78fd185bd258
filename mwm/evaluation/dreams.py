"""Open-loop dreams: M reads its own predictions and the real actions; all worlds decode them."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from mwm.evaluation.pairs import CPU, Row
from mwm.evaluation.selection import check_alike, windows
from mwm.evaluation.tracks import Tracks, drawn, shown, was_away
from mwm.io.frames import Frames
from mwm.metrics.errors import rounded
from mwm.metrics.objects import OriginalView, apart, there
from mwm.models.encoding import dream, encode, sequences
from mwm.models.model import MetaWorldModel
from mwm.settings.evaluate import Evaluate

SEQUENCES = 400  # at most; then each kind has some hundred frames after most steps
FEWEST = 20  # frames of a kind that are judged
EACH = 25  # steps up to which each is recorded, then every fifth

NUMBERS = ["distance", "found", "copy_distance", "copy_found", "own_distance", "own_found"]
COLUMNS = ["model", "source", "target", "object", "kind", "step", "frames", *NUMBERS]


def dreams(
    name: str, model: MetaWorldModel, worlds: Mapping[str, Frames], settings: Evaluate
) -> list[Row]:
    """Where objects are decoded 1 to `settings.dream` steps after the last frame that was seen.

    M reads `settings.length` frames, then dreams; fewer steps if no test episode is long enough. A
    row per ordered pair of worlds, object, kind and step: `frames`, how many show the object; the
    median distance of the centroids from the true ones in pixels and the share of frames in which
    the object is found (`objects.apart`); both for the baseline, a copy of the last frame seen; and
    both for what the target's V draws of the true frame, which no dream can be asked to exceed.

    Kinds: `same`, the object was never away since the last frame seen (`tracks.AWAY`); `anew`, it
    was, and came back; `all`. The first two have a row where they have FEWEST frames.

    Raises:
        MwmError: the worlds show different plays, or no test episode is long enough.
    """
    check_alike(worlds)
    model.eval()
    first, seen = next(iter(worlds.values())), settings.length
    longest = max(first.lengths["test"], default=0)
    steps = max(1, min(settings.dream, longest - 1 - seen))
    starts = windows(first, seen + steps, SEQUENCES)
    tests = {world: sequences(frames, starts, seen + steps) for world, frames in worlds.items()}
    views = {world: OriginalView(frames, CPU) for world, frames in worlds.items()}
    recorded = torch.tensor([k for k in range(1, steps + 1) if k <= EACH or k % 5 == 0])
    dreamt = {
        source: dream(model, source, test.frames[:, :seen], test.actions)[:, recorded - 1]
        for source, test in tests.items()
    }
    truth = shown(next(iter(views.values())), next(iter(tests.values())).frames[:, :-1])
    rows: dict[tuple[str, str], list[Row]] = {}
    for target, view in views.items():
        frames = tests[target].frames[:, seen - 1 + recorded]
        codes = encode(model.vision(target), frames.flatten(0, 1))[0].view(*frames.shape[:2], -1)
        own = drawn(view, model, target, codes)
        for source, latents in dreamt.items():
            found = drawn(view, model, target, latents)
            worlds_of = {"model": name, "source": source, "target": target}
            rows[source, target] = [
                {**worlds_of, **row} for row in _rows(found, own, truth, seen - 1, recorded)
            ]
    return [row for source in worlds for target in worlds for row in rows[source, target]]


def _rows(found: Tracks, own: Tracks, truth: Tracks, last: int, recorded: Tensor) -> Iterator[Row]:
    """Position errors by object, kind and step.

    `found` and `own` are of the k `recorded` steps, (b, k, 2); `truth` of all frames, of which
    `last` is the last that was seen.
    """
    for name, track in truth.items():
        anew = was_away(track, last)[:, recorded]
        copy, true = track[:, last], track[:, last + recorded]
        visible = there(true)
        for kind, of_kind in (
            ("all", visible),
            ("same", visible & ~anew),
            ("anew", visible & anew),
        ):
            for k, step in enumerate(recorded.tolist()):
                chosen = of_kind[:, k]
                count = int(chosen.sum())
                if kind != "all" and count < FEWEST:
                    continue
                there_now = true[chosen, k]
                numbers = [
                    *apart(found[name][chosen, k], there_now),
                    *apart(copy[chosen], there_now),
                    *apart(own[name][chosen, k], there_now),
                ]
                where = {"object": name, "kind": kind, "step": step, "frames": count}
                yield where | rounded(dict(zip(NUMBERS, numbers, strict=True)))
