"""The store of engines: content appears whole, and two users can share it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mwm import MwmError
from mwm.engines.store import Store, md5_of

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
        if (child := os.fork()) == 0:  # the interpreter may be out of the other user's reach
            try:
                os.setgroups([])
                os.setgid(OTHER)
                os.setuid(OTHER)
                mine = store.find("a1ff").read_text() == "mine"
                for content in ("a1b2", "ffff"):  # in the other's folder, and in one of its own
                    store.put_bytes(content.encode(), store.output(content))
                os._exit(0 if mine else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert store.find("a1b2").read_text() == "a1b2"
        assert store.find("ffff").stat().st_uid == OTHER
