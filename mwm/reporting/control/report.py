"""The report on control as files: drawn in memory first, so that an error leaves none behind."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mwm.io import records
from mwm.io.files import replacing, write_json, write_text
from mwm.io.film import read_game
from mwm.io.frames import SIDE
from mwm.io.tables import read_csv
from mwm.reporting.control.figures import learning_figure, scores_figure
from mwm.reporting.control.page import page
from mwm.reporting.control.results import Results, read_results
from mwm.reporting.figures.animation import animation
from mwm.reporting.figures.choosing import Pictures
from mwm.reporting.figures.pictures import drawn_at
from mwm.reporting.figures.style import DARK, LIGHT, Theme, themed
from mwm.reporting.shared.pages import Figure, kind

FILMED = 300  # steps of the film
WORDS = ("the game as", "the world shows it")


def report_control(
    control: Path,
    folders: Sequence[Path],
    out: Path,
    metrics: Path,
    dpi: int,
    inputs: str,
    note: str | None = None,
) -> None:
    """Write control.html, scores.png, learning.png and playing.gif to `out`, and the summary.

    Args:
        control: the player's folder, with training.csv.
        folders: of scores, first that of the world in which it learned.
        out: gets page and pictures.
        metrics: JSON file, flat.
        dpi: resolution of the pictures.
        inputs: by which the other worlds' Vs learned: corresponding or independent.
        note: a sentence for the page: what else there is to say of how the models learned.

    Raises:
        MwmError: an input is missing or damaged, or an output cannot be written.
    """
    results = read_results(folders)
    steps, learned = _curve(control / "training.csv")
    names = [results.own.world, *results.worlds]
    films = {
        name: _pictures(folder / "game.h5") for name, folder in zip(names, folders, strict=True)
    }

    about = records.read(control / records.MANIFEST)

    def draw(theme: Theme) -> dict[str, bytes]:
        with themed(theme):
            return {
                "scores": scores_figure(results, theme, dpi),
                "learning": learning_figure(learned, theme, dpi),
                "playing": animation([(WORDS, films)], theme, dpi, about["frame_skip"]),
            }

    light, dark = draw(LIGHT), draw(DARK)
    figures = {name: Figure(light[name], dark[name], drawn_at(name, dpi)) for name in light}
    text = page(results, figures, steps, inputs, about["control"]["opponent"], note)
    for name, image in light.items():
        with replacing(out / f"{name}.{kind(image)}") as temporary:
            temporary.write_bytes(image)
    write_text(out / "control.html", text)
    write_json(metrics, summarise(results))


def summarise(results: Results) -> dict[str, Any]:
    """Flat: the player's score, and what share of it each other world keeps."""
    shares = {
        f"transferred_{world}": round(results.share(result), 6) if results.learned else None
        for world, result in results.recruited().items()
    }
    known = [share for share in shares.values() if share is not None]
    return {
        "score": round(results.own.score, 6),
        "score_random": round(results.random.score, 6),
        "transferred_min": min(known, default=None),
        **shares,
    }


def _curve(path: Path) -> tuple[int, list[Mapping[str, float]]]:
    """The steps of a training, and its rows in which games ended: steps, mean score, games."""
    _, lines = read_csv(path)
    curve: list[Mapping[str, float]] = [
        {name: float(line[name]) for name in ("steps", "score", "games")}
        for _, line in lines
        if line["score"]
    ]
    return max((int(line["steps"]) for _, line in lines), default=0), curve


def _pictures(path: Path) -> Pictures:
    frames = read_game(path).frames[:FILMED]
    return np.unpackbits(frames, axis=1).reshape(-1, SIDE, SIDE) * np.uint8(255)
