"""Reports in tests: their pages, read; and figures left out where a test is about others."""

import base64
import re
from collections.abc import Iterable
from html.parser import HTMLParser

import pytest

THREE = {"anchored": ["original", "vswap", "mirror"]}
FIGURES = ["alignment", "curves", "dreams", "elements", "field", "strip", "worlds"]
DRAWING = ["play_animation", *(f"{name}_figure" for name in FIGURES)]
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
VOID = {"meta", "img", "source", "br"}


def leave_out(monkeypatch: pytest.MonkeyPatch, drawing: Iterable[str]) -> None:
    """Let these functions of a report draw a dot each, which takes no time."""
    for name in drawing:
        monkeypatch.setattr(f"mwm.reporting.run.report.{name}", lambda *given: DOT)


class Page(HTMLParser):
    """Checks that tags are nested, and collects them and the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.words))
