"""Where stages run: here, or as jobs of Ray or Slurm."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from mwm.pipeline import project
from mwm.pipeline.child import Child, Heard
from mwm.pipeline.executor import Handle
from mwm.pipeline.plan import Step

if TYPE_CHECKING:
    from mwm.engines.base import Engine
    from mwm.engines.cluster import Cluster

MOST = 100  # jobs at once unless told: the cluster has a queue of its own

Launch = Callable[[str, Heard], Handle]


class Name(StrEnum):
    """Engines."""

    LOCAL = "local"
    RAY = "ray"
    SLURM = "slurm"


@contextmanager
def launching(on: Name, planned: Sequence[Step], most: int) -> Iterator[Launch | None]:
    """What starts a stage on an engine, in `most` jobs at once; None for a `dvc repro` here.

    What DVC's cache holds already is restored here.

    Raises:
        MwmError: the engine cannot be used.
    """
    if on is Name.LOCAL or not planned:
        yield None
        return
    from mwm.engines import cluster as clusters
    from mwm.pipeline.remote.head import Remote
    from mwm.pipeline.remote.jobs import base_of

    with project.opened() as repo:
        cluster = clusters.load(project.root(), base_of(repo))
        # `dvc add` has no command, and of a frozen stage DVC looks at the outputs alone.
        here = {s.addressing for s in repo.index.stages if s.frozen or not s.cmd}
    steps = {step.stage: step for step in planned}
    engine = _engine(on, cluster)
    engine.check(cluster.cores)
    room = threading.Semaphore(most)

    def launch(stage: str, heard: Heard) -> Handle:
        step = steps[stage]
        if step.action == "restore" or stage in here:
            return Child(stage, heard)
        # What is missing may be in the store, and deps count as dvc.lock has them.
        changed = any(reason.kind not in ("missing", "dep") for reason in step.reasons)
        certain = step.action == "run" and changed
        return Remote(stage, heard, engine, cluster, room, certain)

    try:
        yield launch
    finally:
        engine.close()


def _engine(on: Name, cluster: "Cluster") -> "Engine":
    if on is Name.RAY:
        from mwm.engines.rays import RayEngine

        return RayEngine(cluster.ray)
    from mwm.engines.slurm import SlurmEngine

    return SlurmEngine(cluster.slurm)
