"""Every control of the panels of txt2img and img2img, in a real browser, on both gradios."""

from __future__ import annotations

import json

import pytest
from pages import png, upload
from playwright.sync_api import expect
from stand_in import picture

from animeseg.options import Options, OutputOptions, PanelOptions, PassOptions, knobs
from animeseg.webui.panel_args import NAMES

BACKDROP = "background_picture"


def another_number(knob):
    """On a step of the slider; of two that bound each other the smaller stays the smaller."""
    step = knob.step or (1 if knob.kind == "int" else 0.01)
    share = 0.75 if knob.default == knob.maximum else 0.25
    steps = round(share * (knob.maximum - knob.minimum) / step)
    value = round(knob.minimum + steps * step, 6)
    value = value if value != knob.default else round(value + step, 6)
    return int(value) if knob.kind == "int" else float(value)


class PanelPage:
    def __init__(self, page, name):
        self.page = page
        self.name = name
        self.prefix = f"script_{name}_animeseg"
        page.locator("button", has_text=name).first.click()

    def open_everything(self):
        """Opens every accordion there is, those that come to light by it too."""
        closed = self.page.locator(".label-wrap:not(.open) >> visible=true")
        while closed.count():
            before = closed.count()
            closed.first.click()
            expect(closed).not_to_have_count(before)

    def read(self):
        said = self.page.locator(f"#said_{self.name} textarea, #said_{self.name} input").first
        before = said.input_value()
        self.page.locator(f"#read_{self.name}").click()
        expect(said).not_to_have_value(before)
        return json.loads(said.input_value())

    def use(self, elem_id, knob):
        """Sets a control to something else and gives what that is."""
        part = self.page.locator(f"#{elem_id}")
        if knob.kind == "bool":
            part.locator("input[type=checkbox]").first.click()
            return not knob.default
        if knob.kind in ("int", "float"):
            value = another_number(knob)
            field = part.locator("input[type=number]").first
            field.fill(f"{value:g}")
            field.blur()
            return value
        if knob.choices:
            return self.use_choice(part, knob)
        return self.use_text(part, knob)

    def use_choice(self, part, knob):
        if knob.kind == "list":
            part.locator("label", has_text="overlay").first.click()
            return [*knob.default, "overlay"]
        other = next(choice for choice in reversed(knob.choices) if choice != knob.default)
        radio = part.locator(f"input[type=radio][value='{other}']")
        if radio.count():
            radio.first.click()
        else:
            self.type_choice(part, other)
        return other

    def type_choice(self, part, text):
        field = part.locator("input").first
        field.click()
        field.fill(text)
        field.press("Enter")

    def use_text(self, part, knob):
        if str(knob.default).startswith("#"):
            field = part.locator("input").first
            field.fill("#123456")
            field.dispatch_event("input")
            return "#123456"
        area = part.locator("textarea").first
        if area.count():
            area.fill("alpha, beta")
            area.blur()
            return ["alpha", "beta"] if knob.kind == "list" else "alpha, beta"
        field = part.locator("input").first
        field.click()
        field.fill("mine")
        field.press("Enter")
        return "mine"


@pytest.mark.parametrize("name", ["txt2img", "img2img"])
def test_every_control_of_the_panel_is_read(visit, name):
    panel = PanelPage(visit("panel"), name)
    panel.page.locator(f"#{panel.prefix}_enabled input[type=checkbox]").first.click()
    panel.open_everything()
    expected = {}
    known = {**knobs(PanelOptions), **knobs(OutputOptions), **knobs(Options)}
    # The automatic mask is for what img2img is given; txt2img hides it.
    hidden = {"enabled"} | ({"auto_mask"} if name == "txt2img" else set())
    for knob in (known[each] for each in NAMES if each not in hidden):
        elem_id = f"{panel.prefix}_{knob.name}"
        if knob.name == BACKDROP:
            upload(panel.page, elem_id, "b.png", png(picture()))
            expect(panel.page.locator(f"#{elem_id} img").first).to_be_visible()
        else:
            expected[knob.name] = panel.use(elem_id, knob)
    told = panel.read()
    read = {**told["panel"], **told["options"], **told["output"]}
    assert read.pop("enabled") is True
    assert told["backdrop"]
    assert read == expected


def test_every_control_of_an_inpaint_pass_is_read(visit):
    panel = PanelPage(visit("panel"), "txt2img")
    panel.page.locator(f"#{panel.prefix}_enabled input[type=checkbox]").first.click()
    panel.open_everything()
    expected = {}
    for knob in knobs(PassOptions).values():
        elem_id = f"{panel.prefix}_pass1_{knob.name}"
        expected[knob.name] = panel.use(elem_id, knob)
    told = panel.read()
    assert told["passes"][0] == expected
    assert told["passes"][1:] == [{}] * (len(told["passes"]) - 1)
