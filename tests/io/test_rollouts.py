"""A file that is not what it should be is refused at the door, in one line."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from forgery import changing_h5

from mwm import MwmError
from mwm.io import checksum
from mwm.io.rollouts import opening


def test_the_screens_are_those_that_h5py_reads(rollouts: Path) -> None:
    with opening(rollouts) as opened, h5py.File(rollouts, locking=False) as file:
        assert opened.field == (160, 160)
        assert opened.steps.tolist() == [150] * 6
        for episode, screens in enumerate(file["screens"].values()):
            chunks = list(opened.chunks(episode))
            assert [len(chunk) for chunk in chunks] == [64, 64, 22]
            assert np.array_equal(np.concatenate(chunks), screens[...])
            assert np.array_equal(opened.screen(episode, 130), screens[130])


def _replace(name: str, data: object, **options: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        if data is not None:
            file.create_dataset(name, data=data, **options)

    return change


def _set(name: str, value: object) -> Callable[[h5py.File], None]:
    return lambda file: file.attrs.__setitem__(name, value)


SCREENS = np.zeros((150, 160, 160), np.uint8)
GZIP = {"chunks": (64, 160, 160), "compression": "gzip"}
FAULTS: list[tuple[Callable[[h5py.File], None], str]] = [
    (_set("kind", "frames"), "expected a file of kind 'rollouts', found 'frames'"),
    (_replace("actions", None), "'actions': expected uint8 (900), found none"),
    (_replace("actions", np.zeros(899, np.uint8)), "expected uint8 (900), found uint8 (899)"),
    (_replace("actions", np.zeros(900, np.int64)), "expected uint8 (900), found int64 (900)"),
    (_replace("actions", np.full(900, 6, np.uint8)), "expected over 6 names in JSON"),
    (_replace("episode_offsets", np.array([0, 0, 900])), "expected to rise from 0, found [0, 0"),
    (_replace("episode_offsets", np.arange(1, 8) * 128), "expected to rise from 0, found [128, 25"),
    (_replace("episode_offsets", np.array([0])), "expected to rise from 0, found [0]"),
    (_replace("screens", None), "'screens/000000': expected uint8 (150, n, n), found none"),
    (_replace("screens/000003", None), "'screens/000003': expected uint8 (150, 160, 160)"),
    (_replace("screens/000003", SCREENS[:, :63], **GZIP | {"chunks": (64, 63, 160)}), "63, 160)"),
    (_replace("screens/000003", SCREENS[:99], **GZIP), "found uint8 (99, 160, 160)"),
    (_replace("screens/000003", SCREENS), "gzip chunks of whole screens, found None None"),
    (
        _replace("screens/000003", SCREENS, chunks=(64, 80, 160), compression="gzip"),
        "gzip chunks of whole screens, found gzip (64, 80, 160)",
    ),
    (
        _set("background", "256"),
        "background: expected null or 0..255 in JSON, found '256'",
    ),
    (
        _set("background", "dark"),
        "background: expected null or 0..255 in JSON, found 'da",
    ),
    (lambda file: file.attrs.__delitem__("objects"), "attribute objects: expected boxes by name"),
]


@pytest.mark.parametrize(("change", "told"), FAULTS, ids=[told for _, told in FAULTS])
def test_a_fault_is_told(rollouts: Path, change: Callable[[h5py.File], None], told: str) -> None:
    with changing_h5(rollouts) as file:
        change(file)
    with pytest.raises(MwmError) as failure, opening(rollouts):
        pytest.fail("opened")
    assert told in str(failure.value)
    assert str(failure.value).startswith(str(rollouts))
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(("height", "width"), [(63, 160), (160, 63)])
def test_small_screens_are_told(rollouts: Path, height: int, width: int) -> None:
    with changing_h5(rollouts) as file:
        for name in list(file["screens"]):
            del file["screens"][name]
            shape = {"data": SCREENS[:, :height, :width], "chunks": (64, height, width)}
            file["screens"].create_dataset(name, **shape, compression="gzip")
    with (
        pytest.raises(MwmError, match=f"at least 64 x 64 pixels, found {height} x {width}"),
        opening(rollouts),
    ):
        pytest.fail("opened")


def test_a_damaged_chunk_is_told(rollouts: Path) -> None:
    with h5py.File(rollouts) as file:
        place = file["screens/000002"].id.get_chunk_info_by_coord((64, 0, 0))
    with rollouts.open("r+b") as file:
        file.seek(place.byte_offset + place.size // 2)
        file.write(b"\xff" * 16)
    checksum.stamp(rollouts)
    with opening(rollouts) as opened:
        opened.screen(2, 63)
        with pytest.raises(MwmError, match=r"/screens/000002: damaged at step 64: "):
            opened.screen(2, 64)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "not found"),
        (b"", "expected an HDF5 file with a checksum"),
        (b"frame,action\n0,1\n", "expected an HDF5 file with a checksum"),
    ],
)
def test_what_is_no_hdf5_file_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "rollouts.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MwmError, match=told), opening(path):
        pytest.fail("opened")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_told(rollouts: Path, share: float) -> None:
    content = rollouts.read_bytes()
    rollouts.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(MwmError, match="expected a complete HDF5 file"), opening(rollouts):
        pytest.fail("opened")
