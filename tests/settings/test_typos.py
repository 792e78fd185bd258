"""What a hurried user writes into params.yaml is told with its place, or is harmless."""

import codecs
import re
import time
from pathlib import Path

import pytest

from mwm import UsageError
from mwm.models import visions
from mwm.settings import kinds, params
from mwm.training import constraints
from mwm.worlds import registry

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")
MIRROR = "    mirror: [mirror]\n"
RUN = "    mirror: {worlds: [original, mirror]}\n"
EPISODES = "  episodes: 600 "


def told(folder: Path, content: str | bytes) -> list[str]:
    """What `load` says of a params.yaml, less the first `params.yaml:`; nothing if it loads."""
    path = folder / "params.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        params.load(path)
    except UsageError as error:
        lines = str(error).split("\nerror: ")
        assert all(line.startswith(f"{path}:") and line.isprintable() for line in lines[:20])
        return [line.removeprefix(f"{path}:").strip() for line in lines]
    return []


def with_line(old: str, new: str) -> tuple[str, int]:
    """params.yaml with `new` in place of `old`, and the number of its line."""
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new), TEXT.count("\n", 0, TEXT.index(old)) + 1


@pytest.mark.parametrize(
    ("steps", "item", "found"),
    [
        ("[{permutation: 7}]", 0, "{'permutation': 7}"),
        ("[permutation: 7]", 0, "{'permutation': 7}"),
        ("[{mirror: }]", 0, "{'mirror': None}"),
        ("[3]", 0, "3"),
        ("[true]", 0, "True"),
        ("[[mirror]]", 0, "['mirror']"),
        ("[mirror, null]", 1, "None"),
        ("[{mirror: {}, vswap: {}}]", 0, "{'mirror': {}, 'vswap': {}}"),
        ("[{permutation: {seed: 1.5}}]", 0, "{'permutation': {'seed': 1.5}}"),
        ("[{permutation: {seed: yes}}]", 0, "{'permutation': {'seed': 'yes'}}"),
        ("[{permutation: {seed: 9223372036854775808}}]", 0, "{'permutation': {'seed': 92233720"),
    ],
)
def test_a_world_that_is_no_list_of_bijections_is_told(
    tmp_path: Path, steps: str, item: int, found: str
) -> None:
    text, line = with_line(MIRROR, f"    mirror: {steps}\n")
    (said,) = told(tmp_path, text)
    expected = "expected one bijection, such as mirror or {permutation: {seed: 7}}, found "
    assert said.startswith(f"{line}: variants.worlds.mirror.{item}: {expected}{found}")


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        (MIRROR, "    mirror: [miror]\n", "variants.worlds.mirror.0", "unknown bijection 'miror'"),
        (
            MIRROR,
            "    mirror: [Mirror]\n",
            "variants.worlds.mirror.0",
            "unknown bijection 'Mirror'",
        ),
        (
            MIRROR,
            "    mirror: [mirr\u043er]\n",
            "variants.worlds.mirror.0",
            "unknown bijection 'mirr\u043er'",
        ),
        (
            MIRROR,
            "    mirror: [mirror, hswap, miror]\n",
            "variants.worlds.mirror.2",
            "unknown bijection 'miror'",
        ),
        ("vision: sparse", "vision: sprase", "train.model.vision", "unknown vision model 'sprase'"),
        (
            "contrast: 100.0",
            "contrst: 100.0",
            "train.recruit.constraints.contrst",
            "unknown constraint 'contrst'",
        ),
        (
            "moments: 10.0",
            "moment: 10.0",
            "train.joint.constraints.moment",
            "unknown constraint 'moment'",
        ),
    ],
)
def test_a_kind_that_no_code_registers_is_told_by_any_stage(
    tmp_path: Path, old: str, new: str, key: str, said: str
) -> None:
    text, line = with_line(old, new)
    (found,) = told(tmp_path, text)
    assert found.startswith(f"{line}: {key}: {said}; expected one of ")
    assert "; did you mean '" in found


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("permutation", "expected permutation with seed, found no params; write {permutation:"),
        ("{permutation: {sede: 7}}", "expected permutation with seed, found sede; write"),
        ("{mirror: {seed: 7}}", "expected mirror with no params, found seed; write mirror"),
    ],
)
def test_arguments_that_a_bijection_does_not_take_are_told(
    tmp_path: Path, step: str, said: str
) -> None:
    (found,) = told(tmp_path, with_line(MIRROR, f"    mirror: [{step}]\n")[0])
    assert f": variants.worlds.mirror.0: {said}" in found


def test_the_kinds_that_params_may_name_are_those_that_the_code_registers() -> None:
    """A kind that is registered otherwise than by a decorator over it is not found in the text."""
    assert kinds.registered("worlds", "bijection").keys() == registry.KINDS.keys()
    assert kinds.registered("models/visions", "vision").keys() == visions.KINDS.keys()
    assert kinds.registered("training", "constraint").keys() == constraints.KINDS.keys()


@pytest.mark.parametrize(
    ("worlds", "said"),
    [
        ("[Original, VSwap]", ["worlds.0: expected pattern", "worlds.1: expected pattern"]),
        ("[original, Mirror]", ["worlds.1: expected pattern"]),
        ("[original, [mirror]]", ["worlds.1: expected a valid string, found ['mirror']"]),
        ("[original, {mirror: 1}]", ["worlds.1: expected a valid string, found {'mirror': 1}"]),
        ("[original, null]", ["worlds.1: expected a valid string, found None"]),
        ("original", ["worlds: expected a valid list, found 'original'"]),
    ],
)
def test_worlds_of_a_run_that_are_no_names_are_told(
    tmp_path: Path, worlds: str, said: list[str]
) -> None:
    text, line = with_line(RUN, f"    mirror: {{worlds: {worlds}}}\n")
    found = told(tmp_path, text)
    assert len(found) == len(said)
    for one, other in zip(found, said, strict=True):
        assert one.startswith(f"{line}: train.runs.mirror.{other}")


@pytest.mark.parametrize(
    "value",
    [
        *("1,200", "1 200", "1_200", "1e3", "0x10", "010", "3.0", "12O", "\uff11\uff12", "120%"),
        *("yes", "no", "on", "true", "null", "~", "", "[3]", "{a: 3}", "'3'", "${seed}"),
        *(".inf", "-.inf", ".nan", "1:30", "2026-01-01"),
    ],
)
def test_what_is_no_whole_number_is_told(tmp_path: Path, value: str) -> None:
    text, line = with_line(EPISODES, f"  episodes: {value} ")
    (said,) = told(tmp_path, text)
    assert said.startswith(f"{line}: collect.episodes: expected a valid integer, found ")


@pytest.mark.parametrize("value", ["-0.003", "0", "nan", ".nan", "1e400", "0,003", "3%", "1/2"])
def test_what_is_no_positive_number_is_told(tmp_path: Path, value: str) -> None:
    text, line = with_line("learning_rate: 0.003 ", f"learning_rate: {value} ")
    (said,) = told(tmp_path, text)
    assert said.startswith(f"{line}: train.see.learning_rate: expected ")


@pytest.mark.parametrize(
    ("old", "new", "below", "said"),
    [
        (EPISODES, "\tepisodes: 600 ", 0, "character '\\t' that cannot start any token; indent"),
        (EPISODES, " episodes: 600 ", 0, "line 5); see how this line and those before it are inde"),
        (EPISODES, "   episodes: 600 ", 0, "see how this line and those before it are indented"),
        (EPISODES, "  episodes = 600 ", 1, "expected ':' (while scanning a simple key, line 7)"),
        (EPISODES, "  episodes:600 ", 1, "; write a key, a colon and a space"),
        (EPISODES, "  episodes\uff1a 600 ", 1, "; write a key, a colon and a space"),
        (EPISODES, "  episodes: *some ", 0, "found undefined alias 'some'"),
        (
            EPISODES,
            "  episodes: !!python/object:os.system x ",
            0,
            "could not determine a construct",
        ),
        (EPISODES, "<<<<<<< HEAD\n  episodes: 600 ", 1, "expected ':'"),
        (MIRROR, "    mirror: [mirror\n", 2, "(while parsing a flow sequence, line 25)"),
        ("\nreport:\n", "\n---\nreport:\n", 0, "found another document"),
    ],
)
def test_what_is_no_yaml_is_told_by_line(
    tmp_path: Path, old: str, new: str, below: int, said: str
) -> None:
    text, line = with_line(old, new)
    (found,) = told(tmp_path, text)
    assert re.match(rf"{line + below + old.startswith(chr(10))}: expected YAML, found: ", found)
    assert said in found


@pytest.mark.parametrize("key", ["3", "true", "~", "[3]", "{a: 3}"])
def test_a_key_that_is_no_word_is_told_by_line(tmp_path: Path, key: str) -> None:
    text, line = with_line(MIRROR, f"{MIRROR}    {key}: [mirror]\n")
    (said,) = told(tmp_path, text)
    assert said.startswith(f"{line + 1}: expected a word as a key, found ")


@pytest.mark.parametrize(
    "name", ["a/b", "../x", "Mirror", "quarter-turn", "mirr\u043er", "2nd", "a" * 33, "a b", "a.b"]
)
def test_a_name_that_is_no_good_in_a_path_is_told(tmp_path: Path, name: str) -> None:
    text, line = with_line(MIRROR, f"{MIRROR}    {name}: [mirror]\n")
    (said,) = told(tmp_path, text)
    assert said.startswith(f"{line + 1}: variants.worlds.{name}: expected pattern '^[a-z][a-z0-9_]")


@pytest.mark.parametrize("name", ["size", "nfiles"])
def test_names_under_which_dvc_sees_no_change_are_refused(tmp_path: Path, name: str) -> None:
    text = TEXT.replace(MIRROR, f"{MIRROR}    {name}: [mirror]\n")
    text = text.replace(RUN, f"{RUN}    {name}: {{worlds: [original, {name}]}}\n")
    of_world, of_run = told(tmp_path, text)
    assert f"variants.worlds.{name}: expected another name: DVC overlooks a change" in of_world
    assert f"train.runs.{name}: expected another name" in of_run


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXT.encode("utf-16"), "expected text in UTF-8, found UTF-16, as PowerShell writes it"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "expected text in UTF-8, found UTF-16;"),
        (TEXT.encode("utf-16-le"), "expected text in UTF-8, found UTF-16; save it in UTF-8"),
        (TEXT.encode("utf-32"), "expected text in UTF-8, found UTF-32; save it in UTF-8"),
        (
            TEXT.replace("episodes to", "épisodes to").encode("latin-1"),
            "expected text in UTF-8, found byte 0xe9 in line 7; save it in UTF-8",
        ),
        (TEXT.replace("hold", "h\0ld").encode(), "expected YAML, found: unacceptable character"),
        (b"", "1: the file: expected a valid dictionary, found None"),
        (b"# nothing\n", "1: the file: expected a valid dictionary, found None"),
        (b"- collect\n", "1: the file: expected a valid dictionary, found ['collect']"),
        (b"collect\n", "1: the file: expected a valid dictionary, found 'collect'"),
    ],
)
def test_a_file_in_another_encoding_or_form_is_told(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (found,) = told(tmp_path, content)
    assert found.startswith(said)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace("\n", "\r\n").encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.replace(MIRROR, "    con: [mirror]\n" + MIRROR).encode(),
        ("---\n" + TEXT).encode(),
        TEXT.replace("[transpose]", "[transpose,]").encode(),
    ],
    ids=["CRLF", "BOM", "con", "document", "comma"],
)
def test_what_is_harmless_loads(tmp_path: Path, content: bytes) -> None:
    assert told(tmp_path, content) == []


def doubled(times: int, first: str) -> str:
    """Lists of two of the one before, each an alias."""
    lines = [f"    w0: &w0 [{first}]\n"]
    lines += [f"    w{n}: &w{n} [*w{n - 1}, *w{n - 1}]\n" for n in range(1, times)]
    return "".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            TEXT.replace(EPISODES, f"  episodes: {'9' * 5000} "),
            "7: collect.episodes: expected a nu",
        ),
        (
            TEXT.replace(MIRROR, doubled(99, "3")),
            "expected at most 20000 values, found more; write",
        ),
        (TEXT.replace(MIRROR, doubled(12, "3")), "variants.worlds.w0.0: expected one bijection"),
        ("a: b" * 50_000, "expected at most 100000 signs, found 200000"),
        (TEXT + "".join(f"x{n}: 3\n" for n in range(5000)), ": x1: unknown key; expected one of"),
    ],
    ids=["digits", "bomb", "small bomb", "long", "many faults"],
)
def test_what_is_far_too_much_is_told_soon_and_in_few_lines(
    tmp_path: Path, text: str, said: str
) -> None:
    started = time.process_time()  # of this process alone: others may keep the machine busy
    found = told(tmp_path, text)
    assert time.process_time() - started < 20
    assert any(said in line for line in found)
    assert len(found) <= 21
    assert max(map(len, found)) < 500
