"""The page that cuts out one picture, in a real browser, on both gradios."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from pages import CutPage, choose, open_group, pick_radio, png, set_number, upload
from playwright.sync_api import expect
from stand_in import DISCS, GREY, SIZE, picture

CENTRE = {name: middle for name, (middle, _, _) in DISCS.items()}


@pytest.fixture
def cut(visit):
    """The page with the picture of four discs, of which three are found."""
    opened = CutPage(visit("tab"))
    opened.open(picture(), "3 characters found")
    return opened


def at(array, name):
    x, y = CENTRE[name]
    return array[y, x]


def shown(array):
    """Which discs can be seen in a cut-out."""
    return {name for name in DISCS if at(array, name)[3] == 255}


def test_a_dropped_picture_becomes_a_cutout_at_once(cut):
    expect(cut.result).to_be_visible()
    array = cut.cutout()
    assert array.shape == (*SIZE, 4)
    assert shown(array) == {"red", "green", "blue"}
    assert tuple(at(array, "red")[:3]) == DISCS["red"][2]
    assert array[5, 5, 3] == 0


def test_a_click_picks_and_lists_agree(cut):
    with cut.redrawn():
        cut.click(*CENTRE["green"], SIZE)
    cut.says("2 of them in the result")
    boxes = cut.page.locator("#animeseg_tab_chosen input[type=checkbox]")
    assert [boxes.nth(place).is_checked() for place in range(3)] == [True, False, True]
    assert shown(cut.cutout()) == {"red", "blue"}
    with cut.redrawn():
        boxes.nth(0).click()
    cut.says("1 of them in the result")
    assert shown(cut.cutout()) == {"blue"}
    cut.press("none")
    cut.says("0 of them in the result")
    assert cut.cutout()[:, :, 3].max() == 0
    cut.press("all")
    cut.says("3 characters found.")
    cut.press("undo")
    cut.says("0 of them in the result")
    cut.click(10, 290, SIZE)
    cut.says("There is no character")


def test_clicks_add_and_take_away(cut):
    cut.tool("adds")
    cut.click(*CENTRE["pale"], SIZE)
    cut.says("4 characters found.")
    assert shown(cut.cutout()) == set(DISCS)
    expect(cut.page.locator("#animeseg_tab_gallery img")).to_have_count(4)
    # A click on another disc joins it to the character that is worked on.
    choose(cut.page, "animeseg_tab_active", "1")
    with cut.redrawn(cut.stage):
        cut.click(*CENTRE["blue"], SIZE)
    cut.press("none")
    cut.says("0 of them")
    cut.page.locator("#animeseg_tab_chosen input[type=checkbox]").first.click()
    cut.says("1 of them")
    assert shown(cut.cutout()) == {"red", "blue"}
    cut.tool("takes away")
    with cut.redrawn():
        cut.click(*CENTRE["blue"], SIZE)
    assert shown(cut.cutout()) == {"red"}
    cut.press("remove")
    cut.says("3 characters found, 0 of them")
    choose(cut.page, "animeseg_tab_active", "new character")
    cut.tool("takes away")
    cut.click(10, 290, SIZE)
    cut.says("There is no character to take this from")


def test_boxes_are_drawn_or_clicked(cut):
    cut.tool("box")
    x, y = CENTRE["pale"]
    cut.drag((x - 60, y - 55, x + 60, y + 55), SIZE)
    cut.says("4 characters found.")
    assert shown(cut.cutout()) == set(DISCS)
    cut.press("undo")
    cut.says("3 characters found.")
    cut.click(x - 60, y - 55, SIZE)
    cut.says("Now click the opposite corner")
    cut.click(x + 60, y + 55, SIZE)
    cut.says("4 characters found.")
    cut.click(5, 200, SIZE)
    cut.says("Now click the opposite corner")
    cut.click(40, 260, SIZE)
    cut.says("Nothing was found there")


def test_edges_follow_their_sliders_without_any_network(cut):
    plain = cut.mask()
    assert set(np.unique(plain)) == {0, 255}
    with cut.redrawn(cut.result):
        pick_radio(cut.page, "animeseg_tab_view", "mask")
    with cut.redrawn():
        set_number(cut.page, "animeseg_tab_mask_grow", 12)
    grown = cut.mask()
    assert grown.sum() > 1.2 * plain.sum()
    with cut.redrawn():
        set_number(cut.page, "animeseg_tab_mask_feather", 9)
    assert len(np.unique(cut.mask())) > 3
    with cut.redrawn():
        cut.page.locator("#animeseg_tab_mask_invert input").click()
    assert cut.mask()[5, 5] == 255
    with cut.redrawn():
        pick_radio(cut.page, "animeseg_tab_view", "cut-out")
    before = (cut.cutout()[:, :, 3] > 0).sum()
    with cut.redrawn():
        set_number(cut.page, "animeseg_tab_cutout_grow", -6)
    with cut.redrawn():
        set_number(cut.page, "animeseg_tab_cutout_feather", 0)
    array = cut.cutout()
    assert (array[:, :, 3] > 0).sum() < before
    assert set(np.unique(array[:, :, 3])) == {0, 255}
    with cut.redrawn():
        pick_radio(cut.page, "animeseg_tab_view", "overlay")


def test_holes_and_islands_follow_their_sliders(visit):
    image = picture()
    x, y = CENTRE["red"]
    image[y - 6 : y + 6, x - 6 : x + 6] = GREY
    image[250:260, 30:40] = DISCS["red"][2]
    cut = CutPage(visit("tab"))
    cut.open(image, "3 characters found")
    kept = cut.cutout()
    assert kept[y, x, 3] == 0
    assert kept[255, 35, 3] == 255
    with cut.redrawn():
        set_number(cut.page, "animeseg_tab_fill_holes", 10)
    with cut.redrawn():
        set_number(cut.page, "animeseg_tab_drop_islands", 10)
    cleaned = cut.cutout()
    assert cleaned[y, x, 3] == 255
    assert cleaned[255, 35, 3] == 0


def test_what_stands_behind_the_characters(cut):
    with cut.redrawn():
        pick_radio(cut.page, "animeseg_tab_background", "colour") if cut.page.locator(
            "#animeseg_tab_background label"
        ).count() > 1 else choose(cut.page, "animeseg_tab_background", "colour")
    array = cut.cutout()
    assert array.shape == (*SIZE, 3)
    assert tuple(array[5, 5]) == (255, 255, 255)
    with cut.redrawn():
        choose(cut.page, "animeseg_tab_background", "blur")
    with cut.redrawn():
        set_number(cut.page, "animeseg_tab_background_blur", 8)
    assert abs(int(cut.cutout()[5, 5, 0]) - GREY) < 3
    choose(cut.page, "animeseg_tab_background", "picture")
    cut.says("no picture is given")
    with cut.redrawn():
        upload(cut.page, "animeseg_tab_behind", "b.png", png(np.full((50, 50, 3), 77, np.uint8)))
    assert tuple(cut.cutout()[5, 5]) == (77, 77, 77)


def test_a_target_says_what_is_cut_out(cut):
    open_group(cut.page, "animeseg_tab_target_part")
    field = cut.page.locator("#animeseg_tab_target textarea, #animeseg_tab_target input").first
    with cut.redrawn():
        field.fill("character[1]")
        field.press("Enter")
    assert shown(cut.cutout()) == {"green"}
    field.fill("character[")
    field.press("Enter")
    cut.says("Target:")
    with cut.redrawn():
        field.fill("background")
        field.press("Enter")
    assert shown(cut.cutout()) == {"pale"}


def test_every_file_can_be_taken_away(cut):
    record = json.loads(cut.download("json"))
    assert record["format"] == "animeseg.record"
    assert len(record["instances"]) == 3
    with zipfile.ZipFile(io.BytesIO(cut.download("layers"))) as layers:
        assert layers.read("mimetype") == b"image/openraster"
    open_group(cut.page, "animeseg_tab_target_part")
    pick_radio(cut.page, "animeseg_tab_layer_format", "psd")
    cut.says("3 characters found")  # drawn anew: a message that comes later would be the last one
    cut.press("download_layers")
    expect(cut.page.locator(".animeseg_message >> visible=true").first).to_contain_text(
        "psd"  # the file, or that psd-tools is missing
    )


def test_what_was_corrected_is_kept_as_training_data(cut, served):
    cut.click(*CENTRE["green"], SIZE)
    cut.says("2 of them in the result")
    cut.press("correction")
    cut.says("Saved in")
    folder = served("tab").home / "corrections"
    body = json.loads(next(folder.glob("*.json")).read_text("utf-8"))
    assert len(body["annotations"]) == 2
    assert body["animeseg"]["edits"] == ["removed"]


def test_models_are_chosen_and_found_missing_in_plain_words(cut):
    open_group(cut.page, "animeseg_tab_finding")
    for name, value in (("confidence", 0.3), ("max_instances", 7)):
        set_number(cut.page, f"animeseg_tab_{name}", value)
    choose(cut.page, "animeseg_tab_order", "right-to-left")
    choose(cut.page, "animeseg_tab_refine", "none")
    for name in ("model", "sam_model"):
        cut.page.locator(f"#animeseg_tab_{name}_refresh").click()
    choose(cut.page, "animeseg_tab_model", "face-yolov8n")
    cut.press("find")
    cut.says("No character was found")
    cut.press("undo")
    cut.says("3 characters found.")
    choose(cut.page, "animeseg_tab_sam_model", "sam-vit-b")
    cut.tool("adds")
    cut.click(*CENTRE["pale"], SIZE)
    cut.says("sam-vit-b is not here")
    cut.says("Open Models on this page")


def test_what_cannot_be_done_is_said_and_nothing_is_lost(visit):
    cut = CutPage(visit("tab"))
    open_group(cut.page, "animeseg_tab_finding")
    for name in ("find", "undo", "remove", "all", "none", "download_png", "download_json"):
        cut.press(name)
        cut.says("There is no")
    # The same words again and again: the last answer may still be on its way, so stop is pressed
    # until it has the last word.
    for _ in range(90):
        cut.press("stop")
        cut.page.wait_for_timeout(500)
        if "Stopping" in cut.page.locator(".animeseg_message >> visible=true").first.inner_text():
            break
    else:
        raise AssertionError("stop says nothing")
    cut.open(np.full((5, 5, 3), 9, np.uint8), "each side must have at least")
    cut.open(np.full((64, 64, 3), GREY, np.uint8), "No character was found")
    cut.open(picture(), "3 characters found")
    cut.page.locator("#animeseg_tab_stage button[aria-label=Clear]").click() if cut.page.locator(
        "#animeseg_tab_stage button[aria-label=Clear]"
    ).count() else cut.page.locator("#animeseg_tab_stage button[aria-label='Remove Image']").click()
    cut.says("Drop a picture")


def test_visitors_do_not_see_each_other(visit):
    first, second = CutPage(visit("tab")), CutPage(visit("tab"))
    first.open(picture(), "3 characters found")
    only_red = picture()
    only_red[:, 130:] = GREY
    second.open(only_red, "1 character found")
    assert shown(first.cutout()) == {"red", "green", "blue"}
    assert shown(second.cutout()) == {"red"}


def test_picture_and_mask_reach_inpaint_upload(visit):
    page = visit("host")
    cut = CutPage(page)
    cut.open(picture(), "3 characters found")
    cut.press("send_inpaint")
    cut.says("Sent to inpaint")
    page.locator("button", has_text="img2img").first.click()
    for name in ("img_inpaint_base", "img_inpaint_mask"):
        shown_part = page.locator(f"#{name} img").first
        expect(shown_part).to_be_visible()
        expect(shown_part).to_have_js_property("naturalWidth", SIZE[1])


@pytest.mark.slow
def test_the_application_serves_the_api_when_it_is_asked_to(visit, served):
    page = visit("app")
    answer = page.request.get(f"{served('app').address}animeseg/v1/version")
    assert answer.ok
    assert "animeseg" in answer.text()


@pytest.mark.slow
def test_the_real_networks_cut_out_the_picture_of_the_readme(visit, repository):
    cut = CutPage(visit("app"))
    data = (repository / "docs" / "pictures" / "demo.jpg").read_bytes()
    upload(cut.page, "animeseg_tab_stage", "demo.jpg", data, "image/jpeg")
    done = cut.page.locator(".animeseg_message.good >> visible=true").first
    expect(done).to_contain_text("found", timeout=150_000)
    array = cut.cutout()
    assert array.shape[2] == 4
    share = (array[:, :, 3] > 0).mean()
    assert 0.1 < share < 0.7
