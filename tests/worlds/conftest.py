import pytest

from mwm.io.frames import Frames


@pytest.fixture(scope="session")
def pong(contents: dict[str, Frames]) -> Frames:
    """Real Pong, as the original shows it."""
    return contents["original"]
