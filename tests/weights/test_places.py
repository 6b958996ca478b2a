from __future__ import annotations

from pathlib import Path

import pytest

from animeseg.weights.places import folders_below, inside, is_plain_name


@pytest.mark.parametrize(
    "name",
    [
        "model.pt",
        "a",
        "ver3 - 简单+增强.pt",
        "Anzhc Face seg 640 v3 y11n.pt",
        "console.pt",
        "x.y.z",
    ],
)
def test_names_of_files_are_plain(name):
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "~root",
        "../../etc/passwd",
        "a/b",
        "a\\b",
        "/etc/passwd",
        "C:x",
        "C:\\x",
        "\\\\server\\share\\x",
        "//server/share/x",
        "x.pt:stream",
        "a\0b",
        "a\nb",
        "model.pt.",
        "model.pt ",
        "CON",
        "con.pt",
        "NUL",
        "aux.tar.gz",
        "COM1",
        "lpt9.pt",
        "COM¹",
        "CON .pt",
        "a*b",
        "a?b",
        '"a"',
        "a|b",
        "<a>",
        "x" * 201,
    ],
)
def test_anything_that_could_leave_a_folder_is_not(name):
    assert not is_plain_name(name)


def test_a_root_may_be_the_webui_its_models_or_the_folder_itself():
    found = list(folders_below(Path("root"), ["models/sam", "extensions/x"]))
    assert found == [
        Path("root"),
        Path("root/models/sam"),
        Path("root/sam"),
        Path("root/extensions/x"),
    ]


def test_links_are_followed_before_a_file_counts_as_inside(tmp_path):
    folder, outside = tmp_path / "models", tmp_path / "models-private"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret.pt").write_bytes(b"x")
    (folder / "own.pt").write_bytes(b"x")
    (folder / "link.pt").symlink_to(outside / "secret.pt")
    assert inside(folder / "own.pt", folder)
    assert not inside(folder / "link.pt", folder)
    assert not inside(outside / "secret.pt", folder)
    assert not inside(folder / ".." / "models-private" / "secret.pt", folder)
