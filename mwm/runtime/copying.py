"""Copy what a stage keeps: each file completely or not at all."""

from pathlib import Path

from mwm.io.files import read_bytes, replacing


def copy(source: Path, target: Path) -> None:
    """Copy a file, or all files in a folder, to `target`; of a file there the new one is left.

    Raises:
        ArtefactError: a file is a link that leads nowhere.
        MwmError: a file cannot be read or written.
    """
    within = sorted(path for path in source.rglob("*") if not path.is_dir())
    for path in within if source.is_dir() else [source]:
        content = read_bytes(path)
        with replacing(target / path.relative_to(source)) as temporary:
            temporary.write_bytes(content)
