from __future__ import annotations

import pytest

import animeseg.webui.app as served
from animeseg.cli import main, parser
from animeseg.errors import MissingDependencyError
from animeseg.webui import host
from animeseg.webui.host import settings


@pytest.fixture(autouse=True)
def _settings_as_before(monkeypatch):
    monkeypatch.setattr(settings, "_overrides", {})


@pytest.fixture
def asked(monkeypatch):
    """What the server was asked to do."""
    said = {}

    def serve(address, port, *, ready, **more):
        said.update(address=address, port=port, **more)
        ready("http://127.0.0.1:7870/")

    monkeypatch.setattr(served, "serve", serve)
    return said


def test_the_page_is_for_this_machine_alone_unless_told_otherwise(asked, capsys):
    assert main(["app"]) == 0
    assert asked == {"address": "127.0.0.1", "port": None, "api": False, "api_auth": None}
    assert capsys.readouterr().out == "http://127.0.0.1:7870/\n"
    assert host.setting("animeseg_download") is False


def test_flags_reach_the_server_and_the_settings(asked, tmp_path):
    folders = [str(tmp_path / name) for name in ("a", "b")]
    flags = [flag for folder in folders for flag in ("--model-dir", folder)]
    assert main(["app", "--port", "7999", "--api", "--api-auth", "me:x", "--download", *flags]) == 0
    assert asked["port"] == 7999
    assert asked["api"] is True
    assert asked["api_auth"] == "me:x"
    assert host.setting("animeseg_download") is True
    assert host.setting("animeseg_model_dirs") == "|".join(folders)


def test_a_missing_gradio_is_said_with_its_cure(monkeypatch, capsys):
    def serve(*_, **__):
        raise MissingDependencyError("the page needs gradio", "run: pip install 'animeseg[app]'")

    monkeypatch.setattr(served, "serve", serve)
    assert main(["app"]) == 1
    assert "pip install 'animeseg[app]'" in capsys.readouterr().err


def test_there_is_no_way_to_share_the_page_through_others(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["app", "--share"])
    assert "--share" in capsys.readouterr().err
