"""The page in a reader's hands: keys, pads, brushes and time, in a real browser."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Open, page_of, until

from mwm.control.player import Player
from mwm.io.frames import Frames
from mwm.models.model import MetaWorldModel, initialise
from mwm.playground.moments import Moments, choose
from mwm.settings.params import Params

Contents = dict[str, Frames]

# Frames are asked for by the test, at times of its own, instead of by the display.
BY_HAND = "window.requestAnimationFrame = (look) => { window.look = look; return 1; };"
RUN = """([from, seconds, rate]) => {
  const before = stage.dream.steps;
  for (let frame = 0; frame <= seconds * rate; frame += 1) look(from + (1000 * frame) / rate);
  return stage.dream.steps - before;
}"""


def by_hand(open_page: Open) -> Any:
    """The page with the reader at the keys, whose dreams go on, and time in the test's hands."""
    opened = open_page(BY_HAND)
    until(opened, "window.look && stage.visible")
    opened.evaluate("stage.driver.set('you')")
    return opened


def test_keys_steer_and_do_not_scroll(opened: Any) -> None:
    names = opened.evaluate("engine.actions")
    for keys, action in (
        (["ArrowUp"], "RIGHT"),
        (["ArrowDown"], "LEFT"),
        (["Space"], "FIRE"),
        (["ArrowUp", "Space"], "RIGHTFIRE"),
        (["s", "Space"], "LEFTFIRE"),
        (["ArrowUp", "ArrowDown"], "NOOP"),
        ([], "NOOP"),
    ):
        for key in keys:
            opened.keyboard.down(key)
        assert names[opened.evaluate("stage.keys.action")] == action
        for key in keys:
            opened.keyboard.up(key)
    for key in ("ArrowDown", "ArrowRight", "Space"):
        opened.keyboard.press(key)
    opened.wait_for_timeout(200)
    assert opened.evaluate("scrollY") == 0


@pytest.mark.parametrize(
    "clicked", ["#play", "#again", "#mirror", "#speed button", ".starts button"]
)
def test_a_click_leaves_the_keys_to_the_game(opened: Any, clicked: str) -> None:
    """The mirror test's box took the arrows once, and Space pressed the button clicked before."""
    opened.locator(clicked).first.click()
    opened.wait_for_timeout(50)
    opened.evaluate("stage.setPlaying(false)")
    state = "[stage.playing, stage.mirror, stage.dream.steps]"
    before = opened.evaluate(state)
    opened.keyboard.press("Space")
    opened.keyboard.press("ArrowDown")
    assert opened.evaluate(state) == [before[0], before[1], before[2] + 2]


def test_a_button_that_the_keyboard_chose_is_pressed_by_space(opened: Any) -> None:
    opened.locator("#mirror").focus()
    opened.keyboard.press("Space")
    assert opened.evaluate("stage.mirror")
    steps = opened.evaluate("stage.dream.steps")
    opened.keyboard.press("ArrowUp")  # of which a box has no use
    assert opened.evaluate("stage.dream.steps") == steps + 1


def test_letters_steer_wherever_a_keyboard_has_them(opened: Any) -> None:
    """The page says W, which on a French keyboard is where others have Z."""
    names, steps = opened.evaluate("[engine.actions, stage.dream.steps]")
    told = "new KeyboardEvent({!r}, {{ key: 'w', code: 'KeyZ', bubbles: true }})"
    opened.evaluate(f"document.body.dispatchEvent({told.format('keydown')})")
    assert names[opened.evaluate("stage.keys.action")] == "RIGHT"
    assert opened.evaluate("stage.dream.steps") == steps + 1
    opened.evaluate(f"document.body.dispatchEvent({told.format('keyup')})")
    assert names[opened.evaluate("stage.keys.action")] == "NOOP"


def test_forced_colours_show_what_is_chosen(open_page: Open) -> None:
    """Backgrounds and shadows, by which it is told otherwise, are gone there."""
    opened = open_page(forced_colors="active")
    look = """(pair) => pair.map((name) => {
      const { backgroundColor, borderWidth } = getComputedStyle(document.querySelector(name));
      return backgroundColor + borderWidth;
    })"""
    for pair in (
        ["#speed [aria-pressed=true]", "#speed [aria-pressed=false]"],
        [".meter", ".meter i"],
        [".sheet.source canvas", ".sheet:not(.source) canvas"],
    ):
        one, other = opened.evaluate(look, pair)
        assert one != other, pair


def test_a_box_that_the_browser_restores_means_what_it_shows(opened: Any) -> None:
    """After a way back to the page it was ticked, and nothing was marked."""
    opened.locator("#mirror").check()
    opened.goto("about:blank")
    opened.go_back()
    opened.wait_for_selector("html[data-ready]")
    assert opened.evaluate("document.getElementById('mirror').checked === stage.mirror")


@pytest.mark.parametrize("below", ["about", "starts-title"])
def test_keys_scroll_where_the_dream_is_out_of_sight(open_page: Open, below: str) -> None:
    """Of the board the controls may be in sight, but not the worlds."""
    opened = open_page(viewport={"width": 800, "height": 500})
    opened.evaluate("stage.setPlaying(false); stage.driver.set('you')")
    opened.evaluate(f"document.getElementById('{below}').scrollIntoView()")
    until(opened, "!stage.visible")
    steps, before = opened.evaluate("[stage.dream.steps, scrollY]")
    opened.keyboard.press("ArrowUp")
    until(opened, f"scrollY < {before}")
    assert opened.evaluate("stage.dream.steps") == steps


def test_keys_do_not_stick_when_the_page_loses_the_focus(opened: Any) -> None:
    opened.keyboard.down("ArrowUp")
    assert opened.evaluate("stage.keys.held.size") == 1
    opened.evaluate("window.dispatchEvent(new Event('blur'))")
    assert opened.evaluate("stage.keys.held.size") == 0
    opened.keyboard.down("ArrowUp")  # the key is still down, and repeats
    assert opened.evaluate("stage.keys.action") == 0


def test_keys_do_not_stick_when_command_goes_down(opened: Any) -> None:
    """On macOS a key that goes up while Command is down is not told."""
    opened.keyboard.down("ArrowUp")
    opened.keyboard.down("Meta")
    assert opened.evaluate("stage.keys.held.size") == 0
    opened.keyboard.up("Meta")


def test_a_key_takes_over_from_the_player(open_page: Open) -> None:
    opened = open_page()
    assert opened.evaluate("stage.driver.value") == "player"
    opened.keyboard.press("ArrowUp")
    assert opened.evaluate("stage.driver.value") == "you"
    assert opened.get_by_role("button", name="You").get_attribute("aria-pressed") == "true"


def test_a_lost_dream_of_the_player_makes_place_for_the_next_moment(
    open_page: Open,
    model: MetaWorldModel,
    contents: Contents,
    player: Player,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def twice(original: Frames) -> Moments:
        return Moments(*(np.repeat(part, 2, axis=0) for part in choose(original)))

    monkeypatch.setattr("mwm.playground.opening.choose", twice)
    path = tmp_path / "moments.html"
    path.write_text(page_of(model, contents, player), encoding="utf-8")
    opened = open_page(BY_HAND, path)
    until(opened, "window.look && stage.visible")
    opened.evaluate("Object.assign(stage.header.familiar, { strange: -2, foreign: -1 })")
    pressed = "document.querySelector('.starts [aria-pressed=true]').ariaLabel"
    assert opened.evaluate(pressed) == "Start from moment 1"
    opened.evaluate(RUN, [1000, 1, 60])
    assert opened.evaluate(pressed) == "Start from moment 2"
    assert opened.evaluate("truth.play === stage.play && stage.play === stage.plays[1]")
    opened.evaluate("stage.driver.set('you')")  # whose dream goes on, lost or not
    assert opened.evaluate(RUN, [3000, 4, 60]) >= 59

    opened.evaluate("truth.begin(stage.plays[1]); truth.step = 3; stage.driver.set('player')")
    opened.evaluate(
        "{ const next = stage.next; stage.next = () => { window.came = true; next(); } }"
    )
    opened.evaluate(RUN, [5000, 1, 60])
    assert opened.evaluate("window.came")
    assert opened.evaluate("truth.play === stage.plays[1] && truth.step") == 3, "it is watched"


def test_each_key_is_a_step_while_paused(opened: Any) -> None:
    """A key that is held down is one press: it made a step with each repetition."""
    before = opened.evaluate("stage.dream.steps")
    opened.keyboard.down("ArrowUp")
    opened.keyboard.down("ArrowUp")  # as its repetition
    opened.keyboard.up("ArrowUp")
    opened.get_by_role("button", name="One step").click()
    assert opened.evaluate("stage.dream.steps") == before + 2


def test_what_is_steered_differs_in_every_world(opened: Any) -> None:
    """Up and down lead to other latents, and so to other pictures everywhere."""
    pictures = []
    for key in ("ArrowUp", "ArrowDown"):
        opened.get_by_role("button", name="Start again").click()
        opened.keyboard.press(key)
        pictures.append(opened.evaluate("stage.dream.pictures.map((picture) => [...picture])"))
    assert all(one != other for one, other in zip(*pictures, strict=True))


def test_a_pad_that_is_clicked_without_a_pointer_steers(opened: Any) -> None:
    """Assistive technology sends a click alone."""
    before = opened.evaluate("stage.dream.steps")
    opened.evaluate("document.querySelector('[data-pad=up]').click()")
    assert opened.evaluate("[stage.dream.steps, stage.keys.held.size]") == [before + 1, 1]
    until(opened, "stage.keys.held.size === 0")


@pytest.mark.parametrize("touched", ["[data-pad=down]", ".sheet:nth-child(4) canvas"])
def test_touch_on_the_controls_steers_or_paints_and_does_not_scroll(
    open_page: Open, touched: str
) -> None:
    opened = open_page(has_touch=True, viewport={"width": 390, "height": 844})
    opened.evaluate("stage.setPlaying(false)")
    control = opened.locator(touched)
    control.scroll_into_view_if_needed()
    top, box = opened.evaluate("scrollY"), control.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = opened.context.new_cdp_session(opened)

    def touch(kind: str, y: float | None = None) -> None:
        points = [] if y is None else [{"x": x, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", y)
    for moved in range(20, 220, 20):
        touch("touchMove", y - moved)
    held = opened.evaluate("[...stage.keys.held.values()].map(({ name }) => name)")
    assert held == (["down"] if "pad" in touched else [])
    touch("touchEnd")
    opened.wait_for_timeout(200)
    assert opened.evaluate("stage.keys.held.size") == 0
    assert opened.evaluate("paint.source") == (0 if "pad" in touched else 3)
    assert opened.evaluate("scrollY") == top


def test_a_second_finger_draws_nothing(open_page: Open) -> None:
    """It once drew a line from the first finger to itself."""
    opened = open_page(has_touch=True, viewport={"width": 390, "height": 844})
    opened.evaluate("stage.setPlaying(false)")
    sheet = opened.locator(".sheet:nth-child(4) canvas")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    first, second = ({"x": box["x"] + 10, "y": box["y"] + down, "id": down} for down in (10, 90))
    fingers = opened.context.new_cdp_session(opened)

    def touch(kind: str, *points: dict[str, float]) -> None:
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def drawn(*others: dict[str, float]) -> str:
        """What the first finger draws; a browser tells of a move with its next frame."""
        opened.evaluate(
            "paint.last = null, paint.take(3, paint.engine.visions[3].background.slice())"
        )
        touch("touchStart", first)
        until(opened, "paint.last")
        start = opened.evaluate("paint.bits.join('')")
        if others:
            touch("touchStart", first, *others)
            touch("touchMove", first, *(other | {"x": other["x"] + 60} for other in others))
        touch("touchMove", first | {"x": first["x"] + 30}, *others)
        until(opened, f"paint.bits.join('') !== '{start}'")
        touch("touchEnd")
        return str(opened.evaluate("paint.bits.join('')"))

    assert drawn(second) == drawn()


def test_steps_keep_time_whatever_the_displays_rate(open_page: Open) -> None:
    opened = by_hand(open_page)
    for rate in (60, 144, 24):
        for speed, steps in (("Real", 60), ("Slow", 20), ("Fast", 120)):
            opened.get_by_role("button", name=speed).click()
            opened.evaluate("stage.clock.stop()")
            assert abs(opened.evaluate(RUN, [10_000, 4, rate]) - steps) <= 1, (rate, speed)


def test_hidden_seconds_are_not_made_up_for(open_page: Open) -> None:
    opened = by_hand(open_page)
    first = opened.evaluate(RUN, [1000, 2, 60])
    after = opened.evaluate(RUN, [23_000, 1, 60])  # 20 s later
    assert abs(first - 30) <= 1
    assert abs(after - 15) <= 1


@pytest.mark.parametrize("ratio", [1, 1.25, 2])
def test_the_painted_pixel_is_under_the_pointer(open_page: Open, ratio: float) -> None:
    opened = open_page(device_scale_factor=ratio)
    opened.get_by_role("button", name="1 pixel").click()
    sheet = opened.locator(".sheet canvas").nth(1)
    sheet.scroll_into_view_if_needed()
    opened.get_by_role("button", name="Clear").click()
    box = sheet.bounding_box()
    for row, column in ((0, 0), (63, 63), (17, 40)):
        before = opened.evaluate("[...paint.frameOf(1)]")
        x = box["x"] + (column + 0.5) * box["width"] / 64
        y = box["y"] + (row + 0.5) * box["height"] / 64
        opened.mouse.click(x, y)
        after = opened.evaluate("[...paint.bits]")
        background = opened.evaluate("[...engine.visions[1].background]")
        assert opened.evaluate("paint.source") == 1
        assert after[row * 64 + column] == 1 - background[row * 64 + column]
        changed = [pixel for pixel in range(4096) if before[pixel] != after[pixel]]
        assert changed in ([], [row * 64 + column])


def test_painting_in_one_world_changes_the_others(opened: Any) -> None:
    look = "paint.sheets.map(({ canvas }) => canvas.toDataURL())"
    before = opened.evaluate(look)
    canvas = opened.locator(".sheet canvas").nth(3)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    opened.mouse.move(box["x"] + 20, box["y"] + 20)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 150, box["y"] + 120, steps=5)
    opened.mouse.up()
    assert all(one != other for one, other in zip(before, opened.evaluate(look), strict=True))


def test_paint_with_the_keyboard(opened: Any) -> None:
    opened.locator(".sheet canvas").nth(2).focus()
    before, steps = opened.evaluate("[scrollY, stage.dream.steps]")
    opened.keyboard.press("Space")  # before any other key: it scrolled once
    assert opened.evaluate("[paint.source, scrollY, stage.dream.steps]") == [2, before, steps]
    for key in ("ArrowUp", "ArrowLeft"):
        opened.keyboard.press(key)
    assert opened.evaluate("paint.cursor") == {"index": 2, "pixel": 31 * 64 + 31}
    assert opened.evaluate("[scrollY, stage.dream.steps]") == [before, steps]
    for _ in range(33):  # one too many: it went on in the row above
        opened.keyboard.press("ArrowLeft")
    assert opened.evaluate("paint.cursor.pixel") == 31 * 64
    told = opened.inner_text("#paint-told")
    assert told.endswith("The brush is at row 32, column 1.")
    opened.evaluate(
        """() => {
          window.told = 0;
          new MutationObserver((records) => { window.told += records.length; })
            .observe(document.getElementById("paint-told"), { childList: true });
        }"""
    )
    opened.keyboard.press("ArrowLeft")  # at the edge: a screen reader heard it all again
    opened.wait_for_timeout(50)
    assert opened.evaluate("window.told") == 0
    opened.keyboard.press("ArrowUp")
    until(opened, "window.told > 0")


def test_the_truth_stands_beside_the_dream(opened: Any) -> None:
    opened.evaluate("document.getElementById('truth').scrollIntoView()")
    slider = opened.get_by_label("Step", exact=False).and_(opened.locator("input[type=range]"))
    slider.focus()
    for _ in range(3):
        opened.keyboard.press("ArrowRight")
    assert opened.evaluate("truth.step") == 3
    assert opened.evaluate("truth.lines.dream.length") == opened.evaluate("truth.play.steps") + 1
    same = (
        "(at) => countDifferent(truth.truth[at], stage.worlds[0].show(truth.play.frames[24 + at]))"
    )
    assert opened.evaluate(same, 3) == 0
    told = opened.inner_text("#truth-told")
    assert all(name in told for name in ("ball", "your bat", "opponent"))


def test_up_is_told_in_every_world(opened: Any) -> None:
    captions = opened.locator("#dream .world figcaption").all_inner_texts()
    told = {text.split()[0]: text for text in captions}
    arrows = {"original": "↑", "transpose": "←", "hswap": "↑", "vswap": "↑", "mirror": "↑"}
    assert all(f"up is {arrow}" in told[world] for world, arrow in arrows.items())
    places = {
        "original": "on the right",
        "transpose": "at the bottom",
        "hswap": "just left of the middle",
        "mirror": "on the left",
        "invert": "on the right",
    }
    assert all(f"your bat is {place}" in told[world] for world, place in places.items())


def test_without_a_player_the_reader_steers(
    open_page: Open, model: MetaWorldModel, contents: Contents, tmp_path: Path
) -> None:
    path = tmp_path / "alone.html"
    path.write_text(page_of(model, contents, None), encoding="utf-8")
    opened = open_page(path=path)
    assert opened.evaluate("stage.driver.value") == "you"
    assert opened.get_by_role("button", name="The player").count() == 0
    until(opened, "stage.dream.steps > 2")


def test_nothing_moves_by_itself_for_readers_who_want_that(open_page: Open) -> None:
    opened = open_page(reduced_motion="reduce")
    opened.wait_for_timeout(300)
    assert opened.evaluate("stage.dream.steps") == 0
    opened.get_by_role("button", name="Play").first.click()
    until(opened, "stage.dream.steps > 2")
    opened.evaluate("stage.setPlaying(false)")
    steps = opened.evaluate("stage.dream.steps")
    opened.evaluate("stage.goOn(paint.z)")
    until(opened, f"stage.dream.steps > {steps}")  # they asked for it


def test_the_page_tells_how_long_a_step_takes(open_page: Open) -> None:
    opened = open_page()
    until(opened, "stage.dream.steps > 6")
    assert re.search(r"[\d.]+ ms a step for six worlds", opened.inner_text("#pace"))


def test_nothing_is_wider_than_the_page(opened: Any) -> None:
    for width in (390, 768, 1280, 1600):
        opened.set_viewport_size({"width": width, "height": 800})
        opened.reload()
        opened.wait_for_selector("html[data-ready]")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_a_page_of_full_size(
    open_page: Open, defaults: Params, contents: Contents, tmp_path: Path
) -> None:
    """Fresh weights compress less well than trained ones."""
    model = initialise(defaults.train.model, contents, 6, seed=0).eval()
    path = tmp_path / "full.html"
    path.write_text(page_of(model, contents, None), encoding="utf-8")
    assert path.stat().st_size <= 12_000_000
    until(open_page(path=path), "stage.dream.steps > 5")


def test_the_player_s_games_are_shown_with_their_points(opened: Any, contents: Contents) -> None:
    opened.evaluate("document.getElementById('games').scrollIntoView()")
    figures = opened.locator("#games figure")
    assert figures.count() == len(contents)
    mirror = figures.nth(list(contents).index("mirror"))
    for step, points in ((0, "0 : 0"), (15, "0 : 1"), (25, "0 : 2"), (39, "1 : 2")):
        opened.locator("#games-step").fill(str(step))
        assert mirror.locator(".name").inner_text().split() == ["mirror", *points.split()]
    shown = opened.evaluate(
        """(at) => {
          const canvas = document.querySelectorAll("#games canvas")[at];
          const { data } = canvas.getContext("2d").getImageData(0, 0, 64, 64);
          return Array.from({ length: 4096 }, (_, pixel) => data[4 * pixel] > 128 ? 1 : 0);
        }""",
        list(contents).index("mirror"),
    )
    assert np.array_equal(shown, np.unpackbits(contents["mirror"].frames[39]))
    assert "−6.00 points, mean of 100 games" in mirror.inner_text()
    opened.set_viewport_size({"width": 390, "height": 844})
    assert "−6.00 points, mean of 100 games" in mirror.inner_text(), "also on a phone"


def test_the_games_run_to_their_end_and_start_again(open_page: Open) -> None:
    opened = open_page(BY_HAND)
    opened.evaluate("document.getElementById('games').scrollIntoView()")
    until(opened, "games.visible")
    opened.get_by_role("button", name="Play").last.click()
    opened.evaluate("for (let frame = 0; frame < 60; frame += 1) look(1000 + 100 * frame)")
    assert opened.evaluate("[games.step, games.playing]") == [39, False]
    opened.evaluate("games.parts.play.click()")
    assert opened.evaluate("[games.step, games.playing]") == [0, True]


def test_without_games_of_a_player_the_page_has_no_place_for_them(
    open_page: Open, tmp_path: Path, model: MetaWorldModel, contents: Contents
) -> None:
    path = tmp_path / "alone.html"
    path.write_text(page_of(model, contents, None), encoding="utf-8")
    assert not open_page(path=path).locator("#games").is_visible()
