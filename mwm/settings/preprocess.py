"""Section `preprocess` of params.yaml."""

from mwm.settings.base import Section, Share


class Preprocess(Section):
    """How episodes are split."""

    validation: Share
    test: Share
