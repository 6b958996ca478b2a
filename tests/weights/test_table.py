from __future__ import annotations

import pytest

from animeseg.weights import catalog
from animeseg.weights.table import catalog_table, update


def test_the_page_about_weights_shows_the_catalog_as_it_is(repository):
    page = (repository / "docs" / "weights.md").read_text(encoding="utf-8")
    command = "run: python -m animeseg.weights.table docs/weights.md"
    assert update(page) == page, command


def test_every_model_has_a_row_with_its_licence():
    rows = catalog_table().splitlines()[2:]
    assert len(rows) == len(catalog())
    for row, record in zip(rows, catalog().values(), strict=True):
        assert row.count(" | ") == 5
        assert f"`{record.name}`" in row
        assert record.licence in row


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="expected the lines"):
        update("no marks here")
