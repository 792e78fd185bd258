"""The benchmark of start-up runs no stage of the project in whose folder it is started."""

from small_project import Project

from bench import starting


def test_a_project_has_nothing_to_do_once_it_has_run(made: Project) -> None:
    assert starting.nothing_to_do()


def test_stages_that_have_not_run_are_seen(fresh: Project) -> None:
    """In a fresh clone the benchmark trained the whole pipeline, to time it doing nothing."""
    assert not starting.nothing_to_do()
