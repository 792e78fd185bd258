"""cluster.yaml: what `mwm repro --on` asks a cluster for."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from mwm import UsageError
from mwm.settings.base import Count, Section
from mwm.settings.faults import faults
from mwm.settings.lines import read, tell

FILE = "cluster.yaml"


class Slurm(Section):
    """What is asked of Slurm for each stage."""

    time: Annotated[str, Field(pattern=r"^(\d+-)?\d+(:\d\d){0,2}$")] = "12:00:00"  # as sbatch's
    memory: Annotated[str, Field(pattern=r"^\d+[KMGT]?$")] = "8G"
    partition: str | None = None
    options: list[str] = Field(default_factory=list)  # more of sbatch's, such as --account=vision


class Ray(Section):
    """What is asked of Ray for each stage."""

    memory: Annotated[float, Field(gt=0, le=10**5)] = 4.0  # gigabytes
    gpus: Annotated[float, Field(ge=0, le=1)] = 0.0  # or a part of one; 0 hides those of a node


class Cluster(Section):
    """All of cluster.yaml."""

    harness: list[str] = Field(default_factory=list)  # paths that every stage gets beside its deps
    cores: Count = 1  # of a stage with `meta: {cores: all}`
    parts: Count = 1  # jobs that share the work of a stage with `meta: {parts: true}`
    slurm: Slurm = Slurm()
    ray: Ray = Ray()


def load(project: Path, base: Path) -> Cluster:
    """Read cluster.yaml in `project`, or in the nearest folder above it up to `base` that has one.

    A key that is missing has its default. Paths of `harness` are relative to the file, and absolute
    in the result.

    Raises:
        UsageError: an unknown key, or a value of another kind.
    """
    project, base = project.resolve(), base.resolve()  # Git resolves links, a caller may not
    above = [folder for folder in (project, *project.parents) if folder.is_relative_to(base)]
    path = next((folder / FILE for folder in above if (folder / FILE).is_file()), None)
    if path is None:
        return Cluster()
    values, places = read(path)
    try:
        found = Cluster.model_validate(values or {})
    except ValidationError as error:
        told = [tell(places, key, said) for key, said in faults(error, places, Cluster)]
        raise UsageError("\nerror: ".join(told)) from None
    return found.model_copy(update={"harness": [str(path.parent / name) for name in found.harness]})
