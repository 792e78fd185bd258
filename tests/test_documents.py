"""The pages in docs/ say what is so: error messages, links, commands."""

import re
from pathlib import Path

import plain_yaml
import pytest
from messages import messages

import mwm

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_every_error_message_is_explained_and_no_other() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^- `(.+)`$", page, re.M))
    raised = messages()
    assert not (missing := sorted(raised.keys() - told)), [f"{raised[m]}: {m}" for m in missing]
    assert not told - raised.keys(), "no code raises these any more"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)", text):
        there = page.parent / target if target else page
        assert there.exists(), f"{page.name}: {target}"
        if anchor:
            titles = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.M)
            assert anchor in {_anchor(title) for title in titles}, f"{page.name}: #{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_and_stage_of_a_command_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for module in re.findall(r"python -m ((?:mwm|stages|bench)[\w.]*)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


def test_every_test_that_is_said_to_hold_something_exists() -> None:
    table = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")
    for path in re.findall(r"\btests/[\w/]+\.py", table):
        assert (ROOT / path).is_file(), path
    code = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py"))
    for name in re.findall(r"\btest_\w+(?!\w*\.py)", table):
        assert re.search(rf"def {name}\b", code), name


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in PAGES if page.parent != ROOT} - {"README.md"} == set(
        re.findall(r"\]\(([\w-]+\.md)\)", index)
    )


def test_a_release_is_called_the_same_everywhere() -> None:
    cited = plain_yaml.parse(ROOT / "CITATION.cff")
    versions = re.findall(r"^## \[([\d.]+)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert (cited["version"], str(cited["date-released"])) == versions[0]
    assert cited["version"] == mwm.__version__


def test_ray_accepts_its_cluster_file() -> None:
    util = pytest.importorskip("ray.autoscaler._private.util")
    told = plain_yaml.parse(ROOT / "docs" / "ray-cluster.yaml")
    util.validate_config(util.prepare_config(told))
    assert "security_group" not in told["provider"]  # Ray's own opens port 22 to everybody
    types = told["available_node_types"].values()
    assert all(each["node_config"]["SecurityGroupIds"] for each in types)


def _anchor(title: str) -> str:
    """GitHub's name of a heading: small letters, hyphens for spaces, no other signs."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
