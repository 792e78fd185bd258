import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from evaluations import evaluate
from reports import Page
from typer.testing import CliRunner

from mwm import MwmError, UsageError
from mwm.__main__ import app
from mwm.io.files import write_json
from mwm.pipeline.revisions import opened
from mwm.reporting.comparison.outcome import FILES, Outcome, read_outcome
from mwm.reporting.comparison.page import markdown, page
from mwm.reporting.comparison.tables import (
    Side,
    metrics_table,
    params_table,
    records,
    sides,
    verdicts,
)
from mwm.reporting.run.foreign import read_foreign
from mwm.reporting.run.summary import summarise
from mwm.reporting.shared.results import read_pairs
from mwm.settings.overlay import lay_over

PARAMS = Path(__file__).parents[2] / "params.yaml"


def made(folder, reported, contents, alignment=0.98, seed=0):
    """A finished run in `folder`: made-up numbers, and the pictures of a real report."""
    models = {"anchored": ["original", "vswap", "mirror"]}
    shutil.copytree(reported, folder / "report")
    evaluate(folder / "eval", contents, models, {("original", "vswap"): alignment})
    tables = read_pairs(folder / "eval/pairs.csv"), read_foreign(folder / "eval/foreign.csv")
    write_json(folder / "metrics.json", summarise(*tables))
    (folder / "params.yaml").write_text(lay_over(PARAMS, [], [f"train.run.seed={seed}"]))
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory, reported, contents):
    """Three finished runs; to be read only."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        "before": made(folder / "before", reported, contents),
        "after": made(folder / "after", reported, contents, 0.5, 1),
        "again": made(folder / "again", reported, contents, 0.7, 2),
    }


@pytest.fixture(scope="module")
def kept(runs, tmp_path_factory):
    """A repository whose HEAD is `before`, eval/ kept by DVC; the workspace is `after`."""
    folder = shutil.copytree(runs["before"], tmp_path_factory.mktemp("kept") / "project")
    for command in (
        "git init --quiet",
        f"{shlex.quote(sys.executable)} -m dvc init --quiet",
        f"{shlex.quote(sys.executable)} -m dvc add --quiet eval",
        "git add .",
        "git commit --quiet --message state",
    ):
        subprocess.run(shlex.split(command), cwd=folder, check=True)
    return shutil.copytree(runs["after"], folder, dirs_exist_ok=True)


@pytest.fixture
def repository(kept, tmp_path, monkeypatch):
    """A copy of it; the working directory."""
    monkeypatch.chdir(shutil.copytree(kept, tmp_path / "project"))
    return tmp_path / "project"


def read(runs, *names):
    return [found(runs[name]) for name in names]


def found(name):
    """The run of that name, wherever it is kept."""
    with opened(str(name), FILES) as (called, folder):
        return read_outcome(called, folder)


def test_params_and_metrics_that_differ_are_told(runs):
    compared = sides(read(runs, "before", "after"), seeds_together=False)
    assert params_table(compared) == (
        ["parameter", "before", "after"],
        [["train.run.seed", "0", "1"]],
    )
    titles, rows = metrics_table(compared)
    assert titles == ["metric", "before", "after", "change"]
    assert ["alignment_vswap", "0.98", "0.5", "−0.48"] in rows
    assert ["alignment_mirror", "0.98", "0.98", "0"] in rows
    assert "- after against before: 0 of 11 metrics are better, 10 worse." in markdown(compared, "")


def test_runs_that_differ_in_seeds_alone_can_be_one(runs):
    compared = sides(read(runs, "before", "after", "again"), seeds_together=True)
    assert [side.name for side in compared] == ["before and 2 more"]
    assert params_table(compared)[1] == [["train.run.seed", "0, 1, 2"]]
    assert ["alignment_vswap", "0.7 (0.5 to 0.98)"] in metrics_table(compared)[1]
    alternatives = [a["alt"] for _, a in Page(page(compared, "")).tags if "alt" in a]
    assert "strip of before" in alternatives, "the picture is of one run"


def test_settings_stay_apart_when_seeds_are_together(runs, tmp_path):
    other = shutil.copytree(runs["again"], tmp_path / "other")
    text = (other / "params.yaml").read_text()
    (other / "params.yaml").write_text(text.replace("transport: 100.0", "transport: 0.0"))
    outcomes = [*read(runs, "before", "after"), found(other)]
    compared = sides(outcomes, seeds_together=True)
    assert [len(side.outcomes) for side in compared] == [2, 1]
    assert ["train.recruit.constraints.transport", "100.0", "0.0"] in params_table(compared)[1]


def test_the_page_holds_tables_curves_and_pictures_and_needs_no_other_file(runs):
    told = Page(page(sides(read(runs, "before", "after"), seeds_together=False), ""))
    links = [a[key] for _, a in told.tags for key in ("src", "srcset", "href") if key in a]
    assert len(links) == 2 + 2 * 3  # curves on light and on dark paper; three pictures of each run
    assert all(link.startswith("data:image/png;base64,") for link in links)
    assert "alignment_vswap0.980.5−0.48" in told.text
    assert "gameALE/Pong-v5ALE/Pong-v5episodes600600" in told.text
    assert "seed01results" in told.text
    assert "train.run.seed01" in told.text


def test_a_revision_comes_from_git_and_from_the_cache(repository, runs):
    head, workspace = found("HEAD"), found("workspace")
    assert head.missing == workspace.missing == []
    assert head.metrics == found(runs["before"]).metrics
    assert head.curves == found(runs["before"]).curves
    assert head.pictures == found(runs["before"]).pictures
    assert workspace.metrics == found(runs["after"]).metrics


def test_files_that_were_not_pulled_are_told_and_do_not_matter(repository):
    shutil.rmtree(repository / ".dvc" / "cache")
    done = CliRunner().invoke(app, ["compare", "HEAD"])
    assert done.exit_code == 0
    assert (
        "HEAD: not at hand: eval/pairs.csv, eval/curves.csv, eval/manifest.json; fetch"
        in done.output
    )
    assert "| alignment_vswap | 0.98 | 0.5 | −0.48 |" in done.output
    written = {path.name for path in (repository / "build" / "compare").iterdir()}
    assert written == {"index.html", "compare.md"}


def test_a_study_without_metrics_is_summed_up_from_its_tables(runs, tmp_path):
    """Metrics on foreign plays were left out."""
    study = shutil.copytree(runs["after"], tmp_path / "study")
    (study / "metrics.json").unlink()
    shutil.rmtree(study / "report")
    assert found(study).metrics == read(runs, "after")[0].metrics
    assert "foreign_alignment_min" in found(study).metrics
    assert found(study).missing == [], "a study has no report, and `dvc pull` would bring none"


def test_folders_of_one_name_are_told_apart(runs, tmp_path, monkeypatch):
    """`mwm compare a/run b/run` said "run against run"."""
    monkeypatch.chdir(tmp_path)
    for side in ("before", "after"):
        Path(side).mkdir()
        Path(side, "run").symlink_to(runs[side])
    done = CliRunner().invoke(app, ["compare", "before/run", "after/run"])
    assert done.exit_code == 0, done.output
    assert "- after/run against before/run: " in done.output
    done = CliRunner().invoke(app, ["compare", str(runs["after"]), f"{tmp_path}/before/run"])
    assert "- run against after: " in done.output
    done = CliRunner().invoke(app, ["compare", f"{tmp_path}/before/run", f"{tmp_path}/after/run"])
    assert f"- {tmp_path}/after/run against {tmp_path}/before/run: " in done.output


def test_the_last_binary_digit_of_a_mean_makes_no_metric_better():
    """The median of two seeds, 0.955 and 0.9658, is a little less than 0.9604 in binary."""
    one, two = (
        Side(
            name,
            [Outcome(name, {}, {"alignment_min": value}, None, [], {}, []) for value in values],
        )
        for name, values in (("one", [0.9604]), ("two", [0.955, 0.9658]))
    )
    assert verdicts([one, two]) == ["two against one: 0 of 1 metrics are better, 0 worse."]
    assert records([one, two])["sides"][1]["gains"] == {"alignment_min": 0}


def test_as_json_it_says_what_the_tables_say(repository):
    done = CliRunner().invoke(app, ["compare", "HEAD", "--json"])
    told = json.loads(done.output)
    head, workspace = told["sides"]
    assert (head["name"], workspace["name"]) == ("HEAD", "workspace")
    assert told["differ"] == ["train.run.seed"]
    assert [side["runs"][0]["params"]["train.run.seed"] for side in told["sides"]] == [0, 1]
    assert workspace["runs"][0]["metrics"]["alignment_vswap"] == 0.5
    assert workspace["gains"]["alignment_vswap"] == pytest.approx(-0.48)
    assert head["runs"][0]["missing"] == []
    assert Path(told["page"]).is_file()
    assert Path(told["markdown"]).is_file()


def test_a_branch_may_have_signs_of_markdown_and_of_formulas(repository):
    branches = ["a|b", "_a<b>", "$a_$"]
    for branch in branches:
        subprocess.run(["git", "branch", branch], check=True)
    done = CliRunner().invoke(app, ["compare", "workspace", *branches])
    assert done.exit_code == 0, done.output
    assert r"| parameter | workspace | a\|b | _a\<b> | $a_$ |" in done.output
    assert r"- a\|b against workspace: " in done.output


def test_an_unknown_name_is_told_in_one_line(repository):
    with pytest.raises(
        UsageError, match=r"^nowhere: expected 'workspace', a folder with.*exp list"
    ):
        found("nowhere")


def test_a_revision_of_a_repository_without_a_commit_is_told_in_one_line(tmp_path, monkeypatch):
    """Git's own error was called a fault of mwm."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".dvc").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^nowhere: expected 'workspace', a folder with"):
        found("nowhere")


def test_a_run_has_a_name(repository):
    """Without one it was the current folder, as where a variable of the shell is not set."""
    with pytest.raises(UsageError, match="expected the name of a run, found ''"):
        found("")


def test_a_file_or_a_tree_of_a_revision_is_no_run(repository):
    """DVC failed within itself, and mwm called that a fault of its own."""
    for name in ("HEAD:params.yaml", "HEAD^{tree}"):
        with pytest.raises(UsageError, match="expected 'workspace', a folder with"):
            found(name)


def test_pictures_that_are_none_are_left_out(repository):
    """An empty PNG ended in an error, after one of the two files was written."""
    (repository / "report" / "strip.png").write_bytes(b"")
    (repository / "report" / "play.gif").write_text("version https://git-lfs.github.com/spec/v1")
    text = (repository / "params.yaml").read_text()
    (repository / "params.yaml").write_text(text.replace("dpi: 110", "dpi: 0"))
    told = Page(page(sides([found("HEAD"), found("workspace")], seeds_together=False), ""))
    pictures = [a for tag, a in told.tags if tag == "img"]
    assert len(pictures) == 1 + 3 + 2


def test_a_folder_without_a_name_is_not_written_to(repository):
    """It wrote into the project's root, where a variable of the shell was not set."""
    before = sorted(repository.iterdir())
    done = CliRunner().invoke(app, ["compare", "--out", ""])
    assert done.exit_code == 2
    assert "expected the name of a folder" in done.output
    assert sorted(repository.iterdir()) == before


def test_a_folder_or_workspace_without_params_is_refused(repository):
    (repository / "params.yaml").unlink()
    with pytest.raises(UsageError, match=r"^workspace: expected a run with params.yaml"):
        found("workspace")


def test_a_damaged_file_is_told_by_run_and_line(repository):
    path = repository / "metrics.json"
    path.write_text('{"successes": "many"}')
    with pytest.raises(MwmError, match=r"^metrics.json: expected numbers by name"):
        found("workspace")


def test_all_files_of_a_run_are_named(runs):
    assert all((runs["before"] / file).is_file() for file in FILES)


NOTEBOOK = "module://matplotlib_inline.backend_inline"


def test_pages_are_made_in_the_environment_of_a_notebook_and_of_an_old_terminal(repository):
    inherited = {"MPLBACKEND": NOTEBOOK, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [sys.executable, "-m", "mwm", "compare", "HEAD", "workspace"],
        env=os.environ | inherited,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"build/compare/index.html has curves and pictures\n")
