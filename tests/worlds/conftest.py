import pytest

from mwm.store import Frames


@pytest.fixture(scope="session")
def pong(contents: dict[str, Frames]) -> Frames:
    """Real Pong, as the original shows it."""
    return contents["original"]
