"""Our scripts in three hosts: loaded, shown, run, broken; the picture always comes out."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest
from host_standin import Host
from PIL import Image
from signatures import A1111, A1111_16, FORGE, HOSTS

from animeseg import Instances, Options, Segmentation
from animeseg.errors import MissingDependencyError, MissingWeightsError
from animeseg.webui import entry, extras, gallery, generate, missing, panel, service, settings
from animeseg.webui import host as asked
from animeseg.webui.panel_args import NAMES

ON = (True, {"outputs": ["mask", "cutout"]})


class Answers:
    """The service, finding one block in every picture, or failing."""

    def __init__(self, error=None):
        self.error, self.asked = error, 0

    def segment(self, picture, options=None, *, watch=None):
        self.asked += 1
        if self.error is not None:
            raise self.error
        masks = np.zeros((1, *picture.size), np.bool_)
        masks[0, 5:30, 5:30] = True
        return Segmentation(picture.size, Instances.from_masks(masks), options or Options())

    def settle(self):
        pass

    release = settle


@pytest.fixture(params=HOSTS)
def host(request, monkeypatch, tmp_path):
    missing.problems.cache_clear()
    monkeypatch.setattr(missing, "unsatisfied", lambda: ())
    logger = logging.getLogger("animeseg")
    level = logger.level
    yield Host(request.param, monkeypatch, tmp_path).load()
    logger.setLevel(level)
    missing.problems.cache_clear()


@pytest.fixture
def finds(monkeypatch):
    answers = Answers()
    monkeypatch.setattr(service, "service", lambda: answers)
    return answers


def test_a_host_registers_our_two_classes_and_none_of_its_own(host):
    assert [one.__name__ for one in host.classes] == ["AnimesegStep", "AnimesegPanel"]
    assert host.tabs[0].title().lower() == "animeseg"
    assert host.tabs[0].show(False) is sys.modules["modules.scripts"].AlwaysVisible
    assert not host.errors


def test_loading_again_leaves_everything_once(host):
    counts = {event: len(found) for event, found in host.callbacks.items()}
    host.load()
    assert {event: len(found) for event, found in host.callbacks.items()} == counts
    assert set(counts.values()) == {1}


def test_the_family_is_recognized(host):
    names = {A1111_16: "AUTOMATIC1111", A1111: "AUTOMATIC1111", FORGE: "Forge"}
    assert asked.family().value == names[host.flavour]


def test_panels_can_be_built_as_often_as_hosts_do(host):
    builds = host.build()
    assert len({len(components) for tabs in builds for components in tabs}) == 1
    assert len(builds[0][0]) >= len(NAMES)
    ids = [[[part.elem_id for part in tab] for tab in tabs] for tabs in builds]
    assert ids[0] == ids[1] == ids[2]
    assert [tab[0].value for tab in builds[0]] == [False, False]
    assert isinstance(host.steps[0].ui(), dict)
    assert len(host.tabs[0].infotext_fields) >= len(NAMES) - 1


def test_asking_for_default_values_again_makes_no_more_components_until_a_new_page(host):
    first, again, _ = host.build()
    assert all(one is other for one, other in zip(first[0], again[0], strict=True))
    host.call("before_ui")
    renewed = host.build()[0]
    assert not any(one is other for one, other in zip(first[0], renewed[0], strict=True))


def test_settings_appear_with_their_defaults_and_the_dangerous_ones_are_closed_to_the_api(host):
    host.call("ui_settings")
    labels = host.shared.opts.data_labels
    assert set(labels) == set(settings.BY_KEY)
    closed = {key for key, option in labels.items() if option.restrict_api}
    wanted = {one.key for one in settings.SETTINGS if one.private}
    assert closed == (set() if host.early else wanted)
    assert all(asked.setting(key) == settings.BY_KEY[key].default for key in labels)
    assert not host.errors


@pytest.mark.parametrize("args", [(), (False,), (False, {"outputs": ["mask"]}), ("off",), (None,)])
def test_a_panel_that_is_off_touches_nothing(host, finds, args):
    p, processed = host.generate(args)
    assert len(processed.images) == 2
    assert (finds.asked, p.extra_generation_params, host.saved) == (0, {}, [])
    assert not host.errors


def test_every_picture_is_worked_on_once_and_products_follow_the_pictures(host, finds):
    p, processed = host.generate(ON, batch=2, batches=2)
    assert finds.asked == 4
    assert [image.mode for image in processed.images[:4]] == ["RGB"] * 4
    assert len(processed.images) == len(processed.infotexts) == 4 + 4 * 2
    assert len(host.saved) == 8
    assert not host.errors
    assert "animeseg enabled" in p.extra_generation_params


def test_interrupt_leaves_pictures_as_they_are(host, finds):
    host.shared.state.interrupted = True
    _, processed = host.generate(ON)
    assert (finds.asked, len(processed.images)) == (0, 2)
    assert not host.errors


def _fails(*_, **__):
    raise RuntimeError("broken on purpose")


FAILURES = {
    "find": (generate, "find"),
    "read_request": (generate, "read_request"),
    "write": (generate, "write"),
    "deliver": (gallery, "deliver"),
    "save_image": (asked, "save_image"),
    "saves": (asked, "saves"),
    "infotext": (asked, "infotext"),
    "setting": (asked, "setting"),
    "stopping": (asked, "stopping"),
    "auto_mask": (generate.auto_mask, "apply"),
    "holding_queue": (asked, "holding_queue"),
    "image_index": (asked, "image_index"),
}


@pytest.mark.parametrize("where", FAILURES)
def test_a_failure_anywhere_never_costs_a_picture(host, finds, monkeypatch, capsys, where):
    monkeypatch.setattr(*FAILURES[where], _fails)
    _, processed = host.generate(ON)
    colours = [image.getpixel((0, 0)) for image in processed.images[:2]]
    assert colours == [(0, 120, 200), (10, 120, 200)]
    assert not host.errors, "hooks leave nothing for the host to report"


@pytest.mark.parametrize(
    "error",
    [
        MissingWeightsError("no weights", "get them"),
        MissingDependencyError("no ultralytics", "install it"),
        RuntimeError("CUDA error: device-side assert triggered"),
        MemoryError(),
        ZeroDivisionError(),
        RecursionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_pipeline_raises_is_told_and_costs_nothing(host, finds, capsys, error):
    finds.error = error
    _, processed = host.generate(ON)
    assert len(processed.images) == 2
    assert "[animeseg]" in processed.comments
    assert "[animeseg]" in capsys.readouterr().out
    assert not host.errors


@pytest.mark.parametrize(
    "args",
    [
        (True, None),
        (True, {"confidence": "high", "nonsense": [1]}),
        (True, {"outputs": "everything"}),
        ({"enabled": True, "outputs": 3},),
        (True, *[None] * 80),
        (True, object()),
    ],
)
def test_arguments_that_make_no_sense_cost_nothing(host, finds, args):
    _, processed = host.generate(args)
    assert len(processed.images) >= 2
    assert not host.errors


def test_extras_without_arguments_are_off(host, finds):
    image = Image.new("RGBA", (40, 30), (1, 2, 3, 4))
    names = host.steps[0].ui()
    pp = host.extras(host.picture(image), **dict.fromkeys(names))
    assert pp.image is image
    assert finds.asked == 0
    assert host.extras(host.picture(image)).image is image


def test_extras_give_the_cutout_and_keep_the_rest_as_further_pictures(host, finds):
    pp = host.extras(
        host.picture(Image.new("RGB", (96, 64), (9, 9, 9))),
        enabled=True,
        outputs=["cutout", "mask"],
    )
    assert pp.image.mode == "RGBA"
    assert len(getattr(pp, "extra_images", ())) == (0 if host.early else 1)


@pytest.mark.parametrize("where", ["find", "read_request", "_information"])
def test_extras_give_the_picture_back_whatever_fails(host, finds, monkeypatch, where):
    monkeypatch.setattr(extras, where, _fails)
    image = Image.new("RGB", (96, 64), (9, 9, 9))
    pp = host.extras(host.picture(image), enabled=True, outputs=["mask"])
    assert pp.image is image
    assert "animeseg failed" in pp.info


def test_a_missing_package_gives_a_panel_that_names_it_and_the_command(host, monkeypatch, capsys):
    from animeseg.webui.requirements import Requirement

    lacking = Requirement("nowhere-to-be-found", ">=1", "nowhere_to_be_found", "anything")
    monkeypatch.setattr(missing, "unsatisfied", lambda: (lacking,))
    missing.problems.cache_clear()
    host.load()
    assert "nowhere-to-be-found" in capsys.readouterr().out
    assert host.build()[0] == [[], []]
    assert host.steps[0].ui() == {}
    ((page, title, elem_id),) = host.call("ui_tabs")[0]
    assert (title, elem_id, type(page).__name__) == ("animeseg", "animeseg_tab", "Blocks")
    texts = [part.value for part in host.gradio.made if type(part).__name__ == "HTML"]
    assert len(texts) == 6 + 1 + 1
    assert all("nowhere-to-be-found" in text and "install.py" in text for text in texts)
    _, processed = host.generate(())
    assert len(processed.images) == 2
    assert not host.errors


def test_a_panel_that_cannot_be_built_says_so_and_the_host_starts(host, monkeypatch, capsys):
    monkeypatch.setattr(panel, "build", _fails)
    monkeypatch.setattr(extras, "ui", _fails)
    assert host.build()[0] == [[], []]
    assert host.steps[0].ui() == {}
    assert "broken on purpose" in capsys.readouterr().out
    assert not host.errors


def test_callbacks_that_fail_are_told_and_kept_from_the_host(host, monkeypatch, capsys):
    monkeypatch.setattr(entry, "page_or_message", _fails)
    monkeypatch.setattr(gallery, "keep_alpha", _fails)
    monkeypatch.setattr("animeseg.webui.xyz.add_axes", _fails)
    monkeypatch.setattr("animeseg.webui.api.hosted.register_in_host", _fails)
    for event, given in {
        "ui_tabs": (),
        "before_ui": (),
        "before_image_saved": (object(),),
        "app_started": (None, object()),
    }.items():
        assert host.call(event, *given) == [None]
    assert capsys.readouterr().out.count("broken on purpose") == 4
    assert not host.errors


def test_scripts_load_without_what_only_the_work_needs(repository, tmp_path):
    """A missing package leaves a panel that says so; an import at the top would leave nothing."""
    heavy = (
        "cv2", "torch", "torchvision", "ultralytics", "segment_anything", "pycocotools", "scipy",
        "safetensors", "huggingface_hub", "gradio", "fastapi",
    )  # fmt: skip
    program = f"""
import runpy, sys, types
sys.modules.update(dict.fromkeys({heavy!r}))
for name in ("modules", "modules.scripts", "modules.scripts_postprocessing"):
    sys.modules[name] = types.ModuleType(name)
host = sys.modules["modules"]
host.scripts, host.scripts_postprocessing = map(
    sys.modules.get, ("modules.scripts", "modules.scripts_postprocessing")
)
host.scripts.Script = host.scripts_postprocessing.ScriptPostprocessing = type("Base", (), {{}})
for path in sys.argv[1:]:
    runpy.run_path(path)
"""
    scripts = sorted(map(str, (repository / "scripts").glob("*.py")))
    done = subprocess.run(
        [sys.executable, "-c", program, *scripts],
        check=False,
        capture_output=True,
        text=True,
        cwd=repository,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_reloading_the_page_frees_the_models(host, monkeypatch):
    released = []
    monkeypatch.setattr(service, "existing", lambda: Released(released))
    host.call("script_unloaded")
    assert released == ["released"]


@pytest.mark.parametrize("broken", [False, True])
def test_models_that_wait_make_room_before_a_generation(host, monkeypatch, capsys, broken):
    settled = []

    class Waiting:
        def settle(self):
            settled.append(True)
            if broken:
                raise RuntimeError("broken on purpose")

    monkeypatch.setattr(service, "existing", Waiting)
    _, processed = host.generate((False,))
    assert (settled, len(processed.images)) == ([True], 2)
    assert not host.errors


class Released:
    def __init__(self, said):
        self.release = lambda: said.append("released")


def test_extras_can_be_switched_off(host):
    host.shared.opts.data["animeseg_extras"] = False
    host.load()
    assert [one.__name__ for one in host.classes] == ["AnimesegPanel"]
