"""Tools beside `dvc`: what differs between finished runs."""

from mwm import cli
from mwm.reporting.compare import compare

app = cli.application(__doc__)
for command in (compare,):
    cli.command(app)(command)


@app.callback()
def mwm() -> None:
    """Tools beside `dvc`: what differs between finished runs."""


if __name__ == "__main__":
    app(prog_name="mwm")
