"""What params ask of episodes is told by the first stage that knows their lengths."""

import re
from pathlib import Path

import plain_yaml
import pytest
from typer.testing import CliRunner

from mwm import UsageError
from mwm.decipherment import groups, plan, symbols
from mwm.frames.preprocessing import preprocess
from mwm.settings import lengths, params
from mwm.settings.params import Params
from stages import preprocess as stage
from stages import train

ROOT = Path(__file__).resolve().parents[2]
LONG = {"train": [1000] * 96, "validation": [1000] * 12, "test": [1000] * 12}


def faults(p: Params, section: str = "", changes: dict[str, object] | None = None, **found) -> str:
    """What is told of these params, changed in a section, and of these lengths."""
    values = p.model_dump()
    inner = values
    for part in section.split(".") if section else []:
        inner = inner[part]
    inner |= changes or {}
    try:
        lengths.check(Params.model_validate(values), LONG | found)
    except UsageError as error:
        return str(error)
    return ""


def test_the_default_params_fit_the_default_episodes(defaults: Params) -> None:
    assert faults(defaults) == ""


@pytest.mark.parametrize(
    ("split", "section", "said"),
    [
        ("train", "train.batch", "train.batch.length: expected at most {}, "),
        ("validation", "train.batch", "train.batch.length: expected at most {}, "),
        ("test", "evaluate", "evaluate.length: expected at most {}, "),
    ],
)
@pytest.mark.parametrize("frames", [20, 40, 51, 60, 764])
def test_the_number_that_is_told_is_the_greatest_that_works(
    defaults: Params, split: str, section: str, said: str, frames: int
) -> None:
    strip = defaults.model_copy(
        update={"report": defaults.report.model_copy(update={"strip_start": 0, "strip_every": 1})}
    )
    found = {split: [10, frames, 10]}
    told = faults(strip, section, {"length": 5000}, **found)
    number = re.search(r"expected at most (\d+), ", told)
    assert number, told
    assert said.format(number[1]) in told
    most = int(number[1])
    assert most == frames - 2
    fits = {"length": most, **({"dreamed": 1} if section == "train.batch" else {})}
    assert faults(strip, section, fits, **found) == ""
    assert f"at most {most}, " in faults(strip, section, {"length": most + 1}, **found)


@pytest.mark.parametrize("frames", [27, 40, 764])
def test_what_m_dreams_in_training_must_fit_behind_what_it_reads(
    defaults: Params, frames: int
) -> None:
    found = {"validation": [10, frames], "test": [200]}
    told = faults(defaults, "train.batch", {"dreamed": 5000}, **found)
    number = re.search(r"train.batch.dreamed: expected at most (\d+), ", told)
    assert number, told
    assert faults(defaults, "train.batch", {"dreamed": int(number[1])}, **found) == ""
    assert "dreamed" in faults(defaults, "train.batch", {"dreamed": int(number[1]) + 1}, **found)


def test_all_that_is_told_works_in_evaluation(defaults: Params) -> None:
    """A sequence that is read, a dreamt step after it, and the frame after that."""
    for length in (10, 24, 25, 26, 300):
        needed = length + 2
        strip = {"report": defaults.report.model_copy(update={"strip_start": 0, "strip_every": 1})}
        p = defaults.model_copy(update=strip)
        assert faults(p, "evaluate", {"length": length}, test=[needed]) == ""
        assert "evaluate.length" in faults(p, "evaluate", {"length": length}, test=[needed - 1])


@pytest.mark.parametrize(
    ("changes", "found", "raised"),
    [({"film": 60}, {}, "evaluate.film"), ({}, {"test": [61]}, "collect.max_steps")],
)
def test_a_strip_beyond_the_film_is_told(
    defaults: Params, changes: dict[str, object], found: dict[str, list[int]], raised: str
) -> None:
    strip = {"report": defaults.report.model_copy(update={"strip_start": 60})}
    said = faults(defaults.model_copy(update=strip), "evaluate", changes, **found)
    assert (
        "report: expected a strip within the film's 60 frames, found its last frame at 74" in said
    )
    assert said.endswith(f"or raise {raised}")


@pytest.mark.parametrize(("film", "test"), [(75, 764), (200, 76)])
def test_a_strip_may_end_with_the_last_frame_of_the_film(
    defaults: Params, film: int, test: int
) -> None:
    for start, told in ((60, ""), (61, "found its last frame at 75")):
        strip = {"report": defaults.report.model_copy(update={"strip_start": start})}
        said = faults(defaults.model_copy(update=strip), "evaluate", {"film": film}, test=[test])
        assert told in said
        assert bool(told) == bool(said)


@pytest.mark.parametrize(
    ("section", "change"),
    [("train.anchor", {"dream_steps": 0}), ("train.run", {"schedule": "joint"})],
)
def test_where_nothing_is_dreamt_a_sequence_may_be_one_frame_longer(
    defaults: Params, section: str, change: dict[str, object]
) -> None:
    values = defaults.model_dump()
    values["train"][section.removeprefix("train.")] |= change
    p, found = Params.model_validate(values), {"validation": [40]}
    assert faults(p, "train.batch", {"length": 39}, **found) == ""
    assert "expected at most 39, " in faults(p, "train.batch", {"length": 40}, **found)


@pytest.fixture
def independent(defaults: Params) -> Params:
    values = defaults.model_dump()
    values["train"]["run"]["inputs"] = "independent"
    values["train"]["recruit"] |= {"frames": "random", "constraints": {"sinkhorn": 15.0}}
    return Params.model_validate(values)


def test_independent_inputs_need_episodes_for_each_world(independent: Params) -> None:
    assert faults(independent) == ""
    assert "collect.episodes: expected two episodes" in faults(independent, train=[1000])
    said = faults(independent, train=[1000, 20])
    assert "train.batch.length: expected at most 18, " in said
    assert "train.run.inputs: independent: expected for each world an episode of 108 frames" in said
    assert "train.decipher.states: expected at most 15, " in said
    assert faults(independent, "train.decipher", {"states": 128}, train=[200, 200]) == ""


@pytest.mark.parametrize(
    ("train", "fits"),
    [
        ([108, 200], True),
        ([107, 200], False),
        ([108, 199], False),
        ([200, 108], False),
        ([108, 108, 20, 107], True),
        ([300, 107, 20, 107], False),
    ],
)
def test_one_world_needs_an_episode_for_decipherment_and_the_other_two_sequences(
    independent: Params, train: list[int], fits: bool
) -> None:
    told = "train.run.inputs: independent: expected for each world an episode of 108 frames"
    assert (told not in faults(independent, train=train)) == fits
    assert told not in faults(independent, "train.run", {"schedule": "joint"}, train=train)


@pytest.mark.parametrize(("train", "most"), [([200, 300], 195), ([200, 200, 100, 103], 290)])
def test_there_are_no_more_states_than_frames_of_one_world(
    independent: Params, train: list[int], most: int
) -> None:
    assert faults(independent, "train.decipher", {"states": most}, train=train) == ""
    said = faults(independent, "train.decipher", {"states": most + 1}, train=train)
    assert f"train.decipher.states: expected at most {most}, " in said


def test_what_decipherment_needs_is_what_it_reads() -> None:
    assert lengths.SEQUENCE == symbols.LENGTH
    assert symbols.LENGTH + max(one.lag for one in plan.SLOW) == lengths.SPAN
    assert groups.SLOW_GAP + 1 + plan.SLOW[-1].stride == lengths.MARGIN


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("max_steps: 1000", "max_steps: 20", "train.batch.length: expected at most 18, "),
        ("max_steps: 1000", "max_steps: 26", "evaluate.length: expected at most 24, "),
        ("strip_start: null", "strip_start: 990", "report: expected a strip within the film's 200"),
    ],
)
def test_what_no_episode_can_be_long_enough_for_is_told_by_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / "params.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        params.load(tmp_path / "params.yaml")
    assert re.search(rf"params\.yaml:\d+: {said}", str(caught.value))


def set_length(project: Path, section: str, length: int) -> None:
    path = project / "params.yaml"
    values = plain_yaml.parse(path)
    inner = values["train"]["batch"] if section == "batch" else values[section]
    inner["length"] = length
    path.write_text(plain_yaml.text(values))


def test_preprocess_tells_what_later_stages_need(project: Path, worlds: Path) -> None:
    set_length(project, "evaluate", 149)
    arguments = ["--rollouts", str(worlds / "rollouts.h5"), "--out", "frames.h5"]
    done = CliRunner().invoke(stage.app, arguments)
    assert done.exit_code == 2
    assert "error: params.yaml: evaluate.length: expected at most 148, " in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (project / "frames.h5").exists()


def test_see_tells_what_evaluate_needs(project: Path) -> None:
    set_length(project, "evaluate", 149)
    done = CliRunner().invoke(train.app, ["see", "original"])
    assert done.exit_code == 2
    assert "error: params.yaml: evaluate.length: expected at most 148, " in done.stderr
    assert not (project / "runs").exists()


def test_a_check_changes_no_byte(worlds: Path, tmp_path: Path, defaults: Params) -> None:
    heard = []
    source = worlds / "rollouts.h5"
    preprocess(defaults.preprocess, source, tmp_path / "frames.h5", check=heard.append)
    assert (tmp_path / "frames.h5").read_bytes() == (worlds / "frames.h5").read_bytes()
    assert heard == [{"train": [150] * 4, "validation": [150], "test": [150]}]
