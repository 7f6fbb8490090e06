"""What explains a result on the page: tabs, scrubber, slider and downloads, in a real browser."""

from __future__ import annotations

import io
import re
import shutil

import pytest
from PIL import Image
from playwright.sync_api import expect

from otgen.run.plan import plan

TITLES = ("Who follows whom", "How they are pulled", "Who owns what", "Over time")


@pytest.fixture
def explained(shared_page):
    """The example's explanation, its last step and its first tab on show."""
    page = shared_page()
    if page.get_by_role("button", name="Last step").is_enabled():
        page.get_by_role("button", name="Last step").click()
    page.locator("#explain").get_by_role("tab").first.click()
    return page


def opened(page, title: str) -> None:
    """Open a part that is folded away."""
    part = page.locator("details", has=page.get_by_text(title, exact=True))
    if part.get_attribute("open") is None:
        page.get_by_text(title, exact=True).click()


def stage_sources(page) -> list[str]:
    return page.locator("#stage .frame img").evaluate_all(
        "images => images.map(image => image.getAttribute('src'))"
    )


def stage_counts(page) -> list[str]:
    return page.locator("#stage .numbers").all_inner_texts()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_tabs_show_their_plots_in_the_colour_scheme_and_say_their_numbers(visit, width, scheme):
    page = visit(viewport={"width": width, "height": 844}, color_scheme=scheme)
    for title in TITLES:
        page.locator("#explain").get_by_role("tab", name=title, exact=True).click()
        panel = page.locator("#explain").get_by_role("tabpanel", name=title)
        panel.locator(f".on-{scheme} img").first.wait_for()
        for picture in panel.locator(f".on-{scheme} img").all():
            picture.scroll_into_view_if_needed()
            picture.evaluate("image => image.decode()")
            wide = 780 if width == 390 else 1800
            assert picture.evaluate("image => image.naturalWidth") == wide
            assert "Optimal transport" in picture.get_attribute("alt")
        assert panel.locator("> p").inner_text().count(".") >= 2
        expect(page.locator("#explain").get_by_role("tabpanel")).to_have_count(1)
        other = "dark" if scheme == "light" else "light"
        for picture in panel.locator(f".on-{other}").all():
            expect(picture).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_arrow_keys_choose_tabs(explained):
    page = explained
    tab = page.locator("#explain").get_by_role("tab")
    tab.first.focus()
    for key, chosen in (
        ("ArrowRight", 1),
        ("End", 3),
        ("ArrowRight", 0),
        ("ArrowLeft", 3),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        expect(tab.nth(chosen)).to_be_focused()
        expect(tab.nth(chosen)).to_have_attribute("aria-selected", "true")
        assert [each.get_attribute("tabindex") for each in tab.all()].count("0") == 1
        expect(
            page.locator("#explain").get_by_role("tabpanel", name=TITLES[chosen])
        ).to_be_visible()


def test_scrubber_moves_pictures_counts_and_plots_by_keyboard(explained, server):
    page = explained
    (folder,) = server.examples.iterdir()
    full, counted = stage_sources(page), stage_counts(page)
    page.locator("#explain").get_by_role("tab", name="Over time").click()
    scrubber = page.get_by_label("Step 2 of 2")
    scrubber.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".scrub label")).to_have_text("Step 1 of 2")
    assert page.locator("#scrub").get_attribute("aria-valuetext") == "step 1 of 2"
    assert stage_sources(page) == [
        f"results/{folder.name}/frame-{lane}.webp?step=2&moment=1" for lane in ("ot", "mean")
    ]
    for image in page.locator("#stage .frame img").all():
        image.evaluate("image => image.decode()")
    for text in stage_counts(page):
        assert sum(map(int, re.findall(r"\d+", text))) == 4
    expect(page.locator("#stage .bar").first).to_have_attribute(
        "aria-label", re.compile(r"^Step 1: a fish in the ocean \d, a house \d\.$")
    )
    plot = page.locator("#explain").get_by_role("tabpanel").locator(".on-light img")
    expect(plot).to_have_attribute("src", re.compile("moment=1"))
    plot.evaluate("image => image.decode()")
    page.locator("#explain").get_by_role("tab", name="How they are pulled").click()
    pulled = page.locator("#explain").get_by_role("tabpanel").locator(".on-light img")
    expect(pulled).to_have_attribute("alt", re.compile("at step 1"))
    page.locator("#explain").get_by_role("tab", name="Who follows whom").click()
    sheets = page.locator("#explain").get_by_role("tabpanel").locator(".on-light img")
    expect(sheets).to_have_attribute("alt", re.compile("at step 1"))
    expect(sheets).to_have_attribute("src", re.compile("moment=1"))
    sheets.evaluate("image => image.decode()")
    page.locator("#explain").get_by_role("tab", name="How they are pulled").click()
    page.get_by_role("button", name="Last step").click()
    assert stage_sources(page) == full
    assert stage_counts(page) == counted
    expect(pulled).to_have_attribute("alt", re.compile("at step 2"))
    expect(page.get_by_role("button", name="Last step")).to_be_disabled()


def test_keyboard_lays_one_picture_over_the_other(explained):
    page = explained
    opened(page, "Compare with a slider")
    slider = page.get_by_label("How much of Optimal transport is laid over Mean of distances")
    slider.focus()
    over = page.locator(".over-under img").nth(1)
    assert over.get_attribute("data-lane") == "ot"
    for key, part in (("Home", "100%"), ("ArrowRight", "99%"), ("End", "0%")):
        page.keyboard.press(key)
        clip = over.evaluate("image => getComputedStyle(image).clipPath")
        assert clip == f"inset(0px {part} 0px 0px)", key
    assert slider.get_attribute("aria-valuetext") == "100 %"


def test_slider_follows_a_drag(explained):
    page = explained
    opened(page, "Compare with a slider")
    page.locator(".over-under").scroll_into_view_if_needed()
    box = page.locator(".over-under").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, y, steps=4)
    page.mouse.up()
    assert abs(int(page.locator(".over-under input").input_value()) - 25) <= 1


@pytest.mark.parametrize("kind", ["PNG", "SVG"])
def test_plot_downloads_under_a_name_that_says_what_it_is(explained, kind):
    page = explained
    page.locator("#explain").get_by_role("tab", name="How they are pulled").click()
    link = page.get_by_role("link", name=f"{kind} of “How they are pulled”", exact=True)
    with page.expect_download() as download:
        link.click()
    name = "a-fish-in-the-ocean-a-house-how-they-are-pulled-seed-7"
    assert download.value.suggested_filename == f"{name}.{kind.lower()}"
    data = download.value.path().read_bytes()
    if kind == "PNG":
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.width == 1800
            assert "at step 2" in picture.info["Description"]
    else:
        assert b"<svg" in data[:1000]
        assert b"at step 2" in data
    page.locator("#scrub").focus()
    page.keyboard.press("ArrowLeft")
    expect(link).to_have_attribute("download", f"{name}-step-1.{kind.lower()}")


def test_all_cutouts_are_shown_on_request(explained):
    page = explained
    page.get_by_label("Show all 4 cutouts").check()
    picture = page.locator("#explain").get_by_role("tabpanel").locator(".on-light img")
    expect(picture).to_have_attribute("src", re.compile("every=1"))
    picture.evaluate("image => image.decode()")


@pytest.fixture(scope="module")
def three(tmp_path_factory, server):
    """Put a short run of three prompts in the server's store; return its address."""
    from helpers import settings

    from otgen.recipe.prompts import Prompt
    from otgen.results.saving import save
    from otgen.run.comparison import compare

    prompts = (Prompt("a cat"), Prompt("a castle"), Prompt("the ocean"))
    folder = save(compare(plan(settings(prompts=prompts))), server.store)
    yield f"?run={folder.name}"
    shutil.rmtree(folder)


def test_axes_are_chosen_among_three_prompts(visit, three):
    page = visit(three)
    expect(page.locator("figure[data-name]")).to_have_count(6)  # the example's plots have gone
    page.locator("#explain").get_by_role("tab", name="How they are pulled").click()
    panel = page.locator("#explain").get_by_role("tabpanel")
    choices = panel.locator("select")
    choices.nth(0).select_option(label="2 “a castle”")
    assert [each.input_value() for each in choices.all()] == ["1", "0", "2"]
    plane, space = (panel.locator(".on-light img").nth(place) for place in (0, 1))
    expect(plane).to_have_attribute("src", re.compile(r"of=1\.0$"))
    expect(plane).to_have_attribute("alt", re.compile("“a castle” and “a cat”"))
    expect(space).to_have_attribute("src", re.compile(r"of=1\.0\.2$"))
    for picture in (plane, space):
        picture.scroll_into_view_if_needed()
        picture.evaluate("image => image.decode()")
    link = panel.get_by_role("link", name="SVG of “How they are pulled”", exact=True)
    expect(link).to_have_attribute(
        "download", "a-cat-a-castle-the-ocean-how-they-are-pulled-seed-3-prompts-2-1.svg"
    )


def test_cutouts_say_what_they_are_under_the_pointer_and_by_keyboard(explained, server):
    page = explained
    page.locator("#explain").get_by_role("tab", name="How they are pulled").click()
    opened(page, "Explore the cutouts")
    said = page.locator(".explore figcaption p")
    expect(said.first).to_have_text(
        re.compile(
            r"^Cutout 1, nearest to “a .+”: \d\.\d\d to “a fish in the ocean”, \d\.\d\d to “a h"
        )
    )
    for drawing in page.locator(".explore svg").all():
        assert drawing.locator("circle:not(.picked)").count() == 4
        assert drawing.locator("line").count() == 2 + 4  # axes and arrows
    page.get_by_label("Cutout", exact=True).focus()
    page.keyboard.press("End")
    expect(said.nth(1)).to_have_text(re.compile("^Cutout 4,"))
    assert "Cutout 4," in page.locator(".explore svg").nth(1).get_attribute("aria-label")
    page.locator(".explore svg").first.scroll_into_view_if_needed()
    box = page.locator(".explore svg").first.locator("circle").nth(1).bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    expect(said.first).to_have_text(re.compile("^Cutout 2,"))
    thumb = page.locator(".explore i").first
    address = thumb.evaluate("element => element.style.backgroundImage")
    assert re.search(r"results/[0-9a-f]{12}/cutouts-ot\.webp\?step=2\"", address)
    assert page.get_by_label("Turn").count() == 0  # two axes do not turn
    page.locator("#scrub").focus()
    page.keyboard.press("Home")
    earlier = re.compile(r"cutouts-ot\.webp\?step=2&moment=0")
    expect(thumb).to_have_attribute("style", earlier)
    file = earlier.search(thumb.get_attribute("style"))[0]
    (folder,) = server.examples.iterdir()
    first, last = (
        page.request.get(f"{server.address}results/{folder.name}/{name}").body()
        for name in (file, file.split("&")[0])
    )
    assert first != last


def test_three_axes_turn_by_keyboard_and_by_hand(visit, three):
    page = visit(three)
    expect(page.locator("figure[data-name]")).to_have_count(6)  # the example's plots have gone
    page.locator("#explain").get_by_role("tab", name="How they are pulled").click()
    page.get_by_text("Explore the cutouts").click()
    dot = page.locator(".explore svg").first.locator("circle").first
    dot.wait_for()
    places = [dot.get_attribute("cx")]
    page.get_by_label("Turn").focus()
    page.keyboard.press("PageUp")
    places.append(dot.get_attribute("cx"))
    page.locator(".explore svg").first.scroll_into_view_if_needed()
    box = page.locator(".explore svg").first.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 60, steps=3)
    page.mouse.up()
    places.append(dot.get_attribute("cx"))
    assert len(set(places)) == 3


def test_timelapse_plays_on_the_page_and_downloads(explained):
    page = explained
    opened(page, "Time-lapse")
    video = page.locator("video")
    video.evaluate("video => { video.loop = false; return video.play(); }")
    expect(video).to_have_js_property("ended", True)
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [816, 468]
    assert video.evaluate("video => video.duration") == pytest.approx((3 + 12) / 8, abs=0.2)
    with page.expect_download() as download:
        page.get_by_role("link", name="MP4 of the time-lapse").click()
    name = "a-fish-in-the-ocean-a-house-timelapse-seed-7.mp4"
    assert download.value.suggested_filename == name


@pytest.mark.parametrize(
    ("asked", "status", "length"),
    [
        ("bytes=0-1", 206, 2),
        ("bytes=10-", 206, -10),
        ("bytes=-7", 206, 7),
        ("bytes=-", 200, 0),
        ("bytes=0-1,4-5", 200, 0),
        ("bytes=999999999-", 416, None),
        ("bytes=5-2", 416, None),
    ],
)
def test_parts_of_a_film_are_served(ask, server, asked, status, length):
    (folder,) = server.examples.iterdir()
    path = f"results/{folder.name}/timelapse.mp4"
    whole = ask(path).body()
    answer = ask(path, headers={"Range": asked})
    assert answer.status == status
    if length is None:
        assert answer.headers["content-range"] == f"bytes */{len(whole)}"
    else:
        assert len(answer.body()) == (length if length > 0 else len(whole) + length)
        assert answer.body() in whole
