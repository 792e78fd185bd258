"""Files are whole or not there, the same twice, and refused if they are something else."""

import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import h5py
import numpy as np
import pytest
from forgery import altered

from mwm import MwmError
from mwm.io import checksum
from mwm.io.deferring import Output
from mwm.io.files import final_name, read_json, replacing, write_json, write_text
from mwm.io.frames import SPLITS, Frames, read_frames, write_frames
from mwm.io.hdf5 import creating_h5, reading_h5

ROOT = Path(__file__).resolve().parents[2]


def test_a_file_is_under_its_name_only_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "metrics.json"
    with replacing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffix == ".json"
    assert path.read_text() == "half"
    assert [file.name for file in path.parent.iterdir()] == ["metrics.json"]


@pytest.mark.parametrize(
    "name", ["metrics.json", "model.safetensors", "a.b.csv", "LICENSE", ".a.h5"]
)
def test_a_temporary_file_is_told_by_its_name_from_the_user_s_own(
    tmp_path: Path, name: str
) -> None:
    with replacing(tmp_path / name) as temporary:
        assert final_name(temporary) == name
    assert final_name(tmp_path / name) is None
    for own in (".metrics.json.backup_1.csv", ".a.h5.ab12cd34", ".a.abcdefg.h5"):
        assert final_name(Path(own)) is None, own


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    path = tmp_path / "metrics.json"
    write_text(path, "old")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("new")
            raise failure

    with pytest.raises(failure):
        fail()
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["metrics.json"]


def test_a_new_file_has_the_rights_that_the_umask_grants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a", "")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "{0}; free some space or quota"),
        (errno.EDQUOT, "{0}; free some space or quota"),
        (errno.EFBIG, "{0}; see `ulimit -f`"),
        (errno.EACCES, "{0}; allow it to this user, or use another place"),
        (errno.EROFS, "{0}; allow it to this user, or use another place"),
        (errno.EIO, "{0}; mend that"),
    ],
)
def test_a_failed_write_is_told_in_one_line(tmp_path: Path, number: int, told: str) -> None:
    with pytest.raises(MwmError) as failure, replacing(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
    assert told.format(os.strerror(number)) in str(failure.value)
    assert str(failure.value).startswith(f"{tmp_path / 'a'}: cannot be written: ")
    assert "\n" not in str(failure.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("file/new.h5", "leads through a file"),
        ("file/deep/new.h5", "leads through a file"),
        ("folder", "a folder has that name"),
        ("/proc/new.h5", "No such file or directory; make it"),
    ],
)
def test_a_path_that_cannot_be_written_is_told(tmp_path: Path, path: str, told: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(MwmError, match=told):
        write_text(tmp_path / path, "")


def test_json_comes_back_and_has_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_json(path, {"alignment": 0.5})
    assert path.read_text() == '{\n  "alignment": 0.5\n}\n'
    assert read_json(path) == {"alignment": 0.5}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"alignment": float("nan")})
    assert read_json(path) == {"alignment": 0.5}


@pytest.mark.parametrize(
    ("content", "told"), [(None, "not found"), (b"{", "expected JSON"), (b"\xff", "expected JSON")]
)
def test_a_file_that_is_no_json_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(MwmError, match=told):
        read_json(tmp_path / "a.json")


FILL = """
import sys
import numpy as np
from mwm import MwmError
from mwm.io import hdf5

path, flushed = sys.argv[1], len(sys.argv) > 2
noise = np.random.default_rng(0).integers(0, 256, (8, 4096), dtype=np.uint8)
try:
    with hdf5.creating_h5(path, "noise", {"seed": 0}) as file:
        for name in range(50):
            file.create_dataset(f"deep/{name}", data=noise, chunks=(1, 4096), compression="gzip")
            if flushed:
                file.flush()
        print("filled")
except MwmError as error:
    print(error)
"""


def _fill(limit: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Write 1.6 MB of HDF5 where files may have `limit` bytes: as good as a full disk."""
    return subprocess.run(
        [sys.executable, "-c", FILL, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


@pytest.mark.parametrize("limit", [1, 100, 2_000, 40_000, 500_000, 1_600_000])
def test_hdf5_survives_a_disk_that_is_full_from_any_byte_on(tmp_path: Path, limit: int) -> None:
    """Left to itself it crashes on its way out."""
    ended = _fill(limit, tmp_path / "noise.h5")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == (
        f"{tmp_path / 'noise.h5'}: cannot be written: File too large; "
        "see `ulimit -f`, and run the command again"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_flush_tells_of_a_full_disk_before_all_work_is_done(tmp_path: Path) -> None:
    late = _fill(500_000, tmp_path / "noise.h5")
    early = _fill(500_000, tmp_path / "noise.h5", "flushed")
    assert "filled" in late.stdout
    assert "filled" not in early.stdout
    assert "ulimit" in early.stdout


def test_what_fits_is_written(tmp_path: Path) -> None:
    ended = _fill(3_000_000, tmp_path / "noise.h5")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "filled\n", "")
    with h5py.File(tmp_path / "noise.h5") as file:
        assert len(file["deep"]) == 50


def test_what_a_full_disk_does_not_take_is_told_by_the_next_flush_once(tmp_path: Path) -> None:
    """The system takes the first half of a write, and refuses the rest."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for ask in (lambda file: file.write(bytes(10)), lambda file: file.truncate(10)):
        with Output(tmp_path / "a", "w+") as file:
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (5, before[1]))
                assert ask(file) == 10
                with pytest.raises(OSError, match="File too large"):
                    file.flush()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            file.flush()


def test_hdf5_files_are_the_same_twice(tmp_path: Path) -> None:
    attributes = {"x": 1, "y": "ü"}
    for name, given in (("one", attributes), ("two", dict(reversed(attributes.items())))):
        with creating_h5(tmp_path / name, "a", given) as file:
            file.create_dataset("data", data=np.arange(1000), compression="gzip")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_hdf5_files_are_what_h5py_writes_by_itself(tmp_path: Path) -> None:
    """In content; the bytes may be placed otherwise."""
    with creating_h5(tmp_path / "a.h5", "a", {"x": 1}) as file:
        file.create_dataset("data", data=np.arange(1000))
    with reading_h5(tmp_path / "a.h5", "a") as file:
        assert dict(file.attrs) == {"kind": "a", "x": 1}
        assert np.array_equal(file["data"][...], np.arange(1000))
        assert file["data"].dtype == np.int64


def test_frames_come_back_as_they_went(tmp_path: Path, worlds: Path) -> None:
    content = read_frames(worlds / "frames.h5")
    write_frames(tmp_path / "frames.h5", content)
    again = read_frames(tmp_path / "frames.h5")
    for field in fields(Frames):
        one, two = getattr(content, field.name), getattr(again, field.name)
        assert np.array_equal(one, two) if isinstance(one, np.ndarray) else one == two
    assert (tmp_path / "frames.h5").read_bytes() == (worlds / "frames.h5").read_bytes()
    assert content.action_count == 6
    assert content.indices(np.array([4, 1])).tolist() == [*range(600, 750), *range(150, 300)]
    assert [content.episodes(split).tolist() for split in SPLITS] == [[0, 1, 2, 3], [4], [5]]


def _replace(name: str, data: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        if data is not None:
            file[name] = data

    return change


BOXES = [[0, 0, 65, 9], [-1, 0, 9, 9], [0, -1, 9, 9], [9, 0, 9, 9], [0, 9, 9, 9], [0.0, 0, 9, 9]]
FAULTS: list[tuple[Callable[[h5py.File], None], str]] = [
    (lambda file: file.attrs.__delitem__("kind"), "'frames', found 'an unknown kind'"),
    (lambda file: file.attrs.__setitem__("kind", [1, 2]), "'kind' is neither a word nor a numb"),
    (_replace("frames", None), "'frames': expected uint8 (n, 512), found none"),
    (_replace("frames", np.zeros((900, 511), np.uint8)), "found uint8 (900, 511)"),
    (_replace("frames", np.zeros((900, 512), np.float32)), "found float32 (900, 512)"),
    (_replace("frames", np.zeros((0, 512), np.uint8)), "'actions': expected uint8 (0)"),
    (_replace("actions", np.zeros(899, np.uint8)), "expected uint8 (900), found uint8 (899)"),
    (_replace("actions", np.full(900, 6, np.uint8)), "actions: expected 0..5, found 6"),
    (_replace("episode_offsets", np.array([0, 5])), "expected to rise from 0 to 900"),
    (_replace("episode_offsets", np.array([0, 9, 9, 900])), "expected to rise from 0 to 900"),
    (
        _replace("episode_offsets", np.array([3, 9, 900])),
        "expected to rise from 0 to 900, found [3",
    ),
    (
        _replace("episode_offsets", np.array([0, 7 * 10**18, 14 * 10**18 - 2**64, 900])),
        "expected to rise from 0",
    ),
    (_replace("split", np.zeros(7, np.uint8)), "split: expected 6 episodes in 0..2, found 7"),
    (_replace("split", np.zeros(0, np.uint8)), "split: expected 6 episodes in 0..2, found 0"),
    (_replace("split", np.full(6, 3, np.uint8)), "split: expected 6 episodes in 0..2, found 6"),
    (_replace("pixel_map", np.zeros(4096, np.uint16)), "pixel_map: expected a permutation"),
    (_replace("inverted", np.zeros(64, np.uint8)), "'inverted': expected uint8 (512)"),
    (lambda file: file.attrs.__delitem__("action_names"), "attribute action_names: expected"),
    (lambda file: file.attrs.__setitem__("objects", '{"ball": [0, 0, 9, 65]}'), "boxes by name in"),
    *(
        (
            lambda file, box=box: file.attrs.__setitem__("objects", f'{{"b": {box}}}'),
            f'\'{{"b": {box}',
        )
        for box in BOXES
    ),
]


@pytest.mark.parametrize(("change", "told"), FAULTS, ids=[told for _, told in FAULTS])
def test_a_faulty_file_is_told(
    tmp_path: Path, worlds: Path, change: Callable[[h5py.File], None], told: str
) -> None:
    path = altered(worlds / "frames.h5", tmp_path / "frames.h5", change)
    with pytest.raises(MwmError) as failure:
        read_frames(path)
    assert told in str(failure.value)
    assert str(path) in str(failure.value)
    assert "\n" not in str(failure.value)


def test_a_world_is_no_frames_file(worlds: Path) -> None:
    with pytest.raises(MwmError, match="expected a file of kind 'frames', found 'world'"):
        read_frames(worlds / "mirror.h5")


def test_a_file_that_another_program_has_locked_is_read(tmp_path: Path, worlds: Path) -> None:
    """HDFView and h5py lock what they open to write to; nobody writes to a file with a checksum.

    Nor does reading need a file system that has locks: HDF5 would ask for one.
    """
    path = tmp_path / "frames.h5"
    path.write_bytes((worlds / "frames.h5").read_bytes())
    with path.open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        found = read_frames(path)
    assert np.array_equal(found.frames, read_frames(worlds / "frames.h5").frames)


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.0, "with a checksum"), (0.1, "a complete HDF5 file"), (0.9, "a complete HDF5")],
)
def test_a_truncated_file_is_told(tmp_path: Path, worlds: Path, share: float, told: str) -> None:
    content = (worlds / "frames.h5").read_bytes()
    (tmp_path / "frames.h5").write_bytes(content[: int(share * len(content))])
    with pytest.raises(MwmError, match=told):
        read_frames(tmp_path / "frames.h5")


def test_damage_at_the_end_of_a_long_file_is_told(tmp_path: Path) -> None:
    """The checksum is of all pieces in which a file is read."""
    with creating_h5(tmp_path / "a.h5", "a", {}) as file:
        file["noise"] = np.random.default_rng(0).integers(0, 256, 2**20, dtype=np.uint8)
    content = bytearray((tmp_path / "a.h5").read_bytes())
    for place in (600, len(content) // 2, len(content) - 1):
        content[place] ^= 1
        (tmp_path / "a.h5").write_bytes(content)
        with pytest.raises(MwmError, match="bytes that do not match its checksum"):
            reading_h5(tmp_path / "a.h5", "a").__enter__()
        content[place] ^= 1


def test_a_damaged_chunk_is_told(tmp_path: Path, worlds: Path) -> None:
    path = tmp_path / "frames.h5"
    content = bytearray((worlds / "frames.h5").read_bytes())
    with h5py.File(worlds / "frames.h5") as file:
        place = file["frames"].id.get_chunk_info(1)
    middle = place.byte_offset + place.size // 2
    content[middle : middle + 16] = b"\xff" * 16
    path.write_bytes(content)
    with pytest.raises(MwmError, match="bytes that do not match its checksum"):
        read_frames(path)
    checksum.stamp(path)
    with pytest.raises(MwmError, match="damaged"):
        read_frames(path)
