"""A wheel holds the library and its data alone, and works far from the repository."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from workspace import git

ROOT = Path(__file__).resolve().parents[2]
USE = """
import sys
sys.modules.update(dict.fromkeys(["dvc", "typer", "rich"]))  # as if they were not installed
from pathlib import Path
import mwm, numpy as np
from mwm.playground.opening import read
assert mwm.__file__.startswith(sys.argv[1]), mwm.__file__
frames = np.load(sys.argv[3])
model = mwm.load(sys.argv[2])
z = model.encode("mirror", mwm.World("mirror", ["mirror"]).show(frames))
shown = mwm.frames_of("ALE/Pong-v5", np.load(sys.argv[4]))
print(*model.decode("transpose", z).shape, *shown.shape)
plays = read(Path(mwm.__file__).with_name("pretrained") / "plays.h5")
frames = plays.arrays["plays.frames"].reshape(-1, 512)
model = mwm.load("pretrained")
z = model.encode("mirror", mwm.World("mirror", ["mirror"]).show(frames))
assert (z.shape, z.dtype) == ((len(frames), 32), np.float32)
for world in ("original", "transpose", "hswap", "vswap", "mirror"):
    steps = [] if world == "original" else [world]
    truth = mwm.unpack(mwm.World(world, steps).show(frames))
    drawn = model.decode(world, z) > 0.5
    assert drawn.shape == truth.shape
    f1 = 2 * (drawn & truth).sum() / (drawn.sum() + truth.sum())
    assert f1 > 0.97, (world, f1)  # of pixels, of which a blank picture has 0.99 right
ours = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "mwm"]
assert all(file.startswith(sys.argv[1]) for file in ours if file), ours
"""


def python(folder: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the working tree."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
        if (ROOT / name).is_file() and not name.startswith("report/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def wheel(checkout: Path, out: str) -> Path:
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", out]
    python(checkout, "-m", "pip", "wheel", *options, ".")
    (made,) = (checkout / out).glob("mwm-*.whl")
    return made


def listed(made: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(made).namelist() if ".dist-info/" not in name}


@pytest.mark.slow
def test_wheels_hold_the_library_s_files_and_no_others_whatever_was_built_before(checkout):
    kept = {
        path.relative_to(checkout).as_posix()
        for path in (checkout / "mwm").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"mwm/py.typed", "mwm/rollouts/games.yaml"} < kept
    gone = checkout / "mwm" / "library" / "gone.py"
    gone.write_text("# A module that is removed after a first build.\n")
    assert listed(wheel(checkout, "first")) == kept | {"mwm/library/gone.py"}
    gone.unlink()
    assert listed(wheel(checkout, "second")) == kept
    assert listed(wheel(checkout, "third")) == kept


@pytest.mark.slow
def test_an_installed_wheel_works_without_the_repository(checkout, trained, frames, tmp_path):
    site, here = tmp_path / "site", tmp_path / "elsewhere"
    here.mkdir()
    options = ["--no-deps", "--no-index", "--quiet", "--target", str(site)]
    python(here, "-m", "pip", "install", *options, str(wheel(checkout, "installed")))
    np.save(here / "frames.npy", frames)
    screens = np.full((2, 210, 160), 34, np.uint8)
    np.save(here / "screens.npy", screens)
    arguments = [str(site), str(trained / "runs"), "frames.npy", "screens.npy"]
    used = python(here, "-c", USE, *arguments, PYTHONPATH=str(site))
    assert used.split() == ["40", "64", "64", "2", "512"]
    command = str(site / "bin" / "mwm")
    assert "Usage: mwm" in python(here, command, "--help", PYTHONPATH=str(site))
    assert "found ball same" in python(here, command, "demo", "--no-open", PYTHONPATH=str(site))
    page = here / "playground.html"
    assert 1e6 < page.stat().st_size < 12e6
    text = page.read_text(encoding="utf-8")
    assert not re.search(r'https?://|(?:src|href)="(?!data:)', text), "it needs another file"
    python(here, command, "export", "hub", PYTHONPATH=str(site))
    assert (here / "hub" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
