"""The Extras step: same choices, alpha kept, never an exception."""

from __future__ import annotations

import numpy as np
import pytest
from hostlike import NOTE, Finder, Postprocessed, picture
from PIL import Image

from animeseg.options import Options
from animeseg.webui import extras, host
from animeseg.webui.panel_args import NAMES


@pytest.fixture
def finder(monkeypatch):
    found = Finder()
    monkeypatch.setattr(extras, "find", found)
    return found


def processed(image=None, **args):
    pp = Postprocessed(image or picture())
    extras.process(pp, {"enabled": True, **args})
    return pp


@pytest.mark.parametrize(
    "args", [{}, dict.fromkeys(NAMES), {"enabled": False, "outputs": ["mask"]}, {"enabled": None}]
)
def test_the_hosts_api_gives_none_for_everything_and_that_means_off(args, finder):
    pp = Postprocessed(picture())
    before = pp.image
    extras.process(pp, args)
    assert pp.image is before
    assert (pp.info, pp.extra_images, finder.asked) == ({}, [], [])


def test_the_picture_becomes_its_cutout(finder):
    pp = processed()
    assert pp.image.mode == "RGBA"
    assert pp.image.getpixel((0, 0))[3] == 0
    assert pp.image.getpixel((12, 15)) == (10, 120, 200, 255)
    assert pp.extra_images == []
    assert pp.info == {"animeseg characters": "2"}


def test_none_for_single_values_means_their_default(finder):
    processed(confidence=None, outputs=None)
    assert finder.asked[0][1] == Options()


def test_alpha_of_the_input_is_respected(finder):
    given = picture().convert("RGBA")
    given.putalpha(Image.fromarray(np.tile(np.arange(60, dtype=np.uint8) * 4, (40, 1))))
    alpha = np.asarray(processed(given).image)[15, :, 3]
    assert alpha[12] == 48
    assert alpha[25] == 0


def test_other_outputs_are_further_pictures_with_their_names(finder):
    pp = processed(outputs=["mask", "overlay", "character-masks"])
    assert pp.image.mode == "RGB", "without the cut-out the picture stays"
    assert [one.nametags for one in pp.extra_images] == [
        ["mask"], ["character-mask-1"], ["character-mask-2"], ["overlay"],
    ]  # fmt: skip
    assert all(one.disable_processing for one in pp.extra_images)
    assert pp.extra_images[0].image.mode == "L"
    assert pp.extra_images[0].info["animeseg outputs"] == "mask, character-masks, overlay" or (
        pp.extra_images[0].info["animeseg outputs"] == "mask, overlay, character-masks"
    )


def test_backgrounds_are_made(finder):
    pp = processed(background="colour", background_colour="#010203")
    assert pp.image.getpixel((0, 0)) == (1, 2, 3)
    behind = Image.new("RGB", (5, 5), (9, 8, 7))
    pp = processed(background="picture", background_picture=behind)
    assert pp.image.getpixel((0, 0)) == (9, 8, 7)


def test_options_and_notes_are_written_down(finder):
    finder.notes = [NOTE]
    info = processed(confidence=0.5).info
    assert info["animeseg confidence"] == "0.5"
    assert info["animeseg notes"] == "a weaker path (get the better one)"


@pytest.mark.parametrize("error", [RuntimeError("boom"), MemoryError(), KeyError("x")])
def test_a_failure_never_fails_the_run(error, finder, capsys):
    finder.error = error
    pp = processed()
    assert pp.image.mode == "RGB"
    assert len(pp.info["animeseg failed"]) > 10
    assert capsys.readouterr().out.count("[animeseg] ") == 1


def test_pictures_the_gate_refuses_come_out_as_they_were(finder):
    tiny = Image.new("RGB", (3, 3))
    pp = Postprocessed(tiny)
    extras.process(pp, {"enabled": True})
    assert pp.image is tiny
    assert "image_too_small" in pp.info["animeseg failed"]


def test_interrupt_leaves_the_picture(finder, monkeypatch):
    monkeypatch.setattr(host, "stopping", lambda: True)
    assert processed().image.mode == "RGB"
    assert finder.asked == []


def test_layers_are_saved_beside_the_hosts_results(finder, monkeypatch, tmp_path):
    folder = {"outdir_extras_samples": str(tmp_path)}
    monkeypatch.setattr(host, "host_option", lambda key, default=None: folder.get(key, default))
    for _ in range(2):
        pp = processed(outputs=["layers"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00000-animeseg-layers.ora",
        "00001-animeseg-layers.ora",
    ]
    assert pp.info["animeseg layers"] == str(tmp_path / "00001-animeseg-layers.ora")


def test_the_oldest_hosts_show_one_picture_and_say_so(finder):
    class Old:
        """``pp`` of a host before 1.7."""

        def __init__(self, image):
            self.image, self.info = image, {}

    pp = Old(picture())
    extras.process(pp, {"enabled": True, "outputs": ["cutout", "mask"]})
    assert pp.image.mode == "RGBA"
    assert "1.7" in pp.info["animeseg failed"]
