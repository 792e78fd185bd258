"""The text of a file that users write: in UTF-8; of other encodings it says which they are."""

import codecs
import re
from pathlib import Path

from mwm import UsageError

OTHERS = {  # by a file's first bytes
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16, as PowerShell writes it",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def text_of(path: Path | str) -> str:
    """The text of a file, every line ended by a newline alone, without a byte order mark.

    Raises:
        UsageError: there is no such file, it cannot be read, or is not in UTF-8.
    """
    try:
        content = Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        said = error.strerror
        raise UsageError(f"{path}: cannot be read ({said}); run from the project's root") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    found = [name for mark, name in OTHERS.items() if content.startswith(mark)]
    if not found and len(content) > 1 and 0 in content[:2]:
        found = ["UTF-16"]
    if not found:
        try:
            return re.sub(r"\r\n?", "\n", content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            found = [f"byte 0x{content[error.start]:02x} in line {line}"]
    raise UsageError(f"{path}: expected text in UTF-8, found {found[0]}; save it in UTF-8")


def ended_as(path: Path | str, text: str) -> str:
    """`text` with the line ends of a file: CRLF if it has any."""
    return text.replace("\n", "\r\n") if b"\r\n" in Path(path).read_bytes() else text
