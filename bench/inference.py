"""How fast states are inferred, against dense products and against the sparse products alone.

Run `python -m bench.inference` from the project's root. Chains have as many followers a state as
those of real plays; one CPU thread.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from mwm.decipherment.chain import Chain, Observations
from mwm.decipherment.inference import infer
from mwm.decipherment.matrix import Matrix

FOLLOWERS, SEQUENCES, LENGTH = 12, 120, 100


def chain_of(k: int) -> Chain:
    rng = torch.Generator().manual_seed(k)
    counts = torch.full((k, k), 0.1 / k)
    followers = torch.randint(k, (k, FOLLOWERS), generator=rng)
    counts.scatter_add_(1, followers, torch.rand(k, FOLLOWERS, generator=rng) + 1)
    return Chain(torch.full((k,), 1 / k), (counts / counts.sum(1, keepdim=True))[None])


def microseconds(work: Callable[[], object], steps: int) -> float:
    """Of CPU time per step, the best of three."""
    times = []
    for _ in range(3):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return 1e6 * min(times) / steps


def products(matrix: Matrix, mass: Tensor) -> None:
    for _ in range(LENGTH):
        matrix.forward(mass)
        matrix.backward(mass)


def main() -> None:
    torch.set_num_threads(1)
    steps = SEQUENCES * LENGTH
    for k in (500, 1000, 2000):
        chain = chain_of(k)
        emissions = torch.rand(1, k, k, generator=torch.Generator().manual_seed(0))
        symbols = torch.randint(k, (SEQUENCES, LENGTH))
        observed = Observations(symbols, symbols)  # the chain ignores its actions
        mass = torch.rand(1, SEQUENCES, k)
        ours = microseconds(lambda c=chain, e=emissions, o=observed: infer(c, e, o), steps)
        limit = microseconds(lambda c=chain, m=mass: products(c.steps[0], m), steps)
        dense = chain.transitions[0]
        peer = microseconds(
            lambda d=dense, m=mass: [(m @ d, m @ d.T) for _ in range(LENGTH)], steps
        )
        print(
            f"{k} states: {ours:.1f} us a step, {peer / ours:.1f} times as fast as dense products, "
            f"{ours / limit:.1f} times the sparse products alone"
        )


if __name__ == "__main__":
    main()
