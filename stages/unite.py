"""Put together a meta-world model: runs/recruit/<run>, runs/anchor -> runs/<run>.

It has V of both worlds and the M that they share. Recruits need no M, and M no recruits, so that
both are trained side by side. With `train.run.schedule: joint` a recruit is whole already.
"""

from mwm.runtime import commands
from mwm.runtime.options import RUNS, Run, Runs

app = commands.application(__doc__)


@commands.stage(app)
def unite(
    run: Run,
    runs: Runs = RUNS,
) -> None:
    """V of both worlds and M in one model -> runs/<run>."""
    import torch

    from mwm.io import records
    from mwm.io.files import replacing
    from mwm.models.model import WEIGHTS, load, save
    from mwm.runtime import locks
    from mwm.settings import params

    p = params.load()
    torch.set_num_threads(p.train.run.threads)  # as trained, which the manifest tells
    params.check_name(run, "RUN")
    recruit, folder = runs / "recruit" / run, locks.claim_folder(runs / run)
    model = load(recruit, p.train.model)
    if p.train.run.schedule == "anchored":
        anchor = load(runs / "anchor", p.train.model)
        model.memory.load_state_dict(anchor.memory.state_dict())
    manifest = records.read(recruit / records.MANIFEST)
    beside = [name for name in manifest[records.FILES] if name != WEIGHTS]
    for name in beside:
        with replacing(folder / name) as temporary:
            temporary.write_bytes(records.read_listed(recruit / name))
    save(model, folder, manifest["settings"], beside)


if __name__ == "__main__":
    app()
