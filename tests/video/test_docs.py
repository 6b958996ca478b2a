"""The example of docs/video.md runs, and the page names every format and every flag."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from animeseg.options import VideoOptions, knobs
from animeseg.video.formats import FORMATS

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "video.md").read_text("utf-8")


@pytest.mark.slow
def test_the_python_example_runs_with_the_bundled_weights(tmp_path, monkeypatch):
    pytest.importorskip("av", reason="videos need PyAV")
    monkeypatch.chdir(tmp_path)
    scene = Image.open(REPOSITORY / "docs/pictures/demo.jpg").convert("RGB")
    width, height = scene.size
    scene = scene.resize((384, round(384 * height / width)))
    frames = [scene.crop((4 * n, 0, 340 + 4 * n, scene.height)) for n in range(4)]
    frames[0].save("dance.gif", save_all=True, append_images=frames[1:], duration=80)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, "docs/video.md", "exec"), names)
    assert names["done"].frames == 4
    assert len(names["done"].identities) >= 2
    assert max(names["done"].identities.values()) == 4
    assert Path("dance.webm").stat().st_size > 1000


def test_the_page_names_every_format_and_every_flag():
    for name, form in FORMATS.items():
        assert f"| `{name}` |" in PAGE
        assert all(f"`{suffix}`" in PAGE for suffix in form.suffixes if suffix)
    for name in knobs(VideoOptions):
        flag = "--no-audio" if name == "audio" else "--" + name.replace("_", "-")
        assert flag in PAGE


def test_the_defaults_that_the_page_tells_are_the_defaults():
    for name in ("smooth", "bridge", "remember", "quality"):
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `--{name} N`"))
        assert f"(default {knobs(VideoOptions)[name].default})" in row
