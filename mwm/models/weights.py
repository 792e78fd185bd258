"""Weights on disk: safetensors that a manifest beside them vouches for; no pickle is involved."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor

from mwm import ArtefactError
from mwm.io import records, system
from mwm.io.files import replacing

MODEL, POLICY = "model.", "policy."  # how names begin where one file has the weights of both


def write(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write a state dict; the same weights give the same bytes."""
    with replacing(path) as temporary:
        # Not save_file: it hides the cause of a failed write.
        tensors = {name: value.contiguous().cpu() for name, value in weights.items()}
        temporary.write_bytes(to_bytes(tensors))


def read(path: Path) -> dict[str, Tensor]:
    """The weights in a file that the manifest beside it lists.

    Raises:
        MwmError: the file is missing, damaged, or no safetensors.
    """
    content = records.read_listed(path)
    try:
        return from_bytes(content)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        if system.out_of_memory(error):
            raise
        said = " ".join(str(error).split())
        raise ArtefactError(f"{path}: expected safetensors, found: {said}") from None


def join(model: Mapping[str, Tensor], policy: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of V and M and of a policy, by the names that they have in one file."""
    parts = ((MODEL, model), (POLICY, policy))
    return {prefix + name: value for prefix, part in parts for name, value in part.items()}


def split(joined: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The weights of V and M, and those of a policy, which `join` put together."""
    model, policy = (
        {
            name.removeprefix(prefix): value
            for name, value in joined.items()
            if name.startswith(prefix)
        }
        for prefix in (MODEL, POLICY)
    )
    return model, policy


def check(path: Path, found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Refuse weights of other names, types or shapes than expected, and such as are not finite.

    Raises:
        MwmError: they differ.
    """
    for name in sorted(found.keys() | expected.keys()):
        have, want = (_describe(tensors.get(name)) for tensors in (found, expected))
        if have != want:
            raise ArtefactError(f"{path}: {name}: expected {want}, found {have}")
        if found[name].is_floating_point() and not found[name].isfinite().all():
            raise ArtefactError(f"{path}: {name}: expected finite numbers, found others")


def _describe(tensor: Tensor | None) -> str:
    return "none" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}"
