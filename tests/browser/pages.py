"""How the tests talk to the page: what a visitor sees and does, not how gradio builds it."""

from __future__ import annotations

import io
from contextlib import contextmanager

import numpy as np
from PIL import Image
from playwright.sync_api import expect


def png(array):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return stream.getvalue()


def upload(page, elem_id, name, data, mime="image/png"):
    field = page.locator(f"#{elem_id} input[type=file]").first
    field.set_input_files([{"name": name, "mimeType": mime, "buffer": data}])


def pick_radio(page, elem_id, label):
    page.locator(f"#{elem_id} label", has_text=label).first.click()


def choose(page, elem_id, text):
    """Picks an entry of a drop-down by typing it."""
    field = page.locator(f"#{elem_id} input").first
    field.click()
    field.fill(text)
    field.press("Enter")


def set_number(page, elem_id, value):
    field = page.locator(f"#{elem_id} input[type=number]").first
    field.fill(str(value))
    field.press("Enter")
    field.blur()


def open_group(page, elem_id):
    """Opens an accordion, if it is closed."""
    group = page.locator(f"#{elem_id}")
    inside = group.locator("input, textarea").first
    if not inside.is_visible():
        group.locator("button, .label-wrap").first.click()
    expect(inside).to_be_visible()


class CutPage:
    """The page that cuts out one picture."""

    def __init__(self, page):
        self.page = page
        self.stage = page.locator("#animeseg_tab_stage img").first
        self.result = page.locator("#animeseg_tab_result img").first

    def open(self, array, says="characters found"):
        upload(self.page, "animeseg_tab_stage", "picture.png", png(array))
        self.says(says)

    def says(self, text):
        shown = self.page.locator(".animeseg_message >> visible=true").first
        expect(shown).to_contain_text(text)

    @contextmanager
    def redrawn(self, picture=None):
        """Waits until the result (or ``picture``) shows something else."""
        shown = picture or self.result
        before = shown.get_attribute("src")
        yield
        expect(shown).not_to_have_attribute("src", before)

    def click(self, x, y, size):
        """Clicks a pixel of a picture of ``size`` (height, width) that is shown unscaled."""
        left, top, scale = self._area(size)
        self.page.mouse.click(left + (x + 0.5) * scale, top + (y + 0.5) * scale)

    def drag(self, box, size):
        left, top, scale = self._area(size)
        corners = [(left + x * scale, top + y * scale) for x, y in (box[:2], box[2:])]
        self.page.mouse.move(*corners[0])
        self.page.mouse.down()
        self.page.mouse.move(*((a + b) / 2 for a, b in zip(*corners, strict=True)))
        self.page.mouse.move(*corners[1])
        self.page.mouse.up()

    def _area(self, size):
        """Where the picture is on the screen: fitted into its element, in the middle."""
        self.stage.scroll_into_view_if_needed()
        expect(self.stage).to_have_js_property("naturalWidth", size[1])
        box = self.stage.bounding_box()
        scale = min(box["width"] / size[1], box["height"] / size[0])
        left = box["x"] + (box["width"] - size[1] * scale) / 2
        return left, box["y"] + (box["height"] - size[0] * scale) / 2, scale

    def tool(self, label):
        pick_radio(self.page, "animeseg_tab_tool", label)

    def press(self, name):
        self.page.locator(f"#animeseg_tab_{name}").click()

    def download(self, kind):
        """The bytes of a download."""
        with self.page.expect_download() as waiting:
            self.press(f"download_{kind}")
        return waiting.value.path().read_bytes()

    def cutout(self):
        """The downloaded PNG as an array."""
        return np.asarray(Image.open(io.BytesIO(self.download("png"))))

    def mask(self):
        return np.asarray(Image.open(io.BytesIO(self.download("mask"))))
