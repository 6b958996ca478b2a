"""The page for many pictures, in a real browser, on both gradios."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from pages import open_group, png, set_number
from PIL import Image
from playwright.sync_api import expect
from stand_in import picture


@pytest.fixture
def page(visit):
    opened = visit("tab")
    opened.locator("#animeseg_pages button", has_text="Many pictures").first.click()
    return opened


def says(page, text):
    shown = page.locator(".animeseg_message >> visible=true").first
    expect(shown).to_contain_text(text)


def press(page, name):
    page.locator(f"#animeseg_folder_{name}").click()


def settle(page):
    """Waits until nothing runs any more, and a message that says so stands there.

    The last message of a run may come after it has ended and take the place of that message.
    """
    said = page.locator(".animeseg_message >> visible=true").first
    for _ in range(90):
        press(page, "stop")
        page.wait_for_timeout(500)
        if "Nothing is running" in said.inner_text():
            return
    raise AssertionError(f"the run does not end: {said.inner_text()}")


def fill(page, name, text):
    field = page.locator(f"#animeseg_folder_{name} textarea, #animeseg_folder_{name} input").first
    field.fill(str(text))
    field.blur()


def test_uploads_come_back_as_one_archive_and_a_bad_file_costs_nothing(page):
    press(page, "start")
    says(page, "There are no pictures yet")
    press(page, "stop")
    says(page, "Nothing is running")
    page.locator("#animeseg_folder_uploads input[type=file]").first.set_input_files(
        [
            {"name": "a.png", "mimeType": "image/png", "buffer": png(picture())},
            {"name": "bad.png", "mimeType": "image/png", "buffer": b"no picture at all"},
        ]
    )
    expect(page.locator("#animeseg_folder_uploads")).to_contain_text("bad")
    press(page, "start")
    says(page, "2 of 2 pictures, 3 characters, 1 failed")
    table = page.locator("#animeseg_folder_report table >> visible=true").first
    expect(table).to_contain_text("failed")
    link = page.locator("#animeseg_folder_results a").first
    with page.expect_download() as waiting:
        link.click()
    with zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes())) as archive:
        names = set(archive.namelist())
        assert {"a.cutout.png", "a.mask.png", "a.json"} <= names
        cutout = Image.open(io.BytesIO(archive.read("a.cutout.png")))
    assert cutout.mode == "RGBA"


def test_a_folder_is_worked_on_once_and_never_written_over(page, tmp_path):
    source = tmp_path / "pictures"
    (source / "inner").mkdir(parents=True)
    for path in (source / "a.png", source / "inner" / "b.png"):
        path.write_bytes(png(picture()))
    fill(page, "source", tmp_path / "nowhere")
    press(page, "start")
    says(page, "There is no folder")
    fill(page, "source", source)
    fill(page, "out", tmp_path / "out")
    page.locator("#animeseg_folder_kinds label", has_text="overlay").first.click()
    open_group(page, "animeseg_folder_finding")
    set_number(page, "animeseg_folder_cutout_feather", 0)
    press(page, "start")
    says(page, "2 of 2 pictures, 6 characters")
    expect(page.locator("#animeseg_folder_results a").first).to_be_visible()
    made = tmp_path / "out" / "inner" / "b.overlay.png"
    before = made.stat().st_mtime_ns
    assert (tmp_path / "out" / "a.cutout.png").is_file()
    report = json.loads((tmp_path / "out" / "animeseg-report.json").read_text("utf-8"))
    assert report["totals"]["done"] == 2
    settle(page)
    press(page, "start")
    says(page, "2 done before")
    resume = page.locator("#animeseg_folder_resume input")
    resume.click()
    expect(resume).not_to_be_checked()
    settle(page)
    press(page, "start")
    says(page, "2 failed")
    assert made.stat().st_mtime_ns == before
    page.locator("#animeseg_folder_deep input").click()
    resume.click()
    expect(resume).to_be_checked()
    settle(page)
    press(page, "start")
    says(page, "1 of 1 pictures")


def test_nothing_to_make_is_said(page, tmp_path):
    (tmp_path / "a.png").write_bytes(png(picture()))
    fill(page, "source", tmp_path)
    for kind in ("cutout", "mask", "json"):
        page.locator("#animeseg_folder_kinds label", has_text=kind).first.click()
    press(page, "start")
    says(page, "Nothing to make is chosen")
