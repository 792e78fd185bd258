"""A few kills of a short pipeline; `make torture` does more, to all of it."""

import pytest
from torture import FULL, READ_ONLY, Victim, mounts, torture

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Victim:
    return Victim(tmp_path_factory.mktemp("victim"), ["see@original"])


def test_a_killed_pipeline_ends_with_the_bytes_of_one_left_alone(victim: Victim) -> None:
    assert torture(victim, kills=4, seed=0).total() == 4


@pytest.mark.skipif(not mounts(), reason="needs file systems of its own")
@pytest.mark.parametrize("options", [FULL, READ_ONLY])
@pytest.mark.parametrize(
    ("stage", "folder"), [("collect", "data"), ("train see original", "runs/see/original")]
)
def test_a_folder_without_room_is_told_in_one_line(
    victim: Victim, stage: str, folder: str, options: str
) -> None:
    victim.starve(stage, folder, options)
    assert victim.workspace.repro("see@original") == []
