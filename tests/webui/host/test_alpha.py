"""What a host that hides infotext in pixels did to pictures with alpha, it does no more."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
from PIL import Image

from animeseg.webui import host


@pytest.fixture
def stealth(monkeypatch):
    """Forge's module as it behaves: the whole alpha channel is made opaque, masks fail."""
    module = ModuleType("modules.stealth_infotext")

    def add_stealth_pnginfo(params):
        params.image.putalpha(255)
        _red, _green, _blue, _alpha = params.image.load()[0, 0]

    module.add_stealth_pnginfo = add_stealth_pnginfo
    for name in ("modules", "modules.scripts", "modules.shared"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "modules.stealth_infotext", module)
    return module


def test_a_cut_out_keeps_its_alpha_and_a_mask_is_saved(stealth):
    assert host.keep_alpha()
    cutout, mask = Image.new("RGBA", (4, 4), (9, 8, 7, 0)), Image.new("L", (4, 4))
    for image in (cutout, mask):
        stealth.add_stealth_pnginfo(SimpleNamespace(image=image))
    assert cutout.getextrema()[3] == (0, 0)
    assert mask.mode == "L"


def test_plain_pictures_are_treated_as_the_host_treats_them(stealth):
    host.keep_alpha()
    picture = Image.new("RGB", (4, 4))
    stealth.add_stealth_pnginfo(SimpleNamespace(image=picture))
    assert picture.mode == "RGBA"


def test_doing_it_twice_is_doing_it_once(stealth):
    host.keep_alpha()
    first = stealth.add_stealth_pnginfo
    host.keep_alpha()
    assert stealth.add_stealth_pnginfo is first


def test_hosts_without_the_feature_are_left_alone():
    assert not host.keep_alpha()
