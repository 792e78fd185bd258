"""`mwm demo` and `mwm export`: the pretrained models as a page, and as a folder for a model hub."""

from pathlib import Path
from typing import Annotated

import typer

from mwm.pipeline.browser import open_page
from mwm.pipeline.output import named_file

PAGE = Path("playground.html")
LEGEND = """
full, here: the models as they were trained, and rounded to a byte a number as they are here
found: after 25 dreamt steps, in how many frames the dream shows an object, as a share of those in
  which V finds it; same: where it was never away meanwhile, anew: where it was, and came back
score: the player's points a game in the original; transferred: the share that it keeps in a world,
  counted from the score of random play"""


def demo(
    out: Annotated[Path, typer.Option(help="file for the page", callback=named_file)] = PAGE,
    show: Annotated[bool, typer.Option("--open/--no-open", help="open it in a browser")] = True,
) -> None:
    """Write a page in which the pretrained models dream and play.

    These are the models that mwm comes with; how good they are is printed. The page needs no
    training, no network and no other file.
    """
    from mwm.control.player import load_player
    from mwm.io.files import write_text
    from mwm.library import pretrained
    from mwm.playground.opening import read
    from mwm.playground.page import page
    from mwm.reporting.shared.words import rounded_down

    model, _, about = pretrained.read()
    player = load_player(pretrained.NAME)
    write_text(out, page(model, read(pretrained.FOLDER / "plays.h5"), player))
    quality, scores = about["quality"], about["scores"]
    print(f"{'worst of all pairs of worlds':32} {'full':>8} {'here':>8}")
    for name, value in quality["full"].items():
        here = quality["quantised"][name]
        cells = f"{rounded_down(value, 3):>8} {rounded_down(here, 3):>8}"
        print(f"{name.replace('_', ' '):32} {cells}")
    for name, value in scores.items():
        if value is not None:
            print(f"{name.replace('_', ' '):32} {rounded_down(value, 2):>8}")
    print(LEGEND)
    print(f"demo: {out.resolve()}")
    if show:
        open_page(out)


def export(
    folder: Annotated[Path, typer.Argument(help="folder to write to: new, or empty")],
) -> None:
    """Write the pretrained models as a folder for a model hub.

    It has weights, config.json, a model card, the licence and an example: upload it as it is.
    """
    from mwm.hub.export import export as write

    write(folder)
    print(f"export: {folder.resolve()}")
