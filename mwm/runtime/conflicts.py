"""Merge conflicts that Git has left in a file."""

import re

MARK = re.compile(r"^(<{7}|\|{7}|={7}|>{7})( |$)", re.M)


def find(text: str) -> tuple[int, str] | None:
    """The line number of the first mark of a conflict, and the mark; None without one."""
    found = MARK.search(text)
    return (text.count("\n", 0, found.start()) + 1, found[1]) if found else None
