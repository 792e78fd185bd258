"""What a level is made of: its scale, what it reads of either world, and hints."""

from dataclasses import dataclass

from torch import Tensor

from mwm.models.codes import Codes


@dataclass(frozen=True)
class Scale:
    """How fine a level is.

    Attributes:
        states: number of states of the original.
        symbols: number of symbols of the other world.
        state_functions: leading functions of the original that tell states apart.
        symbol_functions: leading functions of single frames that tell symbols apart.
        stride: frames per step of the chain.
    """

    states: int
    symbols: int
    state_functions: int
    symbol_functions: int
    stride: int = 1


@dataclass(frozen=True)
class Original:
    """What a level reads of the original.

    Attributes:
        codes: of its frames.
        state_functions: (n, f) by which states are told apart.
        view_functions: (n, f) of single frames, the same as the other world's `symbol_functions`.
        gap: frames between the two that make a state, so that velocity is part of it.
        actions: number of different actions on which transitions depend; 0: they do not.
    """

    codes: Codes
    state_functions: Tensor
    view_functions: Tensor
    gap: int
    actions: int


@dataclass(frozen=True)
class Other:
    """What a level reads of the other world.

    Attributes:
        codes: of its frames.
        symbol_functions: (n, f) of single frames, by which symbols are told apart.
    """

    codes: Codes
    symbol_functions: Tensor


@dataclass(frozen=True)
class Hints:
    """What is known of each frame besides its symbol: a number that means the same in both worlds.

    Attributes:
        original: (n,) int64 below `count`, of the original's frames.
        other: (n,) int64 below `count`, of the other world's frames.
        count: number of different hints.
    """

    original: Tensor
    other: Tensor
    count: int
