"""The catalog as a table for people; ``python -m animeseg.weights.table docs/weights.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from animeseg.files import write_file
from animeseg.weights.catalog import Record, catalog

BEGIN, END = "<!-- catalog: made by animeseg.weights.table -->", "<!-- end of catalog -->"


def catalog_table() -> str:
    """Every record as a row of a Markdown table: name, what it is, size, licence, origin, hash."""
    rows = ["| name | what it is | size | licence | from | sha256 |", "|---|---|--:|---|---|---|"]
    return "\n".join([*rows, *(_row(record) for record in catalog().values())])


def update(page: str) -> str:
    """``page`` with the table between the two marks made anew.

    Raises:
        ValueError: the marks are not there.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"expected the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{catalog_table()}\n{END}{after}"


def _row(record: Record) -> str:
    if record.bundled:
        origin, size = "comes with animeseg", "-"
    else:
        page = f"https://huggingface.co/{record.repository}"
        origin, size = f"[{record.repository}]({page})", record.size_text
    hashes = ", ".join(f"`{sha256[:8]}`" for sha256 in record.sha256)
    known = hashes or ("-" if record.bundled else "none known")
    cells = (f"`{record.name}`", record.title, size, record.licence, origin, known)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_file(target, update(target.read_text(encoding="utf-8")).encode(), overwrite=True)
