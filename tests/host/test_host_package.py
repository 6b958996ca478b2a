"""What we ask of a host, answered by the stand-ins of three hosts, and by none."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from host_standin import Host
from PIL import Image
from signatures import A1111, FORGE, HOSTS

from animeseg.webui import host as asked
from animeseg.webui.host import settings as host_settings


@pytest.fixture(autouse=True)
def _no_overrides(monkeypatch):
    monkeypatch.setattr(host_settings, "_overrides", {})


@pytest.fixture(params=HOSTS)
def host(request, monkeypatch, tmp_path):
    return Host(request.param, monkeypatch, tmp_path)


@pytest.fixture
def nobody(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "modules"]:
        monkeypatch.delitem(sys.modules, name)


# ---------------------------------------------------------------------- no host
def test_without_a_host_everything_has_an_answer(nobody):
    assert asked.family() is asked.Family.NONE
    assert (asked.present(), asked.host_version()) == (False, "")
    assert (asked.stopping(), asked.skipping()) == (False, False)
    assert (asked.device(), asked.memory_mode()) == ("auto", "normal")
    assert (asked.model_dirs(), asked.models_path()) == ((), None)
    assert asked.cmd_option("api") is None
    assert not asked.free_memory()
    assert not asked.on("ui_tabs", list)
    assert not asked.register_paste(None, "img2img", None)
    assert asked.infotext(None, 0) == ""
    assert asked.save_image(Image.new("L", (8, 8)), None, index=0, suffix="") is None
    assert asked.file_path(None, index=0, suffix="", extension="ora") is None
    with asked.queue(), asked.job("ours"):
        asked.show_progress("text")
        asked.add_jobs(3)


def test_a_package_that_happens_to_be_called_modules_is_no_host(nobody, monkeypatch, tmp_path):
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "__init__.py").write_text("raise SystemExit('run by mistake')")
    monkeypatch.syspath_prepend(tmp_path)
    assert asked.family() is asked.Family.NONE


# ---------------------------------------------------------------------- which host
@pytest.mark.parametrize(
    ("version", "patched", "family"),
    [
        ("f2.0.1v1.10.1-previous-669", False, asked.Family.FORGE),
        ("2.0.0dev-v1.10.1RC", True, asked.Family.REFORGE),
        ("classic", False, asked.Family.CLASSIC),
        ("neo", False, asked.Family.NEO),
    ],
)
def test_the_members_of_the_forge_family_are_told_apart(
    monkeypatch, tmp_path, version, patched, family
):
    Host(FORGE, monkeypatch, tmp_path)
    sys.modules["modules_forge.forge_version"].version = version
    if patched:
        monkeypatch.setitem(sys.modules, "ldm_patched", SimpleNamespace(__path__=[]))
        monkeypatch.setitem(sys.modules, "ldm_patched.modules", SimpleNamespace())
    assert asked.family() is family
    assert asked.host_version().startswith(version)


# ---------------------------------------------------------------------- state
def test_interrupt_stop_and_skip_are_seen(host):
    state = host.shared.state
    assert not asked.stopping()
    state.interrupted = True
    assert asked.stopping()
    state.interrupted, state.skipped = False, True
    assert (asked.stopping(), asked.skipping()) == (False, True)
    state.stopping_generation = True
    assert asked.stopping()


def test_a_job_of_ours_begins_and_ends_whatever_happens(host):
    state = host.shared.state
    seen = []

    def work():
        with asked.job("ours"):
            seen.append((state.job, state.textinfo))
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    assert (seen, state.job) == ([("ours", "ours")], "")


def test_inside_a_job_of_the_host_only_the_text_changes(host):
    state = host.shared.state
    state.begin(job="task(1)")
    with asked.job("ours"):
        assert (state.job, state.textinfo) == ("task(1)", "ours")
    assert state.job == "task(1)"


def test_jobs_are_added_once_the_host_counts(host):
    state = host.shared.state
    state.job_count = -1
    asked.add_jobs(3)
    assert state.job_count == -1
    state.job_count = 2
    asked.add_jobs(3)
    assert state.job_count == 5


def test_the_queue_is_taken_once_a_thread(host):
    lock = host.call_queue.queue_lock
    with asked.queue():
        assert lock.locked()
        with asked.queue():
            assert lock.locked()
        assert lock.locked()
    assert not lock.locked()


def test_in_a_hook_the_queue_is_the_host_s_already(host):
    lock = host.call_queue.queue_lock
    with lock, asked.holding_queue(), asked.queue():
        assert lock.locked()


def test_the_queue_lets_one_thread_in_at_a_time(host):
    inside, most = [], []

    def work():
        for _ in range(50):
            with asked.queue():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert set(most) == {1}


# ---------------------------------------------------------------------- machine
@pytest.mark.parametrize(
    ("use_cpu", "setting", "expected"),
    [
        ([], "auto", "cuda:0"),
        (["animeseg"], "auto", "cpu"),
        (["All"], "auto", "cpu"),
        (["interrogate"], "auto", "cuda:0"),
        (["all"], "cuda:1", "cuda:1"),
    ],
)
def test_the_device_is_the_host_s_unless_the_user_says_otherwise(host, use_cpu, setting, expected):
    host.devices.get_device_for = lambda task: "cuda:0"
    host.shared.cmd_opts.use_cpu = use_cpu
    host.shared.opts.data["animeseg_device"] = setting
    assert asked.device() == expected


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("lowvram", "low"), ("always_low_vram", "low"), ("always_no_vram", "low"),
        ("medvram", "medium"), ("medvram_sdxl", "medium"), ("xformers", "normal"),
    ],
)  # fmt: skip
def test_memory_flags_are_understood(host, flag, expected):
    assert asked.memory_mode() == "normal"
    setattr(host.shared.cmd_opts, flag, True)
    assert asked.memory_mode() == expected


def test_forge_decides_for_itself_that_memory_is_low(monkeypatch, tmp_path):
    Host(FORGE, monkeypatch, tmp_path)
    sys.modules["backend.memory_management"].vram_state.name = "LOW_VRAM"
    assert asked.memory_mode() == "low"


def test_forge_is_asked_for_room_and_a1111_for_its_caches_only(host):
    collected = []
    host.devices.torch_gc = lambda: collected.append(True)
    assert asked.free_memory(123) is host.forge
    assert host.freed == ([123] if host.forge else [])
    assert collected == [True]


def test_folders_come_from_the_flag_the_settings_and_the_host(host):
    host.shared.cmd_opts.animeseg_models_path = "first|second"
    host.shared.opts.data["animeseg_model_dirs"] = " third | "
    base = host.out / "models"
    expected = [Path("first"), Path("second"), Path("third"), base / "animeseg", base]
    assert list(asked.model_dirs()) == expected


# ---------------------------------------------------------------------- saving
def test_pictures_are_saved_by_the_host_with_the_seed_of_their_number(host):
    p = host.job(2, 2, ())
    p.iteration, p.batch_index = 1, 1
    index = asked.image_index(p)
    host.shared.opts.data["samples_format"] = "jpg"
    path = asked.save_image(Image.new("RGB", (8, 8)), p, index=index, suffix="-x")
    assert (index, path.name) == (3, "3-x.jpg")


@pytest.mark.parametrize("mode", ["RGBA", "L", "LA"])
@pytest.mark.parametrize("kept", ["jpg", "webp", "avif"])
def test_what_has_alpha_or_one_channel_is_a_png(host, mode, kept):
    host.shared.opts.data["samples_format"] = kept
    p = host.job(1, 1, ())
    path = asked.save_image(Image.new(mode, (8, 8)), p, index=0, suffix="-mask")
    assert path.suffix == ".png"


@pytest.mark.parametrize("folder", ["masks", "", " a/b "])
def test_a_folder_of_one_s_own_lies_in_the_host_s(host, folder):
    host.shared.opts.data["animeseg_save_folder"] = folder
    path = asked.file_path(host.job(1, 1, ()), index=0, suffix="-layers", extension="ora")
    assert path.parent == (host.out / folder.strip()).resolve()
    assert path.parent.is_dir()
    assert path.name.endswith("-layers.ora")


@pytest.mark.parametrize("folder", ["..", "../other", "/etc", "a/../../b"])
def test_a_folder_never_leads_out_of_the_host_s(host, folder):
    host.shared.opts.data["animeseg_save_folder"] = folder
    path = asked.file_path(host.job(1, 1, ()), index=0, suffix="", extension="ora")
    assert path.parent == host.out


def test_a_file_that_is_there_is_never_replaced(host):
    p = host.job(1, 1, ())
    first = asked.file_path(p, index=0, suffix="-layers", extension="ora")
    first.write_bytes(b"")
    second = asked.file_path(p, index=0, suffix="-layers", extension="ora")
    assert second != first


@pytest.mark.parametrize(
    ("of_host", "of_job", "ours", "expected"),
    [
        (True, False, True, True),
        (False, False, True, False),
        (True, True, True, False),
        (True, False, False, False),
    ],
)
def test_nothing_is_saved_that_host_job_or_user_do_not_want(host, of_host, of_job, ours, expected):
    host.shared.opts.data |= {"samples_save": of_host, "animeseg_save": ours}
    assert asked.saves(SimpleNamespace(do_not_save_samples=of_job)) is expected


# ---------------------------------------------------------------------- page
def test_components_are_the_host_s_own(host):
    assert asked.ui().InputAccordion is host.ui_components.InputAccordion
    assert asked.ui().ToolButton is host.ui_components.ToolButton


def test_without_a_host_the_stand_ins_are_called_alike(nobody, monkeypatch):
    from gradio_standin import Gradio

    gradio = Gradio("4.40.0")
    monkeypatch.setitem(sys.modules, "gradio", gradio)
    parts = asked.ui()
    with parts.InputAccordion(False, label="title", elem_id="an_id") as accordion:
        pass
    assert (accordion.value, accordion.elem_id) == (False, "an_id")
    with parts.FormRow():
        button = parts.ToolButton("x", elem_id="a_button", tooltip="what it does")
    assert button.elem_id == "a_button"
    refresh = parts.create_refresh_button(button, lambda: None, {"choices": []}, "an_id")
    assert refresh.events[0][0] == "click"


def test_pictures_can_be_sent_where_the_host_takes_them(host):
    got = []
    pasting = host.generation_parameters_copypaste
    pasting.register_paste_params_button = got.append
    assert asked.register_paste("button", "inpaint", "gallery", field_names=("Seed",))
    assert vars(got[0]) == {
        "paste_button": "button",
        "tabname": "inpaint",
        "source_image_component": "gallery",
        "source_text_component": None,
        "paste_field_names": ["Seed"],
    }


def test_an_event_the_host_does_not_know_is_left_out(monkeypatch, tmp_path):
    Host(A1111, monkeypatch, tmp_path)
    assert not asked.on("never_heard_of", list)
