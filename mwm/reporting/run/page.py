"""index.html of a run: one file that shows the results in words, tables and figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from mwm.metrics.criterion import ALIGNMENT, aligned
from mwm.reporting.figures.dreams import Dreams
from mwm.reporting.run import tables
from mwm.reporting.run.dreams import dreams_table
from mwm.reporting.run.foreign import foreign_table
from mwm.reporting.run.mirror_test import Answers, mirror_table
from mwm.reporting.shared.pages import Figure, render
from mwm.reporting.shared.results import Pairs
from mwm.reporting.shared.words import UNKNOWN, label, pair, share

TEMPLATE = Path(__file__).with_name("page.html")
OF = Markup("{}<small> {}</small>")  # a number, and in small print of how many, or where


def page(
    pairs: Pairs,
    foreign: Pairs | None,
    about: Sequence[tuple[str, str]],
    drawn: Mapping[str, Figure],
    chosen: Sequence[int],
    ruled: bool,
    answers: Answers,
    dreams: Dreams,
    dreamt: int,
    roaming: str | None,
) -> str:
    """The whole page, with its figures inside.

    Args:
        pairs: every ordered pair of worlds.
        foreign: the same of foreign plays; None: there are none.
        about: what the report is of: names, and what stands beside them.
        drawn: the figures by name.
        chosen: the frames of the film in the strip, two at least.
        ruled: whether they were chosen by `liveliest`, not by the user.
        answers: rows of the mirror test, which has none without objects.
        dreams: rows of the dreams, which have none without objects.
        dreamt: steps of the dream in motion.
        roaming: the object of the map of the field; None: there is none.
    """
    return render(
        TEMPLATE,
        title=f"One dynamics, {len(pairs.worlds)} worlds",
        pairs=pairs,
        about=about,
        drawn=drawn,
        chosen=chosen,
        ruled=ruled,
        step=chosen[1] - chosen[0],
        frames=f"{pairs.rows[0]['frames'] or 0:,.0f}",
        headline=_headline(pairs),
        key_figures=_key_figures(pairs),
        verdicts=tables.verdicts(pairs),
        foreign=foreign_table(pairs, foreign) if foreign else None,
        roaming=roaming,
        all_pairs=tables.all_pairs(pairs),
        errors=tables.errors(pairs),
        objects=tables.objects(pairs),
        dreams=dreams_table(dreams),
        dreamt=dreamt,
        mirror_test=mirror_table(answers) if len(pairs.objects) > 1 else None,
    )


def _headline(pairs: Pairs) -> str:
    """Success or failure, plainly."""
    failed = [there.target for there, _ in pairs.runs if there["success"] != 1]
    count = len(pairs.runs)
    if not failed:
        return f"Every variant ({count} of {count}) meets the criterion of success."
    if len(failed) == count:
        return f"No variant (0 of {count}) meets the criterion of success."
    names = Markup(", ").join(label(world) for world in failed)
    return Markup("{} of {} variants meet the criterion of success; not {}.").format(
        count - len(failed), count, names
    )


def _key_figures(pairs: Pairs) -> list[tuple[str, str]]:
    """The four numbers at the top of the page, each with what it is."""
    crossed = pairs.crossed
    successes = sum(there["success"] == 1 for there, _ in pairs.runs)
    numbers: list[tuple[str, str]] = [
        ("variants that meet the criterion", OF.format(successes, f"of {len(pairs.runs)}")),
        (
            f"ordered pairs that align (≥ {ALIGNMENT})",
            OF.format(sum(map(aligned, crossed)), f"of {len(crossed)}"),
        ),
    ]
    for column in ("alignment", "predicted_alignment"):
        measured = [row for row in crossed if row[column] is not None]
        worst = min(measured, key=lambda row: row[column] or 0.0, default=None)
        value = Markup(UNKNOWN) if worst is None else OF.format(share(worst[column]), pair(worst))
        numbers.append((f"lowest {column.replace('_', ' ')}", value))
    return numbers
