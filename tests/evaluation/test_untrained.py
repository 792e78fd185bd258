"""Acts without iterations are legal: what they leave is evaluated and reported like any other."""

import csv
import json
from pathlib import Path

import plain_yaml
import pytest
from brief import run, train_one_run

from stages import evaluate, report


@pytest.mark.slow
@pytest.mark.parametrize("acts", [["recruit"], ["see", "anchor", "recruit"]])
def test_acts_of_no_iterations_are_evaluated_and_reported(project: Path, acts: list[str]) -> None:
    params = plain_yaml.parse(project / "params.yaml")
    for act in acts:
        params["train"][act]["iterations"] = 0
    params["train"]["runs"] = {"mirror": {"worlds": ["original", "mirror"]}}
    params["evaluate"] |= {"frames": 50, "length": 10}
    (project / "params.yaml").write_text(plain_yaml.text(params))
    train_one_run()
    run(evaluate.app)
    run(report.app)
    with (project / "eval" / "curves.csv").open() as file:
        assert list(csv.DictReader(file)) == []
    assert (project / "eval" / "curves.csv").read_text().startswith("run,iteration,source,target,")
    assert json.loads((project / "metrics.json").read_text())["successes"] == 0
    assert (project / "report" / "index.html").is_file()
