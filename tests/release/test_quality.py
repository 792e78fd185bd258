"""How good released models are said to be, of tables in which that is known."""

from mwm.release.quality import quality


def test_it_is_that_of_the_worst_pair_and_of_dreams_of_25_steps() -> None:
    def pair(source: str, target: str, value: float) -> dict[str, object]:
        measured = {"alignment": value, "predicted_alignment": value - 0.1, "f1_ball": value - 0.2}
        return {"source": source, "target": target, **measured}

    def dream(step: int, found: str, own: str) -> dict[str, str]:
        of = {"step": str(step), "object": "ball", "kind": "same"}
        return of | {"found": found, "own_found": own}

    pairs = [pair("a", "b", 0.9), pair("b", "a", 0.7), pair("a", "a", 0.3)]
    pairs.append({**pair("b", "c", 0.8), "f1_ball": ""})
    dreams = [dream(25, "0.6", "0.8"), dream(25, "0.8", "0.8"), dream(25, "", "")]
    dreams += [dream(24, "0.1", "0.8"), dream(50, "0.1", "0.8"), dream(25, "0.0", "0.0")]
    assert quality(pairs, dreams) == {
        "alignment": 0.7,
        "predicted_alignment": 0.6,
        "f1_ball": 0.5,
        "found_ball_same": 0.75,
    }
