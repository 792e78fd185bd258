"""A profile changes the values that it names, and nothing else."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mwm import UsageError
from mwm.settings import params
from mwm.settings.overlay import lay_over

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "params.yaml"
PROFILES = sorted((ROOT / "profiles").glob("*.yaml"))


def laid(tmp_path: Path, profile: str) -> str:
    (tmp_path / "profile.yaml").write_text(profile, encoding="utf-8")
    return lay_over(BASE, [tmp_path / "profile.yaml"])


def flat(tree: Any, *above: str) -> dict[str, Any]:
    """{"train.see.kl": 1.5, ...}"""
    if not isinstance(tree, dict) or not tree:
        return {".".join(above): tree}
    return {key: value for name in tree for key, value in flat(tree[name], *above, name).items()}


def comments(text: str) -> list[str]:
    return [line.split("#", 1)[1] for line in text.splitlines() if "#" in line]


def without_constraints(text: str) -> str:
    """Less the mappings `constraints`, which a profile replaces as a whole."""
    return re.sub(r"(?m)^( *)constraints:.*\n(\1  .*\n)*", "", text)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_a_profile_of_the_project_changes_what_it_names_and_nothing_else(profile: Path) -> None:
    before = flat(YAML(typ="safe").load(BASE.read_text(encoding="utf-8")))
    named = flat(YAML(typ="safe").load(profile.read_text(encoding="utf-8")))
    after = flat(YAML(typ="safe").load(lay_over(BASE, [profile])))
    assert after == before | named
    assert after != before


def test_of_two_profiles_the_later_one_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("train: {see: {kl: 2.0, kl_ramp: 7}, run: {seed: 5}}\n", encoding="utf-8")
    second.write_text("train: {see: {kl: 3.0}}\n", encoding="utf-8")
    before = flat(YAML(typ="safe").load(BASE.read_text(encoding="utf-8")))
    after = flat(YAML(typ="safe").load(lay_over(BASE, [first, second])))
    changed = {"train.see.kl": 3.0, "train.see.kl_ramp": 7, "train.run.seed": 5}
    assert after == before | changed


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_a_profile_keeps_the_comments_and_the_order_of_params(profile: Path) -> None:
    before, after = map(
        without_constraints, (BASE.read_text(encoding="utf-8"), lay_over(BASE, [profile]))
    )
    assert comments(after) == comments(before)
    keys = [[line.split(":")[0] for line in text.splitlines()] for text in (before, after)]
    assert keys[0] == keys[1]


def test_the_paper_profile_is_the_papers_setting(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(lay_over(BASE, [ROOT / "profiles/paper.yaml"]))
    p = params.load(tmp_path / "params.yaml")
    assert (p.collect.episodes, p.collect.max_steps) == (10_000, 1_000)
    assert (p.train.run.schedule, p.train.model.vision) == ("joint", "conv")
    assert (p.train.model.latent, p.train.model.memory) == (32, 32)
    assert (p.train.batch.sequences, p.train.batch.length) == (16, 25)
    assert (p.train.joint.prediction_steps, p.train.joint.reconstruction_steps) == (20, 10)
    assert p.train.joint.constraints.keys() == {"moments"}


def test_worlds_and_runs_are_replaced_as_a_whole(tmp_path: Path) -> None:
    profile = """
variants: {worlds: {original: [], quarter: [transpose, mirror]}}
train: {runs: {quarter: {worlds: [original, quarter]}}}
"""
    (tmp_path / "params.yaml").write_text(laid(tmp_path, profile), encoding="utf-8")
    p = params.load(tmp_path / "params.yaml")
    assert p.variants.worlds == {"original": [], "quarter": ["transpose", "mirror"]}
    assert list(p.train.runs) == ["quarter"]
    assert p.train.see == params.load(BASE).train.see


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("collect:\n  episods: 3\n", "profile.yaml:2: collect.episods: unknown key; "),
        ("\nreprot: {}\n", "profile.yaml:2: reprot: unknown key; "),
        ("collect:\n  episodes: x\n", "profile.yaml:2: collect.episodes: expected a valid integer"),
        ("collect: 3\n", "profile.yaml:1: collect: expected a valid dictionary, found 3"),
        ("", "profile.yaml:1: expected sections of params.yaml, found None"),
        ("- collect\n", "profile.yaml:1: expected sections of params.yaml, found ['collect']"),
        (
            "train: {runs: {far: {worlds: [original, far]}}}",
            "profile.yaml:1: train.runs.far.worlds: expected worlds of variants.worlds, found ",
        ),
    ],
)
def test_a_fault_is_told_at_its_line_of_the_profile(
    tmp_path: Path, profile: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        laid(tmp_path, profile)
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(said)


def command(folder: Path, *words: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mwm", "profile", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_changes_params_in_place(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(BASE.read_bytes())
    ended = command(tmp_path, ROOT / "profiles/smoke.yaml")
    assert ended.returncode == 0
    assert "git checkout params.yaml" in ended.stdout
    assert (tmp_path / "params.yaml").read_text() == lay_over(BASE, [ROOT / "profiles/smoke.yaml"])


def test_a_faulty_profile_leaves_params_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(BASE.read_bytes())
    (tmp_path / "profile.yaml").write_text("collect: {episodes: 0}\n")
    ended = command(tmp_path, tmp_path / "profile.yaml")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert (tmp_path / "params.yaml").read_bytes() == BASE.read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_missing_profile_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(BASE.read_bytes())
    ended = command(tmp_path, Path("profiles/smoek.yaml"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: profiles/smoek.yaml: cannot be read")
    assert len(ended.stderr.splitlines()) == 1


def test_single_values_need_no_profile(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = shutil.copy(BASE, tmp_path / "params.yaml")
    words = [sys.executable, "-m", "mwm", "profile", "--params", str(file)]
    assert subprocess.run([*words, "--set", "control.seed=9"], check=False).returncode == 0
    assert f"{file}: now with control.seed=9; `git checkout" in capfd.readouterr().out
    assert params.load(file).control.seed == 9
    assert subprocess.run(words, check=False).returncode == 2
    assert "expected a profile, or --set with a value, found neither" in capfd.readouterr().err


def test_single_values_are_laid_over_the_profile(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("train: {run: {seed: 3, threads: 1}}")
    text = lay_over(BASE, [tmp_path / "profile.yaml"], ["train.run.seed=4", "train.see.kl=1e-3"])
    (tmp_path / "params.yaml").write_text(text)
    p = params.load(tmp_path / "params.yaml")
    assert (p.train.run.seed, p.train.run.threads, p.train.see.kl) == (4, 1, 0.001)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("train.run.sead=3", "--set train.run.sead=3: train.run.sead: unknown key.*'seed'"),
        ("train.run.seed=-3", "--set train.run.seed=-3: train.run.seed: expected greater"),
        ("train.run.seed", "--set: expected key=value, as .*found 'train.run.seed'"),
        ("=3", "--set: expected key=value"),
        ("train..seed=3", "--set: expected key=value"),
        ("train.run=[", "--set: expected key=value"),
    ],
)
def test_a_mistaken_value_is_told_with_its_place(tmp_path: Path, value: str, told: str) -> None:
    (tmp_path / "profile.yaml").write_text("train: {run: {threads: 1}}")
    with pytest.raises(UsageError, match=told):
        lay_over(BASE, [tmp_path / "profile.yaml"], [value])


def aliased() -> str:
    """params.yaml in which sections and a number are shared: the same values in other words."""
    text = BASE.read_text(encoding="utf-8")
    for old, new in (
        (r"^  see: ", "  see: &act "),
        (
            r"^  anchor: .*\n(    .*\n)+?(?=    dream_steps)",
            "  anchor:\n    <<: *act\n    reconstruction_steps: 0\n",
        ),
        (
            r"^  recruit: .*\n(    .*\n)+?(?=    constraints)",
            "  recruit:\n    <<: *act\n    kl: 0.5\n",
        ),
        (r"^  validation: (\S+) ", r"  validation: &share \1 "),
        (r"^  test: \S+ ", "  test: *share "),
    ):
        text, count = re.subn(old, new, text, flags=re.MULTILINE)
        assert count == 1, old
    return text


def test_of_sections_that_share_one_by_an_alias_only_the_named_one_changes(tmp_path: Path) -> None:
    base, profile, out = (tmp_path / name for name in ("params.yaml", "profile.yaml", "out.yaml"))
    base.write_text(aliased(), encoding="utf-8")
    profile.write_text("train: {see: {iterations: 2}}\npreprocess: {validation: 0.2}\n")
    out.write_text(lay_over(base, [profile], ["train.recruit.reconstruction_steps=7"]))
    before, after = (params.load(path).model_dump() for path in (base, out))
    changed = {key for key, value in flat(after).items() if value != flat(before)[key]}
    assert changed == {
        "train.see.iterations",
        "train.recruit.reconstruction_steps",
        "preprocess.validation",
    }


def test_a_section_that_profiles_share_is_changed_in_one_place(tmp_path: Path) -> None:
    first, second, out = (tmp_path / name for name in ("first.yaml", "second.yaml", "out.yaml"))
    first.write_text("train: {see: &act {iterations: 9, kl: 2.0}, anchor: *act}\n")
    second.write_text("train: {see: {iterations: 2}}\n")
    out.write_text(lay_over(BASE, [first, second], ["train.anchor.kl=3.0"]))
    train = params.load(out).train
    assert (train.see.iterations, train.anchor.iterations) == (2, 9)
    assert (train.see.kl, train.anchor.kl) == (2.0, 3.0)


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(BASE.read_bytes().replace(b"\n", b"\r\n"))
    assert command(tmp_path, ROOT / "profiles/smoke.yaml").returncode == 0
    written = (tmp_path / "params.yaml").read_bytes()
    assert written.count(b"\r\n") == written.count(b"\n") > 100
    expected = lay_over(BASE, [ROOT / "profiles/smoke.yaml"]).encode()
    assert written.replace(b"\r\n", b"\n") == expected


def test_a_value_means_what_it_means_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("{}")
    with pytest.raises(UsageError, match="valid integer, found '1_000'"):
        lay_over(BASE, [tmp_path / "profile.yaml"], ["collect.episodes=1_000"])


def test_another_file_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(BASE.read_text())
    (tmp_path / "profile.yaml").write_text("{}")
    words = ["profile.yaml", "--set", "train.run.seed=5", "--out", "new/params.yaml"]
    subprocess.run([sys.executable, "-m", "mwm", "profile", *words], cwd=tmp_path, check=True)
    assert (tmp_path / "params.yaml").read_text() == BASE.read_text()
    assert params.load(tmp_path / "new/params.yaml").train.run.seed == 5


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        ("variants.worlds.mirror=[mirror]", "variants.worlds"),
        ("train.runs.mirror.worlds=[original]", "train.runs"),
        ("train.see.iterations.x=3", "train.see.iterations"),
    ],
)
def test_a_part_of_what_is_replaced_as_a_whole_is_refused(
    tmp_path: Path, value: str, whole: str
) -> None:
    """The other worlds were gone, and nothing told of it."""
    (tmp_path / "params.yaml").write_text(BASE.read_text())
    refused = command(tmp_path, "--set", value)
    assert refused.returncode == 2
    assert f"expected {whole}, which is replaced as a whole" in refused.stderr
    assert (tmp_path / "params.yaml").read_text() == BASE.read_text()


def test_a_link_to_params_stays_a_link(tmp_path: Path) -> None:
    """It became a file of its own, and what it had led to stayed as it was."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/params.yaml").write_bytes(BASE.read_bytes())
    (tmp_path / "params.yaml").symlink_to("real/params.yaml")
    assert command(tmp_path, "--set", "train.run.seed=7").returncode == 0
    assert (tmp_path / "params.yaml").is_symlink()
    assert params.load(tmp_path / "real/params.yaml").train.run.seed == 7
