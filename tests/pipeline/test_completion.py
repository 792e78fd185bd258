"""Completion in a real shell: commands, options, and the stages of the project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mwm.pipeline.output import stages_like

ROOT = Path(__file__).resolve().parents[2]
BASH = shutil.which("bash")


def completed(*words: str) -> set[str]:
    """What bash offers for the last of the words, after it was taught how."""
    line = " ".join(words)
    script = f"""
        eval "$(mwm --show-completion bash)"
        COMP_WORDS=({line}) COMP_CWORD={len(words) - 1}
        _mwm_completion mwm
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [BASH or "bash", "-c", script],
        cwd=ROOT,
        env={**os.environ, "PATH": paths, "SHELL": BASH or ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.skipif(not BASH, reason="bash is not installed")
def test_bash_completes_commands_options_and_stages() -> None:
    assert completed("mwm", "re") == {"repro"}
    assert completed("mwm", "plan", "--j") == {"--json"}
    variants = {"transpose", "hswap", "vswap", "invert", "mirror"}
    assert completed("mwm", "repro", "recruit") == {f"recruit@{name}" for name in variants}


def test_where_no_lock_file_is_nothing_is_offered(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert stages_like("") == []
    Path("dvc.lock").write_bytes(b"\xff")
    assert stages_like("") == []
    Path("dvc.lock").write_text("stages:\n  one:\n    cmd: x\n  two@a:\n    cmd: y\n")
    assert stages_like("") == ["one", "two@a"]
    assert stages_like("t") == ["two@a"]
