from __future__ import annotations

import errno
import shutil
import socket
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from animeseg.errors import (
    BadWeightsError,
    DiskFullError,
    DownloadError,
    MissingDependencyError,
    MissingWeightsError,
    OfflineError,
    OutputError,
)
from animeseg.limits import read_environment
from animeseg.weights import hub as client
from animeseg.weights.catalog import Variant, find
from animeseg.weights.hashes import remembered_hash
from animeseg.weights.partial import Partial
from animeseg.weights.resolve import resolve


def files_of(environment):
    folder = environment.home / "models"
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_download_gives_the_verified_file_under_its_final_name(hub, record, environment):
    path, sha256 = client.download(record, environment)
    assert path == environment.home / "models" / "model.pt"
    assert path.read_bytes() == hub.content
    assert sha256 == hub.sha256 == remembered_hash(path, environment.home)
    assert files_of(environment) == ["model.pt"]
    assert hub.requests[0][0] == "/some/where/resolve/main/checkpoints/model.pt"


def test_progress_ends_at_the_size_of_the_file(hub, record, environment):
    told = []
    client.download(record, environment, progress=lambda done, total: told.append((done, total)))
    size = len(hub.content)
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_file_that_is_here_is_not_fetched_again(hub, record, environment):
    client.download(record, environment)
    client.download(record, environment)
    assert hub.served == len(hub.content)


def test_a_cut_is_mended_in_the_same_run_without_fetching_anything_twice(hub, record, environment):
    half = len(hub.content) // 2
    hub.fail(cut=half)
    path, _ = client.download(record, environment)
    assert path.read_bytes() == hub.content
    assert hub.served == len(hub.content)
    assert hub.asked("/cdn/")[-1]["range"] == f"bytes={half}-"


def test_a_download_cut_at_half_goes_on_in_a_later_run(hub, record, environment, unfinished):
    half = len(hub.content) // 2
    hub.fail(cut=half)
    hub.fail(times=2, status=503)
    with pytest.raises(DownloadError, match=r"run it again to go on after 1\.0 MB"):
        client.download(record, environment)
    assert files_of(environment) == [unfinished.name]
    assert unfinished.stat().st_size == half
    hub.requests.clear()
    path, _ = client.download(record, environment)
    assert path.read_bytes() == hub.content
    assert hub.served == len(hub.content)
    assert hub.asked("/cdn/")[0]["range"] == f"bytes={half}-"


def test_a_server_that_ignores_ranges_still_gives_the_right_file(
    hub, record, environment, unfinished
):
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(hub.content[:1000])
    hub.fail(ignore_range=True)
    path, _ = client.download(record, environment)
    assert path.read_bytes() == hub.content


def test_a_left_over_that_is_too_long_is_fetched_anew(hub, record, environment, unfinished):
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(hub.content + b"more")
    hub.fail(status=416)
    path, _ = client.download(record, environment)
    assert path.read_bytes() == hub.content


def test_left_over_bytes_that_are_wrong_cost_one_run(hub, record, environment, unfinished):
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"x" * 1000)
    with pytest.raises(DownloadError, match="it was deleted"):
        client.download(record, environment)
    assert files_of(environment) == []
    path, _ = client.download(record, environment)
    assert path.read_bytes() == hub.content


def test_content_with_another_hash_is_deleted(hub, record, environment):
    hub.content = hub.content[:-1] + b"!"
    with pytest.raises(DownloadError, match=r"sha256 [0-9a-f]{64}; it was deleted"):
        client.download(record, environment)
    assert files_of(environment) == []


def test_a_file_that_the_hub_itself_calls_another_is_not_transferred(hub, record, environment):
    hub.etag = "f" * 64
    hub.fail(pause=0.02)
    with pytest.raises(DownloadError, match=r"the Hub now has a file with the sha256 f{64}"):
        client.download(record, environment)
    assert hub.served < len(hub.content)


def test_a_file_of_another_size_is_not_transferred(hub, record, environment):
    hub.content += b"longer"
    hub.fail(pause=0.02)
    with pytest.raises(DownloadError, match=f"the file there has {len(hub.content)} bytes"):
        client.download(record, environment)
    assert hub.served < len(hub.content)


@pytest.mark.parametrize(
    ("status", "headers", "times", "words"),
    [
        (401, {}, 1, "set HF_TOKEN"),
        (403, {}, 1, "accept the model's licence"),
        (404, {}, 1, "answers 404"),
        (429, {"Retry-After": "3600"}, 1, "try again in 3600 seconds"),
        (429, {}, 1, "too many requests"),
        (500, {}, 2, "answers 500"),
        (503, {}, 2, "try again later"),
    ],
)
def test_a_refusal_says_why_and_how_to_fetch_by_hand(
    hub, record, environment, status, headers, times, words
):
    hub.fail(times=times, status=status, headers=headers)
    with pytest.raises(DownloadError) as caught:
        client.download(record, environment)
    text = str(caught.value)
    assert words in text
    assert record.url(environment.endpoint) in text
    assert str(environment.home / "models") in text
    assert hub.sha256 in text
    assert "\n" not in text
    assert len(hub.requests) == times


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 429, "headers": {"Retry-After": "0"}}]
)
def test_one_passing_failure_is_overcome(hub, record, environment, fault):
    hub.fail(**fault)
    path, _ = client.download(record, environment)
    assert path.read_bytes() == hub.content


def test_a_web_page_in_place_of_the_file_is_recognised(hub, record, environment):
    hub.fail(html=True)
    with pytest.raises(DownloadError, match="a web page came in place of the file; log in"):
        client.download(record, environment)
    assert files_of(environment) == []


def test_no_server_at_all_is_said_in_one_message(hub, record, environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DownloadError, match="check the connection, or set HF_ENDPOINT"):
            client.download(record, replace(environment, endpoint=nobody))


def test_a_name_that_does_not_resolve_is_said_in_one_message(hub, record, environment, monkeypatch):
    def lookup(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(DownloadError, match=r"could not be fetched from hub\.invalid"):
        client.download(record, replace(environment, endpoint="http://hub.invalid"))


def test_no_room_is_noticed_before_the_transfer(hub, record, environment, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    hub.fail(pause=0.02)
    with pytest.raises(DiskFullError, match=r"2\.1 MB are needed; free some space"):
        client.download(record, environment)
    assert hub.served < len(hub.content)
    assert files_of(environment) == []


def test_a_disk_that_fills_up_is_left_as_it_was(hub, record, environment, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file = file

        def write(self, chunk):
            raise OSError(errno.ENOSPC, "No space left on device")

        def __getattr__(self, name):
            return getattr(self.file, name)

    opened = Partial.__init__

    def init(self, *args, **kwargs):
        opened(self, *args, **kwargs)
        self._file = Full(self._file)

    monkeypatch.setattr(Partial, "__init__", init)
    with pytest.raises(DiskFullError, match="the disk is full"):
        client.download(record, environment)
    assert files_of(environment) == []
    monkeypatch.setattr(Partial, "__init__", opened)
    assert client.download(record, environment)[0].read_bytes() == hub.content


def test_a_folder_that_cannot_be_written_is_named(hub, record, environment):
    environment.home.mkdir(exist_ok=True)
    (environment.home / "models").write_bytes(b"a file in its place")
    with pytest.raises(OutputError, match="set ANIMESEG_HOME"):
        client.download(record, environment)
    assert hub.requests == []


@pytest.mark.parametrize("flag", ["ANIMESEG_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_flags_forbid_the_download(hub, record, monkeypatch, flag):
    monkeypatch.setenv(flag, "1")
    with pytest.raises(OfflineError, match="unset ANIMESEG_OFFLINE"):
        client.download(record, read_environment())
    assert hub.requests == []


def test_what_the_progress_raises_stops_the_download_which_can_go_on(
    hub, record, environment, unfinished
):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.download(record, environment, progress=stop)
    assert 0 < unfinished.stat().st_size <= len(hub.content)
    before = unfinished.stat().st_size
    client.download(record, environment)
    assert hub.asked("/cdn/")[-1].get("range") in (f"bytes={before}-", None)


def test_an_unpinned_file_needs_consent_and_is_held_against_the_hubs_own_hash(
    hub, record, environment
):
    unpinned = replace(record, variants=())
    with pytest.raises(BadWeightsError, match="accept an unknown hash"):
        client.download(unpinned, environment)
    assert hub.requests == []
    hub.content = hub.content[:-1] + b"!"
    with pytest.raises(DownloadError, match="it was deleted"):
        client.download(unpinned, environment, accept_unknown=True)
    hub.etag = None
    path, _ = client.download(unpinned, environment, accept_unknown=True)
    assert path.read_bytes() == hub.content


def test_an_older_known_version_is_accepted(hub, record, environment):
    newer = Variant("0" * 64, len(hub.content))
    client.download(replace(record, variants=(newer, *record.variants)), environment)
    assert files_of(environment) == ["model.pt"]


def test_the_token_goes_to_the_hub_and_not_to_where_it_redirects(hub, record, environment):
    client.download(record, replace(environment, token="secret"))
    assert hub.asked("/resolve/")[0]["authorization"] == "Bearer secret"
    assert "authorization" not in hub.asked("/cdn/")[0]


def test_the_token_is_never_sent_in_clear_to_another_machine(environment, record):
    from animeseg.weights.transfer import Transfer

    for endpoint, sent in (("http://mirror.example", False), ("https://mirror.example", True)):
        env = replace(environment, token="secret", endpoint=endpoint)
        headers = Transfer(record, env, None, client._get)._headers(0)
        assert ("Authorization" in headers) is sent


def test_two_processes_at_once_make_one_transfer_and_one_valid_file(
    hub, record, environment, start_download
):
    hub.fail(pause=0.05)
    children = [start_download(), start_download()]
    for child in children:
        output, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors
        assert hub.sha256 in output
    assert (environment.home / "models" / "model.pt").read_bytes() == hub.content
    assert hub.served == len(hub.content)


def test_a_process_killed_at_half_leaves_no_half_file_and_the_next_goes_on(
    hub, record, environment, start_download, unfinished
):
    hub.fail(pause=0.1)
    child = start_download()
    while not (unfinished.is_file() and unfinished.stat().st_size >= 2**20):
        assert child.poll() is None, child.communicate()[1]
        time.sleep(0.01)
    child.kill()
    child.wait()
    assert files_of(environment) == [unfinished.name]
    half = unfinished.stat().st_size
    assert half < len(hub.content)
    again = start_download()
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert files_of(environment) == ["model.pt"]
    assert (environment.home / "models" / "model.pt").read_bytes() == hub.content
    assert hub.asked("/cdn/")[-1]["range"] == f"bytes={half}-"


def test_no_socket_is_opened_without_consent(monkeypatch, environment, hub):
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(MissingWeightsError, match="animeseg weights fetch mobile-sam"):
        resolve("mobile-sam", kind="sam", environment=environment)
    assert hub.requests == []


def test_a_missing_model_is_fetched_when_that_was_asked_for(hub, listed, environment):
    found = resolve(listed.name, kind="sam", download=True, environment=environment)
    assert found.source == "download"
    assert found.path.read_bytes() == hub.content
    again = resolve(listed.name, kind="sam", environment=environment)
    assert (again.source, again.path) == ("folder", found.path)


def test_a_wrong_file_of_the_same_name_does_not_stand_in_the_way_of_a_download(
    hub, listed, environment, tmp_path
):
    (tmp_path / "model.pt").write_bytes(b"something else")
    with pytest.raises(BadWeightsError, match="expected 2097152 bytes, found 14 bytes"):
        resolve(listed.name, kind="sam", environment=environment, model_dirs=[tmp_path])
    found = resolve(
        listed.name, kind="sam", environment=environment, model_dirs=[tmp_path], download=True
    )
    assert found.path.read_bytes() == hub.content
    assert (tmp_path / "model.pt").read_bytes() == b"something else"


def test_without_the_hubs_client_what_is_here_still_works(record, environment, monkeypatch):
    for name in ("huggingface_hub", "huggingface_hub.utils"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingWeightsError):
        resolve("mobile-sam", kind="sam", environment=environment)
    with pytest.raises(MissingDependencyError, match="pip install huggingface-hub"):
        client.download(record, environment)


def test_the_cache_of_the_hubs_client_is_used(tmp_path, monkeypatch, environment):
    record = find("mobile-sam")
    folder = tmp_path / "models--dhkim2810--MobileSAM"
    snapshot = folder / "snapshots" / ("a" * 40) / record.file
    snapshot.parent.mkdir(parents=True)
    snapshot.write_bytes(b"content")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("a" * 40)
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert client.cached(record) == snapshot
