"""Put an output into the store, as DVC would put it into its cache."""

from pathlib import Path

from mwm import MwmError
from mwm.engines.attempt import Made
from mwm.engines.store import Store, inside, md5_of, tree_of


def publish(workspace: Path, out: str, store: Store) -> Made:
    """Put the output `out`, a file or a folder below the workspace, into the store.

    Of a folder the list of its files comes last, so that whoever finds it finds the files.

    Returns:
        What dvc.lock records of it.

    Raises:
        MwmError: the stage did not make it, or the store cannot be written.
    """
    path = workspace / out
    if path.is_dir():
        return _folder(path, out, store)
    if not path.is_file():
        raise MwmError(f"{out}: expected an output of the stage, found none")
    md5 = md5_of(path)
    store.put(path, store.output(md5))
    return Made(out, md5, path.stat().st_size, executable=bool(path.stat().st_mode & 0o100))


def _folder(path: Path, out: str, store: Store) -> Made:
    files = {name: (each, md5_of(each)) for name, each in inside(path).items()}
    for each, md5 in files.values():
        store.put(each, store.output(md5))
    tree = tree_of({name: md5 for name, (_, md5) in files.items()})
    md5 = str(tree.hash_info.value)
    store.put_bytes(tree.as_bytes(), store.output(md5))
    size = sum(each.stat().st_size for each, _ in files.values())
    return Made(out, md5, size, len(files))
