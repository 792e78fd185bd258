"""Section `preprocess` of params.yaml."""

from mwm.settings.base import Section, Share


class Preprocess(Section):
    """Shares of the episodes for validation and test; the rest is for training."""

    validation: Share
    test: Share
