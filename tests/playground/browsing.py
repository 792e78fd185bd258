"""What tests share that look at the page in a browser."""

from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]  # opens the page, perhaps with options of the browser's


def until(opened: Any, condition: str) -> None:
    """Wait until an expression is true; the page's policy forbids Playwright's own way."""
    for _ in range(200):
        if opened.evaluate(condition):
            return
        opened.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")
