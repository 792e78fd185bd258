"""`mwm live`: a page of what runs now, written anew every few seconds; it reloads itself."""

import os
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from mwm.io.files import write_text
from mwm.pipeline import activity, browser, claim, remaining
from mwm.pipeline.curves import HEIGHT, WIDTH, trainings
from mwm.pipeline.output import duration, named_file
from mwm.pipeline.project import required

FILMS = ("report/play.gif", "report/dream.gif", "report/playing.gif")


def live(
    out: Annotated[Path, typer.Option(help="file for the page", callback=named_file)] = Path(
        "build/live.html"
    ),
    every: Annotated[
        float, typer.Option(min=1, max=86_400, help="seconds until it is written anew")
    ] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="write it once, and end")] = False,
    show: Annotated[bool, typer.Option("--open/--no-open", help="open it in a browser")] = True,
) -> None:
    """Write a page that follows a run, until Ctrl-C.

    It has the time left, learning curves and links to films, and reloads itself. It is a file:
    nothing is served, and it needs no network.
    """
    project = required()
    write_text(out, page(project, out, None if once else every))
    try:
        print(f"live: {out.resolve()}{'' if once else ', until Ctrl-C'}", flush=True)
        if show:
            browser.open_page(out)
        while not once:
            time.sleep(every)
            write_text(out, page(project, out, every))
    except KeyboardInterrupt:  # the way to end it, so no failure
        write_text(out, page(project, out, None, ended=True))
        print("live: ended; the page stays as of now, and whatever runs goes on")


def page(project: Path, out: Path, every: float | None, ended: bool = False) -> str:
    """The page as it is now.

    Args:
        project: its root.
        out: where the page will be, for links to films.
        every: seconds until it reloads itself; None: it does not, and shows the films.
        ended: whether nobody will write it anew, though somebody did.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    notes = list(activity.progress().values())
    run, outlook = claim.holder(), remaining.outlook(notes)
    stages = [
        note | {"name": activity.named(note), "left": remaining.of_stage(note)} for note in notes
    ]
    films = [project / film for film in FILMS if (project / film).is_file()]
    return templates.get_template("live.html").render(
        now=time.strftime("%H:%M:%S"),
        written=time.time(),
        every=every,
        ended=ended,
        run=run,
        ago=duration(max(0.0, time.time() - run["started"])) if run else "",
        outlook=remaining.told(outlook) if outlook else "",
        stages=stages,
        trainings=trainings(project, run["started"] if run else 0.0, stages),
        films=[(film.stem, quote(os.path.relpath(film, out.parent))) for film in films],
        size=(WIDTH, HEIGHT),
    )
