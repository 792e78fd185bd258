"""Pages in the reader's browser, where there is one."""

import os
import sys
import webbrowser
from pathlib import Path

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def open_page(path: Path) -> None:
    """Open a file in a browser with windows, if one can open.

    Without windows `webbrowser` would start one in the terminal, and wait.
    """
    windows = sys.platform in ("darwin", "win32")
    if windows or any(os.environ.get(name) for name in DISPLAYS):
        webbrowser.open(path.resolve().as_uri())
