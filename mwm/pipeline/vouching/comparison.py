"""What changed of a stage since dvc.lock recorded its outputs: its code, or more than that."""

from collections.abc import Iterator
from typing import Any

from mwm.pipeline import cache
from mwm.pipeline.project import relative, shown
from mwm.pipeline.reasons import UNSET, Reason, of_dep, told, within_outputs
from mwm.pipeline.source import Source
from mwm.pipeline.vouching.code import Change
from mwm.pipeline.vouching.entries import Entry

TIMING = "timing"  # `type: timing` of an output in dvc.yaml: a duration, which no two runs share


def load(stage: Any, entry: Entry) -> None:
    """Let a stage hold what an entry records, be it of another name."""
    from dvc.stage.loader import StageLoader

    StageLoader.fill_from_lock(stage, entry.seen_from(stage.wdir))


def compare(stage: Any, entry: Entry, made: dict[str, Any], source: Source) -> Change:
    """What changed; `made` are the outputs of the project, all stages being loaded.

    The stage then holds the hashes of its present code, and the present values of its params.
    """
    from dvc.dependency.param import ParamsDependency

    change = Change(stage, entry)
    recorded = entry.hashes("deps")
    listed = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    for dep in listed:
        path = dep.fs_path
        if within_outputs(path, made) or not source.knows(path):
            change.more += _data(dep, path in recorded, made, source)
            continue
        dep.save()
        change.new[relative(stage, path)] = str(dep.hash_info.value)
        change.more += _strays(dep, source)
        if path in recorded:
            change.old[relative(stage, path)] = recorded[path]
    for path in recorded.keys() - {dep.fs_path for dep in listed}:
        if within_outputs(path, made) or not source.knew(path):
            change.more.append(Reason("unlisted", shown(path)))
        change.old[relative(stage, path)] = recorded[path]
    change.more += [*_kept(stage), *_params(stage, entry, made)]
    return change


def _data(dep: Any, recorded: bool, made: dict[str, Any], source: Source) -> Iterator[Reason]:
    """Whether data that a stage reads is what dvc.lock says; code that is gone is missing."""
    if not recorded:
        yield Reason("unrecorded", shown(dep.fs_path))
    elif dep.exists or within_outputs(dep.fs_path, made) or not source.knew(dep.fs_path):
        yield from of_dep(dep, made)
    else:
        yield Reason("missing", shown(dep.fs_path))


def _kept(stage: Any) -> Iterator[Reason]:
    """What makes a stage stale whatever it reads."""
    if stage.frozen:
        yield Reason("frozen", stage.addressing)
    if stage.is_callback or stage.always_changed:
        yield Reason("always", stage.addressing)
    for out in stage.outs:
        if out.annot.type == TIMING:
            continue
        if out.exists and out.workspace_status():
            yield Reason("output", shown(out.fs_path))
        elif not out.exists and not out.use_cache:
            yield Reason("missing", shown(out.fs_path))


def _strays(dep: Any, source: Source) -> Iterator[Reason]:
    """Files in a folder of code that Git would not keep, and so nobody else can have."""
    if dep.hash_info.isdir:
        for parts, _, _ in dep.obj:
            path = f"{dep.fs_path}/{'/'.join(parts)}"
            if not source.knows(path):
                yield Reason("stray", shown(path))


def _params(stage: Any, entry: Entry, made: dict[str, Any]) -> Iterator[Reason]:
    """Values that differ from the recorded ones, whichever of their sections are listed."""
    from dvc.dependency.param import ParamsDependency, read_param_file

    listed = {dep.fs_path: dep for dep in stage.deps if isinstance(dep, ParamsDependency)}
    recorded = entry.params()
    for path in sorted(recorded.keys() | listed.keys()):
        if not (content := cache.place_of(stage.repo, path, made)):
            yield Reason("missing", shown(path))
            continue
        old, new = _leaves(recorded.get(path, {})), {}
        if path in listed:
            keys = list(listed[path].params)
            values = read_param_file(stage.repo.fs, content, keys, flatten=True)
            listed[path].fill_values(values)
            new = _leaves(values)
        kept = _leaves(
            read_param_file(stage.repo.fs, content)
        )  # what is no longer listed may still be there
        for key in sorted(old.keys() | new.keys()):
            before, after = old.get(key, UNSET), new.get(key, kept.get(key, UNSET))
            if before != after:
                yield Reason("param", f"{shown(path)}: {key}", told(before), told(after))


def _leaves(values: Any, above: str = "") -> dict[str, Any]:
    """The values below nested sections, by dotted keys."""
    if not isinstance(values, dict) or (above and not values):
        return {above: values}
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _leaves(value, f"{above}.{key}" if above else str(key))
    return found
