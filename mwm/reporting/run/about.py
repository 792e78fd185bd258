"""What the report is of, in words: game, play, training, models, and how to find the revision."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from mwm.io.origin import Origin
from mwm.reporting.shared.results import Pairs
from mwm.reporting.shared.words import policy

SCHEDULES = {"anchored": "anchored: see, anchor, recruit", "joint": "joint: all worlds at once"}


def about(origin: Origin, digest: str, pairs: Pairs) -> list[tuple[str, str]]:
    """Names and what stands beside them; nothing that differs between two runs of the same code."""
    train, validation, test = (origin.episodes[s] for s in ("train", "validation", "test"))
    training, models = origin.training, len(pairs.models)
    found = Markup(
        "<code>{}</code>, the checksum in <code>eval/manifest.json</code> of all tables and of the "
        "models’ weights. <code>git log -S{} report/index.html</code> finds the "
        "revision whose <code>dvc.lock</code> tells everything else."
    )
    return [
        ("game", origin.game),
        (
            "episodes",
            f"{train + validation + test:,}{_played(origin.play)}: {train:,} to train on, "
            f"{validation:,} for the learning curves, {test:,} for all other results",
        ),
        (
            "training",
            f"schedule {SCHEDULES.get(training['schedule'], training['schedule'])}; "
            f"{training['inputs']} inputs; seed {training['seed']}",
        ),
        (
            "models",
            f"one of {len(pairs.worlds)} worlds"
            if models == 1
            else f"{models}, one for each variant",
        ),
        ("results", found.format(digest, digest)),
    ]


def _played(play: Mapping[str, Any]) -> str:
    """By whom, if the data say so: a user's own do not."""
    if "seed" not in play:
        return ""
    return f" of {policy(play['hold'], play['repeat_probability'])} play, seed {play['seed']}"
