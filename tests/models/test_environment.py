import pytest
import torch

from mwm.io import records
from mwm.models.environment import environment, note

CPU = torch.device("cpu")


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "manifest.json"
    records.write(path, {"environment": environment(CPU)})
    return path


def test_the_same_machine_is_told_in_the_same_words():
    assert environment(CPU) == environment(CPU)
    assert environment(CPU)["torch"] == torch.__version__


def test_models_trained_here_need_no_note(manifest):
    assert note([manifest, manifest], CPU) is None


def test_models_trained_elsewhere_are_noted_in_one_line(manifest):
    there = {"environment": environment(CPU) | {"torch": "2.0.0"}}
    other = manifest.with_name("other.json")
    records.write(other, there)
    said = note([manifest, other, other], CPU)
    assert said.startswith(f"note: {other}: trained elsewhere: torch 2.0.0 there, ")
    assert "(and 1 more)" in said
    assert "\n" not in said


def test_threads_count_since_sums_depend_on_them(manifest):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        assert f"threads {threads} there, {threads + 1} here" in note([manifest], CPU)
    finally:
        torch.set_num_threads(threads)


def test_a_manifest_from_before_environments_were_kept_is_noted(manifest):
    records.write(manifest, {})
    assert "torch unknown there" in note([manifest], CPU)
