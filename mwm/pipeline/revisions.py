"""The files of a run from wherever it is kept: workspace, folder, Git revision or experiment."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mwm import MwmError, UsageError
from mwm.pipeline import project

WORKSPACE = "workspace"
PARAMS = "params.yaml"


@contextmanager
def opened(name: str, files: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield what to call a run, and a folder with those of its `files` that are at hand.

    Args:
        name: "workspace", a folder with params.yaml, a Git revision or an experiment.
        files: paths in the project; of a revision they are copied to a temporary folder.

    Raises:
        UsageError: nothing has that name.
    """
    if not name.strip():  # as from a variable of the shell that is not set
        raise UsageError(f"expected the name of a run, found {name!r}; see `git branch -a`")
    if name == WORKSPACE:
        yield name, Path() if Path(PARAMS).is_file() else project.root()
    elif (Path(name) / PARAMS).is_file():
        yield Path(name).name if Path(name).is_absolute() else name, Path(name)
    else:
        with tempfile.TemporaryDirectory(prefix="mwm compare ") as folder:
            _fetch(name, files, Path(folder))
            try:
                yield name, Path(folder)
            except MwmError as error:
                raise type(error)(str(error).replace(f"{folder}/", f"{name}: ")) from None


def _fetch(revision: str, files: Sequence[str], folder: Path) -> None:
    """Copy files of a revision, from Git or from DVC's cache, as far as they are there."""
    from dvc.exceptions import DvcException
    from dvc_data.index import DataIndexDirError
    from scmrepo.exceptions import SCMError

    with project.opened() as repo, ExitStack() as switched:
        try:
            switched.enter_context(repo.switch(revision))
        except (DvcException, SCMError, AttributeError) as error:  # the last: a file or tree of Git
            raise UsageError(
                f"{revision}: expected {WORKSPACE!r}, a folder with {PARAMS}, a Git revision or an "
                f"experiment, found none ({error}); see `git branch -a` and `dvc exp list`"
            ) from None
        for file in files:
            (folder / file).parent.mkdir(exist_ok=True)
            try:
                repo.dvcfs.get_file(f"/{file}", str(folder / file))
            except (OSError, DvcException, DataIndexDirError):  # not in that revision, or no cache
                (folder / file).unlink(missing_ok=True)
