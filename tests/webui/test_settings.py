"""Settings: declared once, checked whatever the host's file says, readable without a host."""

from __future__ import annotations

import pytest

from animeseg.webui import host
from animeseg.webui.host import settings as host_settings
from animeseg.webui.settings import BY_KEY, SETTINGS


@pytest.fixture(autouse=True)
def _no_overrides(monkeypatch):
    monkeypatch.setattr(host_settings, "_overrides", {})


def test_keys_and_labels_are_ours_and_told_apart():
    assert all(setting.key.startswith("animeseg_") for setting in SETTINGS)
    assert len(BY_KEY) == len(SETTINGS) == len({setting.label for setting in SETTINGS})
    assert all(setting.help.endswith(".") for setting in SETTINGS)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_a_default_is_one_of_the_values_accepted(setting):
    assert setting.checked(setting.default) == setting.default


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("animeseg_passes", 7, 7),
        ("animeseg_passes", 7.0, 7),
        ("animeseg_passes", 7.5, 2),
        ("animeseg_passes", float("nan"), 2),
        ("animeseg_passes", 99, 15),
        ("animeseg_passes", -1, 1),
        ("animeseg_passes", "many", 2),
        ("animeseg_passes", None, 2),
        ("animeseg_passes", True, 2),
        ("animeseg_memory", "unload after use", "unload after use"),
        ("animeseg_memory", "burn", "move to CPU"),
        ("animeseg_save", 0, True),
        ("animeseg_save", False, False),
        ("animeseg_model_dirs", ["a"], ""),
    ],
)
def test_a_value_that_cannot_be_is_the_default_or_the_nearest(key, value, expected):
    host.override(**{key: value})
    assert host.setting(key) == expected


def test_a_setting_that_is_not_declared_is_a_mistake():
    with pytest.raises(KeyError):
        host.setting("animeseg_nothing")
    with pytest.raises(KeyError):
        host.override(animeseg_nothing=1)
