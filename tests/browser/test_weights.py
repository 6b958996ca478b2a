"""The page of the models, in a real browser, on both gradios. No network: what is said then."""

from __future__ import annotations

import pytest
from pages import choose
from playwright.sync_api import expect

from animeseg.weights.catalog import catalog


@pytest.fixture
def page(visit):
    opened = visit("tab")
    opened.locator("#animeseg_pages button", has_text="Models").first.click()
    return opened


def says(page, text):
    shown = page.locator(".animeseg_message >> visible=true").first
    expect(shown).to_contain_text(text)


def press(page, name):
    page.locator(f"#animeseg_models_{name}").click()


def test_the_table_tells_name_licence_size_and_state_of_every_model(page):
    rows = page.locator("#animeseg_models_table tbody tr >> visible=true")
    expect(rows).to_have_count(len(catalog()))
    for place, record in enumerate(catalog().values()):
        row = rows.nth(place)
        for text in (record.name, record.licence, record.size_text):
            expect(row).to_contain_text(text)
        expect(row).to_contain_text("comes with animeseg" if record.bundled else "not here")


def test_models_are_verified_removed_and_fetched_only_by_their_buttons(page):
    choose(page, "animeseg_models_name", "character-n")
    press(page, "verify")
    says(page, "character-n is what the catalog says")
    press(page, "remove")
    says(page, "comes with animeseg and is not removed")
    choose(page, "animeseg_models_name", "mobile-sam")
    press(page, "verify")
    says(page, "mobile-sam is not here")
    press(page, "remove")
    says(page, "files of others are left alone")
    press(page, "fetch")
    says(page, "an offline flag is set")
    page.locator("#animeseg_models_accept input").click()
    press(page, "look")  # another message first: the next one has the same words as the last
    says(page, "Choose a model and press Download")
    press(page, "fetch")
    says(page, "an offline flag is set")
    press(page, "stop")
    says(page, "Stopping")
    press(page, "look")
    says(page, "Choose a model and press Download")
