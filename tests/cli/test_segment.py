from __future__ import annotations

import errno
import gc
import io
import json
import logging
import os
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animeseg.batch.ledger import LEDGER_NAME
from animeseg.files import PARTIAL_SUFFIX


def loaded(path):
    with Image.open(path) as image:
        image.load()
        return image


def files_in(directory):
    return sorted(
        path.relative_to(directory).as_posix()
        for path in Path(directory).rglob("*")
        if path.is_file() and path.name != LEDGER_NAME
    )


def test_a_picture_gives_a_cutout_a_mask_and_a_record(animeseg, picture):
    picture(Path("girl.png"))
    run = animeseg("segment", "girl.png")
    assert run.code == 0
    assert files_in("animeseg-out") == ["girl.cutout.png", "girl.json", "girl.mask.png"]
    assert sorted(run.lines) == sorted(
        str(Path("animeseg-out") / name) for name in files_in("animeseg-out")
    )
    assert "1 picture: 1 done; 1 character found" in run.err
    assert loaded("animeseg-out/girl.cutout.png").mode == "RGBA"
    assert loaded("animeseg-out/girl.mask.png").mode == "L"


def test_all_kinds_of_output_can_be_chosen(animeseg, picture):
    picture(Path("a.png"))
    kinds = "cutout,mask,characters,character-masks"
    assert animeseg("segment", "a.png", "-o", kinds, "--output", "overlay", "-o", "json").code == 0
    assert files_in("animeseg-out") == [
        "a.character-1.png",
        "a.character-mask-1.png",
        "a.cutout.png",
        "a.json",
        "a.mask.png",
        "a.overlay.png",
    ]


def test_the_structure_of_directories_is_mirrored_and_same_stems_are_kept_apart(animeseg, picture):
    for name in ("in/a.png", "in/a.jpg", "in/b/a.png", "in/c/a.png"):
        picture(Path(name))
    assert animeseg("segment", "in", "--out", "out", "-o", "mask").code == 0
    assert files_in("out") == ["a.jpg.mask.png", "a.png.mask.png", "b/a.mask.png", "c/a.mask.png"]


def test_originals_are_left_as_they_are_when_results_go_beside_them(animeseg, picture):
    originals = {path: path.read_bytes() for path in (picture(Path("in/a.png")),)}
    for _ in range(3):
        run = animeseg("segment", "in", "--out", "in", "--overwrite")
        assert run.code == 0
        assert "1 picture: 1 done" in run.err, "a result was taken for a picture"
    assert files_in("in") == ["a.cutout.png", "a.json", "a.mask.png", "a.png"]
    assert {path: path.read_bytes() for path in originals} == originals


def test_an_original_that_is_called_like_a_result_is_not_even_overwritten_when_told(
    animeseg, picture
):
    picture(Path("in/a.png"))
    original = picture(Path("in/a.mask.png"), seed=1).read_bytes()
    run = animeseg("segment", "in", "--out", "in", "--overwrite")
    assert run.code == 1
    assert "[animeseg] output_exists: in" in run.err
    assert Path("in/a.mask.png").read_bytes() == original
    assert "1 done, 1 failed" in run.err


def test_nothing_is_overwritten_unless_told(animeseg, picture):
    picture(Path("a.png"))
    Path("out").mkdir()
    Path("out/a.mask.png").write_bytes(b"mine")
    for flags in ([], ["--resume"]):
        run = animeseg("segment", "a.png", "--out", "out", *flags)
        assert run.code == 1
        assert "output_exists" in run.err
        assert files_in("out") == ["a.mask.png"]
    assert Path("out/a.mask.png").read_bytes() == b"mine"
    assert animeseg("segment", "a.png", "--out", "out", "--overwrite").code == 0
    assert loaded("out/a.mask.png").size == (40, 30)


BAD = {
    "zero.png": b"",
    "garbage.jpg": os.urandom(500),
    "text.png": b"this is no picture",
    "page.webp": b"<html></html>",
}


def test_bad_files_are_told_with_a_cure_and_all_the_others_are_done(animeseg, picture):
    picture(Path("in/good.png"))
    picture(Path("in/漫画 🎀.png"))
    for name, content in BAD.items():
        Path("in", name).write_bytes(content)
    whole = picture(Path("whole.png"), size=(200, 200)).read_bytes()
    Path("in/truncated.png").write_bytes(whole[: len(whole) // 2])
    Path("in/notes.txt").write_text("not a picture")
    run = animeseg("segment", "in", "--out", "out", "-o", "mask", "--report", "report.json")
    assert run.code == 1
    assert files_in("out") == ["good.mask.png", "漫画 🎀.mask.png"]
    assert "7 pictures: 2 done, 5 failed; 2 characters found" in run.err
    assert "left alone: 1 file" in run.err
    assert "Traceback" not in run.err
    for name in (*BAD, "truncated.png"):
        line = next(line for line in run.err.splitlines() if name in line)
        assert line.startswith(("[animeseg] bad_image: ", "[animeseg] unsupported_image: "))
        assert "; " in line
    rows = json.loads(Path("report.json").read_text(encoding="utf-8"))["pictures"]
    assert {Path(row["source"]).name for row in rows if row["status"] == "failed"} == {
        *BAD, "truncated.png",
    }  # fmt: skip
    assert all(row["error"]["cure"] for row in rows if row["status"] == "failed")


@pytest.mark.parametrize(
    ("width", "code"), [(31, "error"), (37, "out_of_memory"), (4, "image_too_small")]
)
def test_one_picture_that_fails_does_not_cost_the_others(animeseg, picture, width, code):
    picture(Path("in/a.png"))
    picture(Path("in/b.png"), size=(width, 30), character=False)
    picture(Path("in/c.png"))
    run = animeseg("segment", "in", "-o", "mask")
    assert run.code == 1
    assert f"[animeseg] {code}: {Path('in/b.png')}: " in run.err
    assert "2 done, 1 failed" in run.err
    assert "Traceback" not in run.err


def test_the_traceback_is_shown_when_asked_for(animeseg, picture):
    picture(Path("a.png"), size=(31, 30), character=False)
    run = animeseg("segment", "a.png", "--debug")
    assert "RuntimeError: a defect" in run.err
    assert "Traceback" in run.err


def test_no_character_is_a_result_like_any_other(animeseg, picture):
    picture(Path("empty.png"), character=False)
    run = animeseg("segment", "empty.png", "-o", "cutout,mask,characters")
    assert run.code == 0
    assert "0 characters found, none in 1 picture" in run.err
    assert files_in("animeseg-out") == ["empty.cutout.png", "empty.mask.png"]
    assert not np.array(loaded("animeseg-out/empty.cutout.png"))[:, :, 3].any()
    assert (
        "1 skipped"
        in animeseg("segment", "empty.png", "-o", "cutout,mask,characters", "--resume").err
    )


def test_sixty_characters_in_one_place_are_all_written(animeseg, picture):
    picture(Path("crowd.png"), size=(61, 30))
    flags = ["-o", "characters,character-masks", "--resume"]
    run = animeseg("segment", "crowd.png", *flags)
    assert (run.code, len(run.lines)) == (0, 120)
    assert "60 characters found" in run.err
    assert Path("animeseg-out/crowd.character-mask-60.png").is_file()
    picture(Path("crowd.png"), size=(40, 30))
    animeseg("segment", "crowd.png", *flags)
    assert files_in("animeseg-out") == ["crowd.character-1.png", "crowd.character-mask-1.png"]


def test_a_picture_that_is_huge_when_decoded_is_refused_by_its_header(animeseg, picture):
    picture(Path("in/a.png"))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 16000, 16000, 8, 2, 0, 0, 0)), (b"IDAT", b"")]
    Path("in/bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )
    )
    run = animeseg("segment", "in", "-o", "mask")
    assert run.code == 1
    assert f"[animeseg] image_too_large: {Path('in/bomb.png')}: " in run.err
    assert "1 done, 1 failed" in run.err


def test_no_picture_at_all_is_said(animeseg):
    Path("in").mkdir()
    run = animeseg("segment", "in")
    assert (run.code, run.out) == (0, "")
    assert "no pictures found" in run.err


@pytest.mark.parametrize("path", ["missing.png", "no*.png", ""])
def test_a_path_that_leads_nowhere_fails_alone(animeseg, picture, path):
    picture(Path("a.png"))
    run = animeseg("segment", path, "a.png", "-o", "mask")
    assert run.code == 1
    assert "1 done, 1 failed" in run.err


def test_a_weaker_path_is_told_once_with_its_cure(animeseg, picture):
    for number in range(5):
        picture(Path(f"in/{number}.png"))
    run = animeseg("segment", "in", "-o", "mask")
    assert run.err.count("animeseg weights fetch mobile-sam") == 1
    assert "note edge_fallback: 5 pictures" in run.err


def test_resuming_makes_only_what_is_missing_or_changed(animeseg, picture, monkeypatch):
    log = Path("log")
    monkeypatch.setenv("FAKE_LOG", str(log))

    def worked(*args):
        log.write_text("")
        run = animeseg("segment", "in", "-o", "mask,json", *args, "--resume")
        assert run.code == 0
        return len(log.read_text())

    for number in range(4):
        picture(Path(f"in/{number}.png"), seed=number)
    assert worked() == 4
    assert worked() == 0
    assert worked("--device", "cpu") == 0, "another device made it work again"
    picture(Path("in/1.png"), seed=99)
    assert worked() == 1
    Path("animeseg-out/2.mask.png").unlink()
    assert worked() == 1
    assert worked("--mask-grow", "7") == 4
    monkeypatch.setenv("FAKE_MODEL", "f1")
    assert worked("--mask-grow", "7") == 4
    picture(Path("in/new.png"), seed=100)
    assert worked("--mask-grow", "7") == 1


def test_resuming_with_another_kind_of_output_keeps_the_first(animeseg, picture):
    picture(Path("a.png"))
    animeseg("segment", "a.png", "-o", "mask")
    before = Path("animeseg-out/a.mask.png").stat().st_mtime_ns
    run = animeseg("segment", "a.png", "-o", "mask,cutout", "--resume")
    assert run.code == 0
    assert run.lines == [str(Path("animeseg-out/a.cutout.png"))]
    assert Path("animeseg-out/a.mask.png").stat().st_mtime_ns == before


def test_rows_can_be_printed_as_json_lines(animeseg, picture):
    picture(Path("a.png"))
    picture(Path("b.png"), character=False)
    run = animeseg("segment", "a.png", "b.png", "-o", "mask", "--json-lines", "--quiet")
    rows = [json.loads(line) for line in run.lines]
    assert [row.get("characters") for row in rows] == [1, 0, None]
    assert rows[0]["outputs"] == [str(Path("animeseg-out/a.mask.png"))]
    assert rows[2]["totals"]["done"] == 2
    assert run.err == ""


def test_quiet_leaves_errors(animeseg, picture):
    picture(Path("a.png"))
    run = animeseg("segment", "a.png", "gone.png", "-q", "-o", "mask")
    assert run.err.splitlines() == [
        "[animeseg] bad_image: gone.png: no such file or directory; "
        "check the path and its permissions"
    ]


def test_no_bar_is_drawn_into_a_pipe_unless_asked_for(animeseg, picture):
    picture(Path("a.png"))
    assert "\r" not in animeseg("segment", "a.png", "-o", "mask").err
    run = animeseg("segment", "a.png", "-o", "mask", "--overwrite", "--out", "x", "--progress")
    assert "1/1" in run.err
    assert "picture" in run.err


def test_a_full_disk_stops_the_run_and_leaves_whole_files_only(animeseg, picture, monkeypatch):
    for number in range(12):
        picture(Path(f"in/{number:02}.png"))
    write, room = Path.write_bytes, [3]

    def limited(path, data):
        if path.suffix == PARTIAL_SUFFIX and not room[0]:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        room[0] -= path.suffix == PARTIAL_SUFFIX
        return write(path, data)

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", limited)
        run = animeseg("segment", "in", "-o", "mask", "--report", "report.jsonl")
    assert run.code == 1
    assert "[animeseg] disk_full: " in run.err
    assert "stopped early by disk_full; go on with --resume" in run.err
    assert "3 done" in run.err
    assert len(files_in("animeseg-out")) == 3
    for name in files_in("animeseg-out"):
        loaded(Path("animeseg-out", name))
    rows = [json.loads(line) for line in Path("report.jsonl").read_text().splitlines()]
    assert rows[-1]["totals"]["stopped"] == "disk_full"
    assert len(rows) < 12, "it went on after the disk was full"


def test_an_output_directory_that_cannot_be_made_is_told_at_once(animeseg, picture):
    picture(Path("a.png"))
    Path("out").write_text("a file")
    run = animeseg("segment", "a.png", "--out", "out")
    assert run.code == 1
    assert run.err.startswith("[animeseg] output_failed: ")
    assert "choose another --out" in run.err


@pytest.fixture
def bound_by_permissions(animeseg, picture, monkeypatch):
    """A current directory in which not even root may do everything."""
    if sys.platform == "win32":
        pytest.skip("permissions work in another way there")
    picture(Path("warm/a.png"))
    animeseg("segment", "warm")  # what is imported late may lie where only root can read
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        monkeypatch.chdir(folder)
        if root:
            os.seteuid(65534)
        yield
        if root:
            os.seteuid(0)
        monkeypatch.undo()


def test_missing_permissions_are_told_and_the_other_pictures_done(
    animeseg, picture, bound_by_permissions
):
    for name in ("in/a.png", "in/b.png", "in/locked/c.png"):
        picture(Path(name))
    Path("in/a.png").chmod(0)
    Path("in/locked").chmod(0)
    Path("shut").mkdir(mode=0o500)
    run = animeseg("segment", "in", "--out", "out", "-o", "mask")
    assert run.code == 1
    assert files_in("out") == ["b.mask.png"], run.err
    assert f"bad_image: {Path('in/a.png')}: cannot read the file: Permission denied" in run.err
    assert f"bad_image: {Path('in/locked')}: cannot read the directory: Perm" in run.err
    for out in ("shut", "shut/deeper"):
        run = animeseg("segment", "in/b.png", "--out", out)
        assert run.code == 1
        assert run.err.startswith("[animeseg] output_failed: ")
        assert len(run.err.splitlines()) == 1
    Path("in/locked").chmod(0o700)


def test_a_report_that_cannot_be_written_is_told_before_the_work(animeseg, picture):
    picture(Path("a.png"))
    Path("file").touch()
    run = animeseg("segment", "a.png", "--report", "file/report.json")
    assert run.code == 1
    assert "cannot write the report" in run.err
    assert not Path("animeseg-out").exists()


@pytest.mark.parametrize(
    ("flags", "field"),
    [
        (["--confidence", "7"], "confidence"),
        (["--confidence", "nan"], "confidence"),
        (["--min-area", "0.5", "--max-area", "0.1"], "min_area"),
        (["--top-k", "-1"], "top_k"),
        (["--classes", "a," * 2000], "classes"),
        (["--output", "painting"], "--output"),
        (["--report", "a.png"], "--report"),
        (["--options", "missing.json"], "--options"),
        (["--options", "broken.json"], "--options"),
        (["--options", "list.json"], "--options"),
        (["--options", "unknown.json"], "colour"),
    ],
)
def test_a_bad_option_is_named_and_nothing_is_done(animeseg, picture, flags, field):
    picture(Path("a.png"))
    Path("broken.json").write_text("{")
    Path("list.json").write_text("[]")
    Path("unknown.json").write_text('{"colour": 1}')
    run = animeseg("segment", "a.png", *flags)
    assert run.code == 2
    assert run.err.startswith(f"[animeseg] bad_option: {field}: ")
    assert not Path("animeseg-out").exists()


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["segment"],
        ["paint"],
        ["segment", "a", "--conf", "0.5"],
        ["segment", "a", "--top-k", "x"],
    ],
)
def test_wrong_usage_has_an_exit_code_of_its_own(animeseg, args):
    run = animeseg(*args)
    assert run.code == 2
    assert "usage: animeseg" in run.err


def test_flags_go_over_the_options_of_a_file(animeseg, picture):
    picture(Path("a.png"))
    Path("mine.json").write_text('{"confidence": 0.4, "order": "reading", "classes": ["girl"]}')
    run = animeseg(
        "segment", "a.png", "--options", "mine.json", "--confidence", "0.6", "--no-prompt-mask"
    )
    assert run.code == 0
    record = json.loads(Path("animeseg-out/a.json").read_text(encoding="utf-8"))
    options = record["options"]
    assert (options["confidence"], options["order"], options["prompt_mask"]) == (
        0.6, "reading", False,
    )  # fmt: skip
    assert options["classes"] == ["girl"]


def test_the_record_of_a_picture_gives_the_options_to_do_it_again(animeseg, picture):
    picture(Path("a.png"))
    animeseg("segment", "a.png", "--mask-grow", "9", "--classes", "girl,boy", "--classes", "cat")
    animeseg("segment", "a.png", "--options", "animeseg-out/a.json", "--out", "again")
    first, again = (
        json.loads(Path(out, "a.json").read_text(encoding="utf-8"))["options"]
        for out in ("animeseg-out", "again")
    )
    assert first == again
    assert (first["mask_grow"], first["classes"]) == (9.0, ["girl", "boy", "cat"])


def test_the_longest_file_names_are_worked_on(animeseg, picture):
    name = "漫" * 83 + "ab.png"
    picture(Path("in", name))
    deep = Path("in").joinpath(*["d" * 60] * 5)
    picture(deep / "a.png")
    run = animeseg("segment", "in", "-o", "mask,characters")
    assert (run.code, len(run.lines)) == (0, 4), run.err
    assert all(Path(line).is_file() for line in run.lines)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_names_that_are_not_unicode_are_worked_on_and_printed_byte_for_byte(
    animeseg, picture, monkeypatch
):
    raw = b"in/\xff\xfe.png"
    picture(Path("in/a.png")).rename(os.fsdecode(raw))
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr("sys.stdout", stream)
    run = animeseg("segment", "in", "--report", "r.json")
    assert run.code == 0
    stream.flush()
    printed = stream.buffer.getvalue().splitlines()
    assert b"animeseg-out/\xff\xfe.mask.png" in printed
    assert all(Path(os.fsdecode(line)).is_file() for line in printed)
    assert len(json.loads(Path("r.json").read_text(encoding="utf-8"))["pictures"]) == 1


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_names_that_the_terminal_cannot_show_are_escaped(animeseg, picture, monkeypatch, encoding):
    picture(Path("漫画 🎀.png"))
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", stream)
    assert animeseg("segment", "漫画 🎀.png", "-o", "mask").code == 0
    stream.flush()
    assert rb"\u6f2b\u753b \U0001f380.mask.png" in stream.buffer.getvalue()


@pytest.mark.alone
@pytest.mark.slow
def test_a_folder_of_thousands_needs_the_memory_of_a_few(animeseg, picture, caplog):
    import tracemalloc

    caplog.set_level(logging.WARNING)  # else pytest keeps every debug line of Pillow
    one = picture(Path("one.png"), size=(24, 24)).read_bytes()
    for number in range(5000):
        path = Path(f"in/{number // 500}/{number:04}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one)
    peaks = []
    # pathlib interns every name. When the interpreter's table of interned strings is full it is
    # built anew in one piece, many MB in a process with thousands of tests: not what is measured
    # here. With so many strings it is large enough for all names to come.
    room = [sys.intern(f"room {number}") for number in range(300_000)]
    # What other tests left in memory would put off the collector's full rounds.
    gc.collect()
    gc.freeze()
    for taken in ("in/0", "in/1", "in"):  # the first loads what is loaded once
        gc.collect()
        tracemalloc.start()
        out = ("--out", f"out-{len(peaks)}", "-o", "mask", "-q", "--report", f"{len(peaks)}.jsonl")
        run = animeseg("segment", taken, *out)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    gc.unfreeze()
    del room
    assert (run.code, len(run.lines)) == (0, 5000)
    # The captured stdout takes most of what is left: 4500 lines of about 25 characters.
    assert peaks[2] - peaks[1] < 3 * 2**20


def test_backgrounds_are_put_behind_the_cutout(animeseg, picture):
    picture(Path("a.png"))
    picture(Path("sky.png"))
    colour = ["--background", "colour", "--background-colour", "#0102ff"]
    run = animeseg("segment", "a.png", "-o", "cutout", *colour)
    assert run.code == 0, run.err
    assert loaded("animeseg-out/a.cutout.png").getpixel((0, 0)) == (1, 2, 255)
    again = animeseg("segment", "a.png", "-o", "cutout", "--resume", *colour)
    assert again.lines == [], "complete: nothing is made again"
    sky = ["--background", "picture", "--background-picture", "sky.png"]
    other = animeseg("segment", "a.png", "-o", "cutout", "--resume", *sky)
    assert len(other.lines) == 1, "another background is another result"
    assert loaded("animeseg-out/a.cutout.png").mode == "RGB"


def test_a_background_picture_has_to_be_named_and_readable(animeseg, picture):
    picture(Path("a.png"))
    run = animeseg("segment", "a.png", "--background", "picture")
    assert (run.code, "--background-picture" in run.err) == (2, True)
    run = animeseg(
        "segment", "a.png", "--background", "picture", "--background-picture", "none.png"
    )
    assert run.code != 0
    assert not Path("animeseg-out").exists()


def test_psd_without_its_package_is_told_before_any_work(animeseg, picture, monkeypatch):
    picture(Path("a.png"))
    monkeypatch.setitem(sys.modules, "psd_tools", None)
    run = animeseg("segment", "a.png", "-o", "psd")
    assert run.code == 1
    assert "pip install psd-tools" in run.err
    assert not Path("animeseg-out").exists()
