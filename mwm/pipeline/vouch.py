"""Accept new code without running all stages: the same program, or a sample with the same bytes."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from mwm import MwmError
from mwm.pipeline import activity, claim, project, times
from mwm.pipeline.output import AsJson, Targets, duration, print_json, shortened
from mwm.pipeline.reasons import outputs
from mwm.pipeline.source import Source
from mwm.pipeline.vouching import sample
from mwm.pipeline.vouching.accept import accept, commit_of
from mwm.pipeline.vouching.code import Change
from mwm.pipeline.vouching.groups import Plan, draw, names, plan
from mwm.pipeline.vouching.program import digest

Size = Annotated[
    int,
    typer.Option(
        "--sample", min=0, help="how many stages to run in all; one of each group runs anyway"
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="seed by which the sample is drawn")]
Dry = Annotated[bool, typer.Option("--dry", help="print what would be done, and do nothing")]


def vouch(
    targets: Targets = None,
    size: Size = 0,
    seed: Seed = 0,
    dry: Dry = False,
    as_json: AsJson = False,
) -> None:
    """Accept new code that makes the same results.

    Records the present code in dvc.lock for stages that are stale by their code alone. Where old
    and new code differ in comments, docstrings and formatting alone, nothing runs. Of the others a
    sample runs in a temporary copy: at least one stage of every group, that is of every kind of
    command and change of code. If all of the sample make the bytes that dvc.lock has, the new code
    is accepted for all of these; if one does not, for none. vouched.csv records how, until a stage
    runs again. Without TARGETS: all stages. JSON: {"vouched": [{"stage", "how", "old", "new"}],
    "left": {stage: why}, "groups": [{"stages", "sample"}], "done"}.
    """
    say: Callable[[str], None] = _mute if as_json else print
    with ExitStack() as held:
        if not dry:
            held.enter_context(claim.claimed())
            activity.refuse_at_work("it may change what is to be vouched for")
        repo = held.enter_context(project.opened())
        source, made = Source(repo), outputs(repo)
        source.required()
        found = plan(repo, targets or [], made, source)
        draw(found, size, seed, made, source)
        how = found.how(source)
        for line in _told(found):
            say(line)
        if not dry:
            commit = commit_of(source, [change for change, _ in how])
            for group in found.groups:
                for change in group.drawn:
                    _try(change, made, source, say)
            accept(repo, how, commit)
    if as_json:
        codes = [(c.stage.addressing, why, digest(c.old), digest(c.new)) for c, why in how]
        records = [dict(zip(("stage", "how", "old", "new"), each, strict=True)) for each in codes]
        groups = [{"stages": names(g.changes), "sample": names(g.drawn)} for g in found.groups]
        print_json({"vouched": records, "left": found.left, "groups": groups, "done": not dry})
    elif how or found.left:
        would = "to be vouched for; run `mwm vouch` without --dry" if dry else "vouched for"
        stages = f"{len(how)} stage{'' if len(how) == 1 else 's'}"
        say(f"vouch: {stages} {would}{f', {len(found.left)} not' if found.left else ''}")
    else:
        say("vouch: no stage is stale")


def _mute(line: str) -> None:
    """Say nothing: what is printed is JSON alone."""


def _told(found: Plan) -> Iterator[str]:
    """The plan, a line for each thing that happens."""
    for name, why in found.left.items():
        yield f"{name}: {why}"
    if found.same:
        yield shortened(f"same program: {', '.join(names(found.same))}", 100)
    for group in found.groups:
        lost = "" if all(c.found for c in group.changes) else "; old code not in history"
        stages = shortened(", ".join(names(group.changes)), 60)
        yield f"other code: {stages}; sample: {', '.join(names(group.drawn))}{lost}"


def _try(change: Change, made: dict[str, Any], source: Source, say: Callable[[str], None]) -> None:
    """Run a stage in a copy.

    Raises:
        MwmError: it failed, or an output has other bytes.
    """
    name, began = change.stage.addressing, time.monotonic()
    usual, _ = times.last(times.earlier(), name)
    say(f"vouch: {name} runs in a copy{f' (about {duration(usual)})' if usual else ''}")
    needed = sample.supplies(change.stage, made, source) or []
    with sample.copied(change.stage, source, needed) as top:
        sample.run(change.stage, source, top)
        different = sample.difference(change.stage, source, top)
        if not different:
            sample.keep(change.stage, source, top)
    if different:
        raise MwmError(
            f"{name}: expected the bytes that dvc.lock has, found others in "
            f"{project.shown(different)}; nothing was accepted: the new code does something else, "
            "`dvc repro` runs it"
        )
    say(f"vouch: {name} made the same bytes in {duration(time.monotonic() - began)}")
