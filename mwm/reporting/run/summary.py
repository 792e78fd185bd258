"""metrics.json: the results of all pairs and runs, in at most 15 numbers."""

from mwm.metrics.criterion import aligned
from mwm.reporting.run.foreign import least, share_of_own
from mwm.reporting.shared.results import Pairs, lowest
from mwm.settings.base import ORIGINAL

LIMIT = 15  # more scalars make `dvc exp show` unreadable


def summarise(pairs: Pairs, foreign: Pairs | None = None) -> dict[str, float]:
    """The metrics by name, rounded to four places; what was not measured is left out.

    `alignment_<world>` is the lower of the two directions between the original and that variant,
    the lowest over models; `foreign_...` is of foreign plays, where there are some. What sums up
    all worlds is always there; of the variants as many, in their order, as there is room for.
    """
    to_and_from = [row for run in pairs.runs for row in run]
    summary: dict[str, float | None] = {
        "alignment_min": lowest(pairs.crossed, "alignment"),
        "predicted_alignment_min": lowest(pairs.crossed, "predicted_alignment"),
        **{f"{name}_f1_min": lowest(pairs.crossed, f"f1_{name}") for name in pairs.objects},
        "successes": sum(there["success"] == 1 for there, _ in pairs.runs),
        "pairs_aligned": sum(aligned(row) for row in pairs.crossed),
    }
    if foreign:
        ways = [row for run in foreign.runs for row in run]
        summary["foreign_alignment_min"] = lowest(foreign.crossed, "alignment")
        summary["foreign_f1_share_min"] = least(ways, foreign.objects, share_of_own)
    variants = {
        f"alignment_{world}": lowest(
            [row for row in to_and_from if world in (row.source, row.target)], "alignment"
        )
        for world in pairs.worlds
        if world != ORIGINAL
    }
    room = max(LIMIT - len(summary), 0)
    summary = dict(list(variants.items())[:room]) | summary
    measured = {name: round(value, 4) for name, value in summary.items() if value is not None}
    return dict(list(measured.items())[:LIMIT])
