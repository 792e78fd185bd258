"""Section `preprocess` of params.yaml."""

from mwm.settings.base import Section, Share


class Preprocess(Section):
    """Shares of the episodes for validation and test; the rest is for training."""

    validation: Share
    test: Share


def split_counts(episodes: int, validation: float, test: float) -> dict[str, int]:
    """How many episodes are for training, below 1 if too few, and for validation and test.

    Validation and test get their share, rounded, but at least one.
    """
    held_out = [max(1, round(episodes * share)) for share in (validation, test)]
    train = episodes - sum(held_out)
    return {"train": train, "validation": held_out[0], "test": held_out[1]}
