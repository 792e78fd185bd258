"""What docs/reproducibility.md says of other kinds of processor."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import plain_yaml
import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def longer(project: Path) -> Path:
    """The project with a V that is seen for long enough to learn something."""
    path = project / "params.yaml"
    values = plain_yaml.parse(path)
    values["train"]["see"] |= {"iterations": 20, "reconstruction_steps": 5}
    path.write_text(plain_yaml.text(values))
    return project


def learn(project: Path, **environment: str) -> tuple[bytes, list[dict[str, float]]]:
    """See the original; the weights and the curves."""
    subprocess.run(
        [sys.executable, "-m", "stages.train", "see", "original"],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        check=True,
    )
    folder = project / "runs" / "see" / "original"
    with (folder / "training.csv").open() as file:
        rows = [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]
    return (folder / "model.safetensors").read_bytes(), rows


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT", reason="has no other kernels"
)
@pytest.mark.slow
def test_another_kind_of_processor_gives_the_same_curves_within_a_tolerance(longer: Path) -> None:
    weights, curves = learn(longer)
    again, others = learn(longer, MWM_KERNELS="native", ATEN_CPU_CAPABILITY="default")
    assert again != weights, "no sum is done in another order: nothing is tested"
    assert others == [pytest.approx(row, rel=1e-3) for row in curves]
    assert others[-1]["reconstruction_original"] < 0.9 * others[0]["reconstruction_original"]
