"""Commands beside `dvc`, on the same files: what is stale, runs, is left over, or differs."""

from mwm import cli
from mwm.pipeline.check import check
from mwm.pipeline.plan import plan
from mwm.pipeline.prune import prune
from mwm.pipeline.run import run
from mwm.pipeline.status import status
from mwm.pipeline.vouch import vouch
from mwm.reporting.compare import compare

app = cli.application(__doc__)
for function in (check, plan, run, vouch, prune, status, compare):
    cli.command(app)(function)


def main() -> None:
    """Run the command that the arguments name."""
    app(prog_name="mwm")


if __name__ == "__main__":
    main()
