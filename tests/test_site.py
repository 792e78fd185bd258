"""The site: strict, so that a link that leads nowhere fails it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from links import broken

ROOT = Path(__file__).resolve().parents[1]


def test_links_between_files_are_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.html").write_text(
        '<h1 id="here">One</h1><a href="#here">x</a><a href="../two.html#there">x</a>'
        '<a href="../two.html#gone">x</a><a href="#gone">x</a><a href="two.html">x</a>'
        '<img src="data:,"><a href="https://arxiv.org/abs/1811.01741">x</a><img src="b%20c.png">'
    )
    (tmp_path / "a" / "b c.png").touch()
    (tmp_path / "two.html").write_text('<a name="there">Two</a>')
    assert broken(tmp_path) == [
        f"a/one.html: {link}: not found" for link in ("../two.html#gone", "#gone", "two.html")
    ]


def test_a_folder_of_something_else_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    for words, status in (([str(tmp_path)], 2), ([], 1)):
        command = [sys.executable, "docs/site/build.py", *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, len(done.stderr.splitlines())) == (status, 1)
    assert (tmp_path / "precious").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("nowhere.md", "nowhere.md"),
        ("models.md#nowhere", "local id not found in doc 'models': 'nowhere'"),
        ("../results/nowhere.csv", "nowhere.csv"),
    ],
)
def test_a_planted_broken_reference_fails_it(tmp_path: Path, link: str, said: str) -> None:
    for folder in ("docs", "plays", "report", "results", "examples", "bench"):
        shutil.copytree(ROOT / folder, tmp_path / folder, symlinks=True)
    for page in ROOT.glob("*.md"):
        shutil.copy(page, tmp_path)
    with (tmp_path / "docs" / "metrics.md").open("a", encoding="utf-8") as page:
        page.write(f"\n[planted]({link})\n")
    (tmp_path / "site-pages").mkdir()  # somebody's own, which was deleted
    done = subprocess.run(
        [sys.executable, tmp_path / "docs" / "site" / "build.py", tmp_path / "site"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("WARNING") == 1
    assert sorted(path.name for path in tmp_path.glob("*site*")) == ["site-pages"]
