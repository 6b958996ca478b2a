"""Every Python example of the documentation runs as printed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "docs/python.md"]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def _program(page: str, *, with_sam: bool) -> str:
    blocks = BLOCK.findall((REPOSITORY / page).read_text(encoding="utf-8"))
    chosen = [block for block in blocks if with_sam or "sam_model" not in block]
    assert chosen, f"{page} has no examples"
    return "\n".join(chosen)


@pytest.mark.parametrize("page", PAGES)
def test_examples_run_with_the_bundled_weights(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    names: dict[str, object] = {}
    exec(compile(_program(page, with_sam=False), page, "exec"), names)
    assert len(names["result"]) >= 2


@pytest.mark.shared
def test_click_example_runs_with_segment_anything(tmp_path, monkeypatch, shared):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    monkeypatch.setenv("ANIMESEG_MODEL_DIRS", os.fspath(shared / "weights"))
    names: dict[str, object] = {}
    exec(compile(_program("docs/python.md", with_sam=True), "docs/python.md", "exec"), names)
    assert names["mask"].shape == names["picture"].rgb.shape[:2]
    assert 0 < names["mask"].mean() < 0.5


@pytest.mark.parametrize("page", sorted(REPOSITORY.glob("**/*.md")), ids=lambda p: p.name)
def test_relative_links_lead_somewhere(page):
    if any(part.startswith(".venv") for part in page.parts):
        pytest.skip("not ours")
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)", text)
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing
