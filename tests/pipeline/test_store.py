"""The store of engines: content appears whole, and two users can share it."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mwm import MwmError
from mwm.engines import node
from mwm.engines.job import Job
from mwm.engines.store import Store, md5_of
from mwm.engines.worker import work

OTHER = 65534  # nobody


@pytest.fixture
def narrow() -> Iterator[None]:
    """A umask that shuts out everybody else."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_content_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    place = store.extra("abcd")

    def interrupted() -> None:
        with store.publishing(place) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert not [*place.parent.iterdir()]
    (tmp_path / "file").write_text("content")
    md5 = md5_of(tmp_path / "file")
    store.put(tmp_path / "file", store.extra(md5))
    assert store.find(md5).read_text() == "content"
    assert [path.name for path in store.find(md5).parent.iterdir()] == [md5[2:]]
    with pytest.raises(MwmError, match="expected content ffff, found none"):
        store.find("ffff")


@pytest.mark.usefixtures("narrow")
def test_whatever_the_umask_others_can_read_and_add(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", group=True)
    store.put_bytes(b"x", store.output("a1ff"))
    place = store.output("a1ff")
    assert place.stat().st_mode & 0o777 == 0o444
    assert all(
        folder.stat().st_mode & 0o7777 == 0o2775
        for folder in place.parents
        if folder.is_relative_to(store.folder)
    )


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.usefixtures("narrow")
def test_two_users_share_a_store() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        os.chown(name, 0, OTHER)
        Path(name).chmod(0o2775)
        store = Store(Path(name, "store"), group=True)
        store.put_bytes(b"mine", store.output("a1ff"))

        def other() -> int:
            for content in ("a1b2", "ffff"):  # in the other's folder, and in one of its own
                store.put_bytes(content.encode(), store.output(content))
            return store.find("a1ff").read_text() != "mine"

        assert as_user(OTHER, other) == 0
        assert store.find("a1b2").read_text() == "a1b2"
        assert store.find("ffff").stat().st_uid == OTHER


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be two others")
@pytest.mark.usefixtures("narrow")
def test_one_user_goes_on_from_the_checkpoints_of_another() -> None:
    """On a file system of its own, as a cluster's store is one."""
    add = "cd $MWM_CHECKPOINTS && n=$(ls a | wc -l); mkdir -p a && touch a/$n; exit 7"
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        os.chown(name, 0, OTHER)
        Path(name).chmod(0o2775)
        store = Store(Path(name, "store"), group=True)
        job = Job("make", [add], ".", [], [], [], 1, {}, "", group=True)
        path = job.write(store)
        node.machine()  # imports what these users may not be able to read
        for nth, user in enumerate((OTHER, OTHER - 1)):
            assert as_user(user, lambda nth=nth: work(path, str(nth))) == 7
        found = [file.name for file in (job.checkpoints(store) / "a").iterdir()]
        assert sorted(found) == ["0", "1"]
        assert as_user(OTHER, lambda: shutil.rmtree(job.checkpoints(store))) == 0


def as_user(user: int, act: Callable[[], int | None]) -> int:
    """Do something as another user, in a process of its own; its exit code."""
    if (child := os.fork()) == 0:
        code = 255
        try:
            os.setgroups([])
            os.setgid(OTHER)
            os.setuid(user)
            code = act() or 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
