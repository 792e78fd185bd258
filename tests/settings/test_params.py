"""params.yaml is checked whole, and every fault is told with its line."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mwm import UsageError
from mwm.settings import params
from mwm.settings.misfits import misfits
from mwm.settings.params import Params

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")

EPISODES, HOLD = r"episodes: \d+", r"^  hold: \d+"

Edited = Callable[[str, str], str]


@pytest.fixture
def fault_of(tmp_path: Path) -> Edited:
    """Says what `load` says of params.yaml with one change: a pattern, and what replaces it."""

    def said(pattern: str, replacement: str) -> str:
        text, count = re.subn(pattern, replacement, TEXT, count=1, flags=re.MULTILINE)
        assert count == 1, pattern
        (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            params.load(tmp_path / "params.yaml")
        assert caught.value.exit_code == 2
        return str(caught.value).replace(f"{tmp_path}/", "")

    return said


def line_of(pattern: str) -> int:
    """The line of params.yaml on which `pattern` matches."""
    found = re.search(pattern, TEXT, flags=re.MULTILINE)
    assert found, pattern
    return TEXT.count("\n", 0, found.start()) + 1


def test_the_committed_params_are_valid() -> None:
    loaded = params.load(ROOT / "params.yaml")
    assert loaded.collect.game == "ALE/Pong-v5"
    assert set(loaded.train.runs) == set(loaded.variants.worlds) - {"original"}


def test_every_value_of_the_committed_params_has_a_comment() -> None:
    bare = []
    told: dict[str, str] = {}
    for line in TEXT.splitlines():
        key = re.match(r"\s+(\w+):\s+[^\s{\[#]", line)
        if key and "#" in line:
            told[key[1]] = line
        elif key and key[1] not in told:  # an act after the first repeats keys of the first
            bare.append(line)
    assert not bare


@pytest.mark.parametrize(
    ("pattern", "replacement", "said"),
    [
        (
            EPISODES,
            "episodes: '120'",
            "collect.episodes: expected a valid integer, found '120'",
        ),
        (
            "frames: 400",
            "frames: 1",
            "train.batch.frames: expected greater than or equal to 2, found 1",
        ),
        (EPISODES, "episodes: 1.5", "collect.episodes: expected a valid integer, found 1.5"),
        (
            EPISODES,
            "episodes: yes",
            "collect.episodes: expected a valid integer, found 'yes'",
        ),
        (EPISODES, "episodes:", "collect.episodes: expected a valid integer, found None"),
        (
            EPISODES,
            "episodes: 0",
            "collect.episodes: expected greater than or equal to 1, found 0",
        ),
        (
            r"game: \S+",
            "game: Pong",
            "collect.game: expected pattern '^ALE/[A-Za-z0-9]+-v5$', found 'Pong'",
        ),
        (
            r"validation: \S+ ",
            "validation: .nan ",
            "preprocess.validation: expected a finite number, found nan",
        ),
        (
            r"mirror: \[mirror\]",
            "mirror: mirror",
            "variants.worlds.mirror: expected a valid list, found 'mirror'",
        ),
        (
            r"original: \[\]",
            "original: [mirror]",
            "variants.worlds.original: expected [] (no bijections), found ['mirror']",
        ),
        (
            r"mirror: \{worlds: \[original, mirror\]\}",
            "mirror: {worlds: [mirror, mirror]}",
            "train.runs.mirror.worlds: expected distinct worlds, found ['mirror', 'mirror']",
        ),
        (
            r"mirror: \{worlds: \[original, mirror\]\}",
            "mirror: {worlds: [mirror, invert]}",
            "train.runs.mirror.worlds: expected 'original' first, found ['mirror', 'invert']",
        ),
        (
            r"mirror: \{worlds: \[original, mirror\]\}",
            "mirror: {worlds: [original, invert]}",
            "train.runs.mirror.worlds: expected a world of its own, found 'invert' as in 'invert'",
        ),
        (
            r"mirror: \{worlds: \[original, mirror\]\}",
            "mirror: {worlds: [original, mirro]}",
            "train.runs.mirror.worlds: expected worlds of variants.worlds, found 'mirro'; listed: "
            "original, transpose, hswap, vswap, invert, mirror; did you mean 'mirror'?",
        ),
        (
            r"mirror: \{worlds: \[original, mirror\]\}",
            "anchor: {worlds: [original, mirror]}",
            "train.runs.anchor: expected a name other than see, anchor, smooth, decipher, recruit, "
            "control, transfer, original: runs/anchor is taken",
        ),
        (
            r"mirror: \{worlds: \[original, mirror\]\}",
            "Mirror: {worlds: [original, mirror]}",
            "train.runs.Mirror: expected pattern '^[a-z][a-z0-9_]{0,31}$', found 'Mirror'",
        ),
        (r"dpi: \d+", "dpi: 3", "report.dpi: expected greater than or equal to 30, found 3"),
    ],
)
def test_a_wrong_value_is_told_with_its_line_and_what_was_expected(
    fault_of: Edited, pattern: str, replacement: str, said: str
) -> None:
    assert fault_of(pattern, replacement) == f"params.yaml:{line_of(pattern)}: {said}"


def test_no_runs_are_told_in_our_words_and_without_those_of_pydantic(fault_of: Edited) -> None:
    said = fault_of(r"  runs: .*\n(    .*\n)+", "  runs: {}\n")
    assert said.splitlines()[0].endswith("train.runs: expected at least 1 item, found {}")


def test_steps_that_would_train_what_another_act_trains_are_told(defaults: Params) -> None:
    values = defaults.model_dump()
    values["train"]["anchor"] |= {"reconstruction_steps": 3, "prediction_steps": 20}
    values["train"]["recruit"] |= {"prediction_steps": 5}
    said = "expected 0, since {} (train.run.schedule: anchored), found {}"
    original, memory = "V of the original stays as it was seen", "M is trained beside the recruits"
    assert [*misfits(values)] == [
        (("train", "anchor", "reconstruction_steps"), said.format(original, 3)),
        (("train", "recruit", "prediction_steps"), said.format(memory, 5)),
    ]
    values["train"]["run"]["schedule"] = "joint"
    assert not [*misfits(values)]


def test_a_constraint_that_needs_corresponding_inputs_is_told_with_its_line(
    fault_of: Edited,
) -> None:
    said = fault_of("inputs: corresponding", "inputs: independent")
    place = f"params.yaml:{line_of('contrast: 100.0')}: train.recruit.constraints.contrast"
    assert said.startswith(f"{place}: contrast compares halves of one batch, it needs ")
    assert "train.run.inputs: corresponding, found independent" in said


@pytest.mark.parametrize(
    ("schedule", "act", "weight", "told"),
    [
        ("anchored", "recruit", 1.0, True),
        ("anchored", "recruit", 0.0, False),
        ("anchored", "joint", 1.0, False),
        ("joint", "joint", 1.0, True),
        ("joint", "recruit", 1.0, False),
    ],
)
def test_independent_inputs_refuse_contrast_in_the_act_that_runs(
    defaults: Params, schedule: str, act: str, weight: float, told: bool
) -> None:
    values = defaults.model_dump()
    values["train"]["run"] |= {"schedule": schedule, "inputs": "independent"}
    values["train"]["recruit"] |= {"frames": "random", "constraints": {}}
    values["train"]["joint"]["constraints"] = {}
    values["train"][act]["constraints"] = {"contrast": weight}
    found = [key for key, _ in misfits(values)]
    assert found == ([("train", act, "constraints", "contrast")] if told else [])


@pytest.mark.parametrize(
    ("schedule", "weight", "told"),
    [("anchored", 1.0, True), ("anchored", 0.0, False), ("joint", 1.0, False)],
)
def test_sequences_are_refused_where_latents_are_deciphered_of_single_frames(
    defaults: Params, schedule: str, weight: float, told: bool
) -> None:
    values = defaults.model_dump()
    values["train"]["run"] |= {"schedule": schedule, "inputs": "independent"}
    values["train"]["decipher"]["weight"] = weight
    for act in ("recruit", "joint"):
        values["train"][act] |= {"frames": "sequences", "constraints": {}}
    found = [key for key, _ in misfits(values)]
    assert found == ([("train", "recruit", "frames")] if told else [])


def test_an_unknown_key_is_told_with_the_known_ones_and_the_closest(fault_of: Edited) -> None:
    said = fault_of(HOLD, "  hold: 1\n  holt: 1")
    place = f"params.yaml:{line_of(HOLD) + 1}: collect.holt"
    assert said.startswith(f"{place}: unknown key; expected one of game, episodes, ")
    assert said.endswith("; did you mean 'hold'?")


def test_an_unknown_key_of_a_run_is_told_with_the_known_ones(fault_of: Edited) -> None:
    said = fault_of(r"\[original, mirror\]\}", "[original, mirror], seed: 3}")
    assert said.endswith("train.runs.mirror.seed: unknown key; expected one of worlds")


def test_a_missing_key_is_told_at_its_section(fault_of: Edited) -> None:
    said = fault_of(f"{HOLD}.*\n", "")
    assert said == f"params.yaml:{line_of('^collect:')}: collect.hold: missing; add it"


def test_shares_that_leave_no_training_episodes_are_refused(fault_of: Edited) -> None:
    said = fault_of(r"validation: \S+(.*\n  test:) \S+", r"validation: 0.9\1 0.1")
    assert said.endswith(
        "expected validation + test < 1, to leave episodes to train on, found 0.9 + 0.1"
    )


def test_each_of_several_faults_has_a_line_of_its_own(fault_of: Edited) -> None:
    first, second = fault_of(rf"{EPISODES}(.*)\n", r"episodes: 0\1\n  holt: 3\n").splitlines()
    line = line_of(EPISODES)
    assert first.startswith(f"params.yaml:{line}: collect.episodes: expected ")
    assert second.startswith(f"error: params.yaml:{line + 1}: collect.holt: unknown key; ")


def test_of_many_faults_twenty_are_told_and_the_others_counted(fault_of: Edited) -> None:
    keys = "".join(f"\n  holt{n}: 1" for n in range(27))
    *told, last = fault_of(HOLD, f"  hold: 1{keys}").splitlines()
    assert len(told) == params.MOST
    assert last == "error: and 7 more"


def test_a_key_that_is_there_twice_is_refused(fault_of: Edited) -> None:
    said = fault_of(HOLD, "  hold: 2\n  hold: 1")
    line = line_of(HOLD)
    assert (
        said == f"params.yaml:{line + 1}: collect.hold appears twice, first at params.yaml:{line}"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "params.yaml:1: the file: expected a valid dictionary, found None"),
        ("- 3\n", "params.yaml:1: the file: expected a valid dictionary, found [3]"),
        ("a: [\n", "params.yaml:2: expected YAML, found: expected the node content, "),
        ("a: &a [*a]\n", "params.yaml: expected YAML, found: maximum recursion depth exceeded"),
        ("\0", "params.yaml: expected YAML, found: unacceptable character"),
    ],
)
def test_a_file_that_is_no_params_file_is_refused_in_one_line(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        params.load(tmp_path / "params.yaml")
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(said)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read .*; run from the project's root"):
        params.load(tmp_path / "params.yaml")


def test_a_float_in_the_form_that_dvc_writes_is_a_float(tmp_path: Path) -> None:
    text = re.sub(r"(see:(?:.*\n)+?.*learning_rate:) \S+", r"\1 1e-05", TEXT, count=1)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    assert params.load(tmp_path / "params.yaml").train.see.learning_rate == 1e-5


def test_an_item_that_a_mapping_lacks_is_told_with_the_closest() -> None:
    with pytest.raises(UsageError, match=r"variants\.worlds has no 'miror'.*did you mean 'mirror'"):
        params.pick({"original": 0, "mirror": 1}, "miror", "variants.worlds")


def test_params_cannot_be_changed_once_read() -> None:
    loaded = params.load(ROOT / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        loaded.collect.episodes = 3
