"""The panel's hooks: products after the pictures, and pictures whatever happens."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from hostlike import NOTE, Finder, Postprocessed, Processed, Processing, picture
from PIL import Image

from animeseg.errors import MissingWeightsError
from animeseg.options.output import PRODUCTS
from animeseg.webui import finding, gallery, generate, host


@pytest.fixture
def finder(monkeypatch):
    found = Finder()
    monkeypatch.setattr(generate, "find", found)
    return found


def run(args, images=1, grid=None, p=None, shown=None):
    """A job as the host runs it; gives ``processed`` and ``p``."""
    p = p or Processing(images)
    generate.before_process(p, args)
    generate.process(p, args)
    pictures = shown or [picture((20 * number, 0, 0)) for number in range(images)]
    for number, image in enumerate(pictures):
        p.batch_index = number
        pp = Postprocessed(image)
        generate.postprocess_image(p, pp, args)
        generate.postprocess_image_after_composite(p, pp, args)
        assert pp.image is image, "the picture itself is never changed"
    processed = Processed(p, pictures, grid)
    generate.postprocess(p, processed, args)
    return processed, p


def test_products_follow_the_pictures_in_their_order(finder):
    processed, _ = run([True, {"outputs": ["overlay", "mask", "characters"]}], images=2)
    sizes = [(image.mode, image.size) for image in processed.images[2:]]
    each = [("L", (60, 40)), ("RGBA", (17, 27)), ("RGBA", (17, 27)), ("RGB", (60, 40))]
    assert [mode for mode, _ in sizes] == [mode for mode, _ in each] * 2
    assert sizes[0][1] == (60, 40)
    assert processed.infotexts == ["seed 0", "seed 1", *["seed 0"] * 4, *["seed 1"] * 4]
    assert [image.info["parameters"] for image in processed.images[2:]] == processed.infotexts[2:]
    assert len(finder.asked) == 2, "the pipeline runs once for a picture"


def test_grids_stay_first_and_are_not_worked_on(finder):
    grid = picture((9, 9, 9))
    processed, _ = run([True, {"outputs": ["mask"]}], images=2, grid=grid)
    assert processed.images[0] is grid
    assert processed.infotexts == ["grid", "seed 0", "seed 1", "seed 0", "seed 1"]
    assert len(processed.images) == 5


def test_batches_are_numbered_over_the_whole_job(finder, monkeypatch):
    saved = []
    monkeypatch.setattr(host, "saves", lambda p: True)
    monkeypatch.setattr(
        host, "save_image", lambda image, p, **how: saved.append((how["index"], how["suffix"]))
    )
    p = Processing(2)
    args = [True, {"outputs": ["mask"]}]
    generate.process(p, args)
    for p.iteration in range(2):
        for p.batch_index in range(2):
            generate.postprocess_image_after_composite(p, Postprocessed(picture()), args)
    generate.postprocess(p, Processed(p, [picture()] * 4), args)
    assert saved == [(index, "-animeseg-mask") for index in range(4)]


def test_masks_of_the_host_between_the_pictures_do_not_confuse(finder):
    """With "return mask" the host has more pictures than parameters."""
    p, args = Processing(1), [True, {"outputs": ["mask"]}]
    generate.process(p, args)
    generate.postprocess_image_after_composite(p, Postprocessed(picture()), args)
    processed = Processed(p, [picture()])
    processed.images.append(picture())
    generate.postprocess(p, processed, args)
    assert processed.infotexts == ["seed 0", "seed 0", "seed 0"]
    assert processed.images[2].mode == "L"


def test_parameters_say_what_differs_and_how_many_were_found(finder):
    _, p = run([True, {"confidence": 0.4, "outputs": ["cutout"]}])
    assert p.extra_generation_params == {
        "animeseg enabled": "True",
        "animeseg confidence": "0.4",
        "animeseg characters": 2,
    }


def test_parameters_of_the_picture_before_are_gone_in_a_batch_of_img2img(finder):
    _, p = run([True, {"confidence": 0.4}])
    p.extra_generation_params["other: key"] = p.extra_generation_params["animeseg pass target"] = 1
    finder.count = 0
    run([True, {"top_k": 2}], p=p)
    assert p.extra_generation_params == {
        "other: key": 1,
        "animeseg pass target": 1,
        "animeseg enabled": "True",
        "animeseg keep at most": "2",
        "animeseg characters": 0,
    }


@pytest.mark.parametrize("args", [[], [False], [False, {"outputs": ["mask"]}], [None] * 60])
def test_off_does_nothing_at_all(args, monkeypatch):
    def never(*_, **__):
        raise AssertionError("something was done")

    for name in ("find", "read_request"):
        monkeypatch.setattr(generate, name, never)
    for name in ("holding_queue", "setting", "show_progress"):
        monkeypatch.setattr(host, name, never)
    processed, p = run(args)
    assert (len(processed.images), processed.comments) == (1, "")
    assert p.extra_generation_params == {}
    assert p.comments == []


FAULTS = [
    MissingWeightsError("x is not here", "fetch it"),
    RuntimeError("boom\nmore"),
    MemoryError(),
]


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
def test_a_failure_costs_no_picture_and_is_told_once(error, finder, capsys):
    finder.error = error
    processed, p = run([True, {"outputs": ["mask"]}], images=3)
    assert len(processed.images) == 3
    lines = processed.comments.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("[animeseg] ")
    assert capsys.readouterr().out.count("[animeseg] ") == 3
    assert "animeseg characters" not in p.extra_generation_params
    failed = p.extra_generation_params["animeseg failed"]
    assert failed == lines[0].removeprefix("[animeseg] "), "the HTTP API gives the parameters only"


def test_a_failure_for_one_picture_costs_the_others_nothing(finder, monkeypatch):
    def sometimes(asked, options):
        if asked.rgb[0, 0, 0] == 20:
            raise RuntimeError("boom")
        return finder(asked, options)

    monkeypatch.setattr(generate, "find", sometimes)
    processed, p = run([True, {"outputs": ["mask"]}], images=3)
    assert processed.infotexts[3:] == ["seed 0", "seed 2"]
    assert "animeseg failed" not in p.extra_generation_params, "the last picture did not fail"


def test_a_full_disk_costs_no_product(finder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(host, "saves", lambda p: True)
    monkeypatch.setattr(host, "save_image", full)
    processed, _ = run([True, {"outputs": ["mask", "overlay"]}])
    assert len(processed.images) == 3
    assert "No space left" in processed.comments


def test_notes_and_changed_arguments_are_shown_once(finder):
    finder.notes = [NOTE]
    processed, p = run([True, {"confidence": 7}], images=3)
    assert processed.comments.splitlines() == [
        "[animeseg] confidence: 7 became 1.0",
        "[animeseg] a weaker path (get the better one)",
    ]
    assert p.extra_generation_params["animeseg notes"] == "edge_fallback"


def test_no_character_is_a_result_like_any_other(finder):
    """Fault 7: the cut-out is empty, the picture untouched, the parameters say 0."""
    finder.count = 0
    processed, p = run([True, {"outputs": list(PRODUCTS[:5])}])
    assert p.extra_generation_params["animeseg characters"] == 0
    mask, cutout, overlay = processed.images[1:]
    assert not np.asarray(mask).any()
    assert not np.asarray(cutout).any()
    assert (np.asarray(overlay) == np.asarray(processed.images[0])).all()


@pytest.mark.parametrize("asked", ["stopping", "skipping"])
def test_interrupt_and_skip_leave_the_picture_and_do_nothing_more(asked, finder, monkeypatch):
    """Fault 20, between pictures; between characters the pipeline's own watch sees to it."""
    monkeypatch.setattr(host, asked, lambda: True)
    assert finding.ends()
    processed, p = run([True, {"outputs": ["mask"]}])
    assert finder.asked == []
    assert len(processed.images) == 1
    assert "animeseg characters" not in p.extra_generation_params


def test_older_hosts_are_served_by_the_earlier_hook(finder):
    p = Processing(1)
    p.scripts = object()
    pp = Postprocessed(picture())
    args = [True, {"outputs": ["mask"]}]
    generate.postprocess_image(p, pp, args)
    assert len(finder.asked) == 1


def test_a_pass_that_fails_costs_no_product_in_older_hosts(finder, monkeypatch):
    def broken(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr("animeseg.webui.passes.run_passes", broken)
    p = Processing(1)
    p.scripts = object()
    generate.postprocess_image(p, Postprocessed(picture()), [True, {"outputs": ["mask"]}])
    assert len(p.animeseg_run.made) == 1
    assert "boom" in p.animeseg_run.told[0]


def test_the_number_of_the_picture_is_the_hosts_where_it_gives_one(finder):
    p = Processing(1)
    pp = Postprocessed(picture())
    pp.index = 5
    args = [True, {"outputs": ["mask"]}]
    generate.postprocess_image_after_composite(p, pp, args)
    assert p.animeseg_run.made[0][0] == 5


def test_hooks_that_come_alone_do_their_part(finder):
    """Before its page is ready a host calls some hooks with other arguments than others."""
    p = Processing(1)
    processed = Processed(p, [picture()])
    generate.postprocess(p, processed, [True])
    assert len(processed.images) == 1


def as_base64(image):
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


@pytest.mark.parametrize("encode", [as_base64, lambda image: image, np.asarray])
def test_background_pictures_come_uploaded_or_as_base64(encode, finder):
    behind = encode(Image.new("RGB", (6, 4), (1, 2, 3)))
    values = {"background": "picture", "background_picture": behind}
    processed, _ = run([True, values])
    assert processed.images[1].getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize("behind", ["/etc/passwd", "http://localhost/a.png", "", None, 7])
def test_paths_and_urls_are_no_background_pictures(behind, finder):
    processed, _ = run([True, {"background": "picture", "background_picture": behind}])
    assert len(processed.images) == 1
    assert "[animeseg] " in processed.comments


def test_in_a_grid_the_first_product_stands_for_the_cell(finder):
    """The X/Y/Z plot shows the first picture of a cell, and ours is not changed by its axes."""
    asked = [True, {"outputs": ["characters", "overlay"]}]
    p = Processing(1, animeseg_axes={"confidence": 0.7})
    processed, _ = run(asked, p=p)
    assert processed.images[0] is processed.images[-1]
    assert (processed.images[0].mode, processed.images[0].size) == ("RGB", (60, 40))
    assert len(processed.images) == len(processed.infotexts) == 5
    assert processed.infotexts[0] == "seed 0"
    other, _ = run(asked, p=Processing(1, animeseg_axes={"pass thing": 1}))
    assert len(other.images) == 4, "axes that change the picture itself need none of that"


def test_layers_are_saved_as_a_file_and_their_place_is_told(finder, monkeypatch, tmp_path):
    monkeypatch.setattr(host, "saves", lambda p: True)
    monkeypatch.setattr(
        host, "file_path", lambda p, **how: tmp_path / f"a{how['suffix']}.{how['extension']}"
    )
    processed, _ = run([True, {"outputs": ["layers"]}])
    assert (tmp_path / "a-animeseg-layers.ora").read_bytes()[:2] == b"PK"
    assert str(tmp_path) in processed.comments
    assert len(processed.images) == 1


def test_layers_without_saving_say_so(finder, monkeypatch):
    monkeypatch.setattr(host, "saves", lambda p: False)
    processed, _ = run([True, {"outputs": ["layers"]}])
    assert "saving is off" in processed.comments


def test_the_gallery_can_be_left_alone_but_not_for_the_api(finder, monkeypatch):
    real = host.setting
    monkeypatch.setattr(host, "setting", lambda key: key != "animeseg_show" and real(key))
    assert len(run([True])[0].images) == 1
    assert len(run([True], p=Processing(1, is_api=True))[0].images) == 2


@pytest.mark.parametrize(
    ("image", "name", "expected"),
    [
        (gallery.marked(Image.new("RGBA", (2, 2))), "a/b.jpg", "b.png"),
        (gallery.marked(Image.new("L", (2, 2))), "b.jpeg", "b.png"),
        (gallery.marked(Image.new("RGBA", (2, 2))), "b.webp", "b.png"),
        (gallery.marked(Image.new("RGB", (2, 2))), "b.jpg", "b.jpg"),
        (Image.new("RGBA", (2, 2)), "b.jpg", "b.jpg"),
    ],
)
def test_cutouts_and_masks_are_png_whatever_the_host_saves(image, name, expected):
    params = Postprocessed(image)
    params.filename = name
    gallery.keep_alpha(params)
    assert params.filename.endswith(expected)
