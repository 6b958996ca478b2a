"""The service: where models run and stay, memory that runs out, interruption, many callers."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from animeseg import Instances, ModelInfo, Options
from animeseg.detect import Detection
from animeseg.detect.yolo import YoloDetector
from animeseg.errors import OutOfMemoryError
from animeseg.loading import ModelSource, _placed
from animeseg.masks import iou
from animeseg.refine._square import CELLS, SIDE
from animeseg.refine.sam import PROMPTS_AT_ONCE, Sam
from animeseg.watch import Watch
from animeseg.webui import host
from animeseg.webui.host import settings as host_settings
from animeseg.webui.models import HostModels
from animeseg.webui.service import Service, existing, host_watch, service

RUNGS = ["oom_cache", "oom_batches", "oom_host", "oom_cpu"]
INFO = ModelInfo("refiner", "stub", "0" * 64)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch):
    monkeypatch.setattr(host_settings, "_overrides", {})


class StubDetector:
    """Finds what is bright in one channel; says where it stands and who is inside."""

    names = ("character",)
    confidence = None

    def __init__(self, model, device):
        self.info = ModelInfo("detector", model, "0" * 64)
        self.channel = {"red": 0, "green": 1}[model]
        self.device, self.inside = device, 0

    def move(self, device):
        assert not self.inside, "moved while it was at work"
        self.device = device

    def detect(self, image, **_):
        self.inside += 1
        assert self.inside == 1, "two pictures in one network"
        mask = image[..., self.channel] > 128
        self.inside -= 1
        return Detection(Instances.from_masks(mask[None]))


class BoxNetwork:
    """A Segment Anything network that answers each box with itself."""

    stretch = False

    def __init__(self):
        self.encoder = torch.nn.Linear(1, 1)
        self.module = torch.nn.ModuleDict({"encoder": self.encoder})
        self.batches = []

    def encode(self, pixels):
        return (pixels.mean(dim=1, keepdim=True),)

    def decode(self, features, prompt):
        boxes = prompt.boxes * CELLS / SIDE
        self.batches.append(len(boxes))
        grid = torch.arange(CELLS) + 0.5
        across = (grid > boxes[:, :1]) & (grid < boxes[:, 2:3])
        down = (grid > boxes[:, 1:2]) & (grid < boxes[:, 3:])
        logits = torch.where(down[:, :, None] & across[:, None, :], 10.0, -10.0)
        return logits[:, None].expand(-1, 3, -1, -1), torch.ones(len(boxes), 3)


@pytest.fixture
def network():
    return BoxNetwork()


@pytest.fixture
def stubs(monkeypatch, network):
    """Models that load at once, on any device one can name."""

    def detector(self, options):
        key = ("detector", options.model, options.device)
        made = self._cache.get(key, lambda: StubDetector(options.model, options.device))
        return _placed(made, options.device)

    def sam(self, options):
        return self._cache.get("sam", lambda: Sam(network, INFO, torch.device("cpu")))

    # Collecting the garbage of a whole test run takes longer than all these models do.
    monkeypatch.setattr("animeseg.weights.cache._release", lambda: None)
    monkeypatch.setattr("animeseg.webui.ladder.gc.collect", lambda: 0)
    monkeypatch.setattr(ModelSource, "detector", detector)
    monkeypatch.setattr(ModelSource, "sam", sam)


def picture(red=(5, 5, 40, 50), green=(50, 10, 80, 40)):
    made = np.zeros((60, 96, 3), np.uint8)
    for channel, (left, top, right, bottom) in enumerate((red, green)):
        made[top:bottom, left:right, channel] = 255
    return made


RED = Options(model="red", refine="none")


# ---------------------------------------------------------------------- where models are
@pytest.mark.parametrize(
    ("policy", "expected"),
    [("keep on GPU", ["gpu"]), ("move to CPU", ["cpu"]), ("unload after use", [])],
)
def test_after_use_models_are_where_the_user_wants_them(stubs, monkeypatch, policy, expected):
    monkeypatch.setattr(HostModels, "device", lambda self, wanted: "gpu")
    host.override(animeseg_memory=policy)
    made = Service()
    made.segment(picture(), RED)
    assert [model.device for model in made.models._cache.loaded()] == expected
    assert len(made.segment(picture(), RED)) == 1


def test_a_session_keeps_models_in_place_until_its_end(stubs, monkeypatch):
    monkeypatch.setattr(HostModels, "device", lambda self, wanted: "gpu")
    made = Service()
    with made.session():
        made.segment(picture(), RED)
        with made.session():
            made.segment(picture(), RED)
        assert [model.device for model in made.models._cache.loaded()] == ["gpu"]
        made.settle()
        assert [model.device for model in made.models._cache.loaded()] == ["gpu"]
    assert [model.device for model in made.models._cache.loaded()] == ["cpu"]


@pytest.mark.parametrize(
    ("mode", "wanted", "allowed", "expected"),
    [
        ("normal", "auto", True, "gpu"),
        ("low", "auto", True, "cpu"),
        ("medium", "auto", True, "cpu"),
        ("low", "auto", False, "gpu"),
        ("low", "gpu", True, "gpu"),
    ],
)
def test_in_low_memory_modes_the_detector_runs_on_the_cpu(
    stubs, monkeypatch, mode, wanted, allowed, expected
):
    monkeypatch.setattr(HostModels, "device", lambda self, asked: "gpu")
    monkeypatch.setattr(host, "memory_mode", lambda: mode)
    host.override(animeseg_low_memory_cpu=allowed)
    assert HostModels().detector(RED.replace(device=wanted)).device == expected


def test_the_result_tells_the_options_that_were_given(stubs):
    options = RED.replace(precision="fp16")
    assert Service().segment(picture(), options).options == options


def test_a_model_waits_for_the_next_click_and_makes_room_for_pictures(stubs):
    made = Service()
    made.sam(RED)
    first = made._timer
    assert first is not None
    made.ask(RED, lambda sam: None)
    assert first.finished.is_set()
    made.segment(picture(), RED)
    assert made._timer is None
    made.sam(RED)
    made.release()
    assert made._timer is None
    assert made.models._cache.loaded() == []


def test_there_is_one_service(monkeypatch):
    monkeypatch.setattr("animeseg.webui.service._services", [])
    assert existing() is None
    assert service() is service() is existing()


# ---------------------------------------------------------------------- memory runs out
class Fault:
    """Makes a function run out of memory so many times."""

    def __init__(self, monkeypatch, owner, name):
        self.left, self.function = 0, getattr(owner, name)
        fault = self

        def faulty(*given, **more):
            if fault.left:
                fault.left -= 1
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
            return fault.function(*given, **more)

        monkeypatch.setattr(owner, name, faulty)


@pytest.fixture
def on_card(monkeypatch):
    """A machine that seems to have a graphics card; what its host was asked to free."""
    monkeypatch.setattr(HostModels, "on_cpu", property(lambda self: self._on_cpu))
    freed = []
    monkeypatch.setattr(host, "free_memory", lambda *_: freed.append(True))
    return freed


@pytest.mark.slow
@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_segment_anything_without_memory_costs_time_and_not_the_mask(
    stubs, on_card, monkeypatch, network, part, capsys
):
    fault = Fault(monkeypatch, network, {"encoder": "encode", "decoder": "decode"}[part])
    made = Service()
    # With the models go embeddings, which would spare the encoder.
    _climbs(made, made.release, fault, picture(), Options(model="red", refine="prompt"))
    assert len(on_card) == 3, "the host is asked on its rung and below, and only there"


@pytest.mark.slow
def test_a_detector_without_memory_costs_time_and_not_the_mask(
    on_card, monkeypatch, repository, capsys
):
    fault = Fault(monkeypatch, YoloDetector, "_forward")
    monkeypatch.setattr("animeseg.webui.ladder.gc.collect", lambda: 0)
    image = np.asarray(Image.open(repository / "docs" / "pictures" / "demo.jpg").reduce(4))
    options = Options(refine="none", image_size=160)
    _climbs(Service(), lambda: None, fault, image, options)


def _climbs(made, forget, fault, image, options):
    expected = made.segment(image, options)
    assert len(expected)
    for failures in (1, 2, 3, 4):
        forget()
        fault.left = failures
        result = made.segment(image, options)
        assert [note.code for note in result.notes if note.code in RUNGS] == RUNGS[:failures]
        for mask, other in zip(result.instances.masks, expected.instances.masks, strict=True):
            assert iou(mask, other) >= 0.99
    forget()
    fault.left = 99
    with pytest.raises(OutOfMemoryError):
        made.segment(image, options)
    fault.left = 0
    assert not [note for note in made.segment(image, options).notes if note.code in RUNGS]


def test_less_is_asked_at_once_only_while_memory_is_short(stubs, network, monkeypatch):
    fault = Fault(monkeypatch, network, "decode")
    boxes = np.tile(np.float32([0, 0, 9, 9]), (9, 1))

    def question(sam):
        return sam.decode(sam.embed(picture()), boxes=boxes)

    made = Service()
    fault.left = 2
    _, notes = made.ask(RED, question)
    assert [note.code for note in notes] == RUNGS[:2]
    assert network.batches == [4, 4, 1]
    assert made.sam(RED).prompts_at_once == PROMPTS_AT_ONCE


def test_on_the_cpu_there_is_no_card_to_free(stubs, monkeypatch, network):
    fault = Fault(monkeypatch, network, "encode")
    fault.left = 99
    asked = []
    monkeypatch.setattr(host, "free_memory", lambda *_: asked.append(True))
    with pytest.raises(OutOfMemoryError):
        Service().ask(RED.replace(device="cpu"), lambda sam: sam.embed(picture()))
    assert asked == ([True] if torch.cuda.is_available() else [])


# ---------------------------------------------------------------------- interruption
def test_interrupt_and_skip_of_the_host_are_obeyed(stubs, monkeypatch):
    options = Options(model="red", refine="edge")
    for asked in ("stopping", "skipping"):
        monkeypatch.setattr(host, asked, lambda: True)
        result = Service().segment(picture(), options)
        assert [note.code for note in result.notes] == ["interrupted"]
        assert iou(result.instances.masks[0], picture()[..., 0] > 0) == 1
        monkeypatch.setattr(host, asked, lambda: False)
    assert not host_watch().stops()


def test_a_watch_of_one_s_own_is_used_instead(stubs, monkeypatch):
    monkeypatch.setattr(host, "stopping", lambda: True)
    result = Service().segment(picture(), RED.replace(refine="edge"), watch=Watch())
    assert not [note for note in result.notes if note.code == "interrupted"]


# ---------------------------------------------------------------------- many callers
def _rounds(count, lock):
    """Eight callers at once, switching models and policies, some inside the host's queue."""
    made = Service()
    expected = {model: Service().segment(picture(), Options(model=model, refine="none"))
                for model in ("red", "green")}  # fmt: skip
    wrong = []

    def caller(seed):
        chance = random.Random(seed)
        model = chance.choice(["red", "green"])
        options = Options(model=model, refine="none")
        host.override(animeseg_memory=chance.choice(["keep on GPU", "unload after use"]))
        with lock if chance.random() < 0.5 else threading.Lock():
            action = chance.random()
            if action < 0.1:
                made.settle()
            elif action < 0.2:
                made.release()
            elif action < 0.3:
                made.ask(options, lambda sam: sam.upscale)
            result = made.segment(picture(), options)
        found = result.instances.masks[0]
        if not np.array_equal(found, expected[model].instances.masks[0]):
            wrong.append(seed)

    for number in range(count):
        threads = [
            threading.Thread(target=caller, args=(8 * number + n,), daemon=True) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive(), f"round {number} does not end"
    assert wrong == []


def test_eight_callers_get_the_answers_of_one(stubs):
    _rounds(10, threading.Lock())


@pytest.mark.slow
def test_a_thousand_rounds_of_eight_callers_end_and_agree(stubs):
    _rounds(1000, threading.Lock())


def test_half_precision_is_no_mistake_where_we_choose_the_cpu(monkeypatch):
    seen = []
    monkeypatch.setattr(ModelSource, "detector", lambda self, options: seen.append(options))
    monkeypatch.setattr(host, "memory_mode", lambda: "low")
    models = HostModels()
    models.detector(Options(precision="fp16"))
    models.detector(Options(precision="fp16", device="cpu"))
    models.spare(on_cpu=True)
    models.detector(Options(precision="fp16", device="cpu"))
    assert [(one.device, one.precision) for one in seen] == [
        ("cpu", "fp32"),
        ("cpu", "fp16"),
        ("cpu", "fp32"),
    ]
