from mwm.reporting.report import report

SIX = ["original", "transpose", "hswap", "vswap", "invert", "mirror"]


def test_x(evaluated, defaults, tmp_path):
    e = evaluated(
        {"anchored": SIX},
        {("original", "vswap"): 0.3, ("vswap", "mirror"): -0.21, ("mirror", "original"): 0.93},
    )
    s = defaults.report.model_copy(update={"strip_start": 5})
    import shutil

    shutil.copytree(e, "/tmp/rep/eval0", dirs_exist_ok=True)
    report(e, tmp_path / "r", tmp_path / "m.json", s)
    shutil.copytree(tmp_path / "r", "/tmp/rep/r0", dirs_exist_ok=True)
    shutil.copy(tmp_path / "m.json", "/tmp/rep/r0")
