"""The image gate: what gets through, what does not, and what it leaves alone."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
import textwrap
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from animeseg import limits
from animeseg.errors import (
    BadImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    UnsupportedImageError,
)
from animeseg.images import FORMATS, ImageLimits, read_image

SAVE = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
    "TIFF": {"compression": "tiff_lzw"},
}


def picture(height=40, width=56):
    y, x = np.mgrid[:height, :width]
    return np.dstack([4 * y, 4 * x, y * x % 256]).astype(np.uint8)


def encoded(format_, image=None, **save):
    stream = io.BytesIO()
    image = Image.fromarray(picture()) if image is None else image
    image.save(stream, format_, **{**SAVE.get(format_, {}), **save})
    return stream.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def grey_png(width, height):
    """A valid black PNG; a thousandth of its pixels in bytes."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def header_of(format_, width, height):
    """The beginning of a picture that claims a size."""
    if format_ == "PNG":
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", bytes(100))
    if format_ == "WEBP":
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return b"RIFF" + struct.pack("<I", 1000) + b"WEBPVP8X" + struct.pack("<II", 10, 0) + size
    data = bytearray(encoded(format_))
    if format_ == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", height, width)
    elif format_ == "GIF":
        data[6:10] = struct.pack("<HH", width, height)
    elif format_ == "BMP":
        data[18:26] = struct.pack("<ii", width, height)
    elif format_ == "TIFF":
        for tag, value in ((256, width), (257, height)):
            at = data.index(struct.pack("<HHI", tag, 3, 1))
            data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, value)
    return bytes(data)


class TestFormats:
    @pytest.mark.parametrize("format_", FORMATS)
    def test_every_accepted_format_is_read(self, format_, tmp_path):
        data = encoded(format_)
        path = tmp_path / "misleading.txt"
        path.write_bytes(data)
        with path.open("rb") as stream:
            found = [read_image(source) for source in (data, path, str(path), stream)]
        for one in found:
            assert (one.format, one.frames, one.alpha, one.notes) == (format_, 1, None, ())
            assert one.rgb.flags.c_contiguous
            assert one.rgb.flags.writeable
            tolerance = {"JPEG": 60, "GIF": 60}.get(format_, 0)
            assert np.abs(one.rgb.astype(int) - picture()).max() <= tolerance

    @pytest.mark.parametrize("format_", ["ICO", "PPM", "TGA", "PCX", "PDF", "EPS"])
    def test_other_formats_are_refused_by_name_of_the_accepted(self, format_):
        with pytest.raises(UnsupportedImageError, match="PNG, JPEG, WEBP, BMP, GIF, TIFF"):
            read_image(encoded(format_))

    @pytest.mark.parametrize("data", [b"", b"\0" * 50, b"<html>", b"BM", b"RIFF", b"\xff\xd8\xff"])
    def test_garbage_is_refused(self, data):
        with pytest.raises(BadImageError):
            read_image(data)

    @pytest.mark.parametrize("format_", FORMATS)
    @pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
    def test_truncated_files_are_refused_without_a_warning(self, format_, share, monkeypatch):
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as other extensions do
        data = encoded(format_, Image.fromarray(noise()))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(BadImageError) as caught:
                read_image(data[: int(len(data) * share)])
        assert caught.value.cure
        assert "\n" not in str(caught.value)
        assert ImageFile.LOAD_TRUNCATED_IMAGES is True

    @pytest.mark.parametrize("format_", FORMATS)
    @given(data=st.data())
    @settings(max_examples=60, suppress_health_check=[HealthCheck.differing_executors])
    def test_damaged_files_are_read_or_refused_but_nothing_else(self, format_, data):
        original = bytearray(encoded(format_))
        for _ in range(data.draw(st.integers(1, 6))):
            original[data.draw(st.integers(4, len(original) - 1))] = data.draw(st.integers(0, 255))
        with contextlib.suppress(BadImageError):
            assert read_image(bytes(original)).rgb.ndim == 3

    def test_reading_starts_no_process_and_needs_no_open(self, monkeypatch):
        def forbidden(*_, **__):
            raise AssertionError("must not be called")

        monkeypatch.setattr(
            Image, "open", forbidden
        )  # ultralytics replaces it by one that runs pip
        monkeypatch.setattr(subprocess, "Popen", forbidden)
        for data in (b"garbage", encoded("PNG")[:60]):
            with pytest.raises(BadImageError):
                read_image(data)
        assert read_image(encoded("PNG")).size == (40, 56)


def noise():
    return np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)


class TestSizes:
    def test_a_bomb_is_refused_before_it_is_decoded(self, tmp_path):
        bomb = grey_png(16_000, 10_500)
        assert len(bomb) < 200_000
        (tmp_path / "bomb.png").write_bytes(bomb)
        program = """
            import sys, psutil
            from pathlib import Path
            from PIL import Image
            from animeseg.errors import ImageTooLargeError
            from animeseg.images import read_image
            process = psutil.Process()
            before = process.memory_info().rss
            for guard in (Image.MAX_IMAGE_PIXELS, None):
                Image.MAX_IMAGE_PIXELS = guard
                for source in (sys.argv[1], Path(sys.argv[1]).read_bytes()):
                    try:
                        read_image(source)
                    except ImageTooLargeError as error:
                        assert "16000 x 10500" in str(error)
                    else:
                        raise SystemExit("the bomb was let through")
                assert Image.MAX_IMAGE_PIXELS is guard
            print((process.memory_info().rss - before) / 2**20)
        """
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(program), tmp_path / "bomb.png"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert float(done.stdout) < 20

    @pytest.mark.parametrize("format_", FORMATS)
    @pytest.mark.parametrize("guard", [None, 100, 89_478_485])
    def test_the_limit_is_ours_whatever_the_process_says(self, format_, guard, monkeypatch):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", guard)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for width, height in ((9000, 9000), (16_385, 50)):
                with pytest.raises(ImageTooLargeError, match=f"{width} x {height}.*scale it down"):
                    read_image(header_of(format_, width, height))
            assert read_image(encoded(format_)).size == (40, 56)
        assert guard == Image.MAX_IMAGE_PIXELS

    @pytest.mark.parametrize("format_", FORMATS)
    @pytest.mark.parametrize("size", [(1, 1), (1, 8000), (7, 100)])
    def test_too_small_pictures_say_so(self, format_, size):
        image = Image.new("RGB", size)
        with pytest.raises(ImageTooSmallError, match="at least 8"):
            read_image(encoded(format_, image))

    def test_the_smallest_picture_is_read(self):
        assert read_image(encoded("PNG", Image.new("RGB", (8, 8)))).size == (8, 8)
        tiny = ImageLimits(min_side=1)
        assert read_image(encoded("PNG", Image.new("RGB", (1, 1))), accept=tiny).size == (1, 1)

    def test_too_many_bytes_are_not_even_read(self, tmp_path):
        data = encoded("PNG")
        small = ImageLimits(max_bytes=len(data) - 1)
        path = tmp_path / "x.png"
        path.write_bytes(data)
        endless = EndlessStream()
        for source in (data, path, io.BytesIO(data), endless):
            with pytest.raises(ImageTooLargeError, match="bytes"):
                read_image(source, accept=small)
        assert endless.given == len(data)
        assert read_image(data, accept=ImageLimits(max_bytes=len(data))).format == "PNG"

    def test_memory_that_runs_out_is_explained(self, monkeypatch):
        def load(self):
            raise MemoryError

        monkeypatch.setattr(ImageFile.ImageFile, "load", load)
        with pytest.raises(ImageTooLargeError, match="too large to decode"):
            read_image(encoded("BMP"))


class EndlessStream:
    given = 0

    def read(self, count):
        self.given += count
        return bytes(count)


class TestSources:
    @pytest.mark.parametrize("text", [
        "http://localhost/x.png", "HTTPS://example.org/x.png", "file:///etc/passwd", " ftp://x/y",
        "data:image/png;base64,AAAA", "smb://host/share", "file:x.png", "http:/example.org/x",
    ])  # fmt: skip
    def test_urls_are_never_opened(self, text, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UnsupportedImageError, match="URLs are not opened"):
            read_image(text)

    def test_paths_that_only_look_like_urls_are_paths(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for name in ("datascape.png", "files.png", "C%3A.png", "絵 😀.png"):
            (tmp_path / name).write_bytes(encoded("PNG"))
            assert read_image(name).format == "PNG"
        with pytest.raises(BadImageError, match="does not exist"):
            read_image("C:/pictures/x.png")

    @pytest.mark.parametrize("name", ["missing.png", "folder", "n" * 300, "ni\0l", ""])
    def test_paths_that_cannot_be_read_are_named(self, name, tmp_path):
        (tmp_path / "folder").mkdir()
        with pytest.raises(BadImageError, match="check the path"):
            read_image(tmp_path / name)

    @pytest.mark.parametrize("source", [None, 7, 1.5, [1, 2], {"x": 1}, io.StringIO("text")])
    def test_other_things_are_no_pictures(self, source):
        with pytest.raises(BadImageError):
            read_image(source)

    def test_arrays_are_taken_as_they_are(self):
        pixels = picture()
        assert np.shares_memory(read_image(pixels).rgb, pixels)
        np.testing.assert_array_equal(read_image(pixels).rgb, pixels)
        grey = read_image(pixels[:, :, 0])
        np.testing.assert_array_equal(grey.rgb, np.dstack([pixels[:, :, 0]] * 3))
        rgba = np.dstack([pixels, pixels[:, :, 2]])
        both = read_image(rgba)
        np.testing.assert_array_equal(both.rgb, pixels)
        np.testing.assert_array_equal(both.alpha, pixels[:, :, 2])
        assert read_image(pixels[::-1]).rgb.flags.c_contiguous

    @pytest.mark.parametrize("array", [
        np.zeros((20, 20, 3)), np.zeros((20, 20, 2), np.uint8), np.zeros((20, 20), np.bool_),
        np.zeros(20, np.uint8), np.zeros((2, 20, 20, 3), np.uint8), np.zeros((20, 20), np.int64),
    ])  # fmt: skip
    def test_wrong_arrays_are_refused_with_what_is_right(self, array):
        with pytest.raises(BadImageError, match=r"give uint8 \(H, W\)"):
            read_image(array)

    def test_arrays_and_pillow_images_meet_the_same_limits(self):
        for make in (np.asarray, Image.fromarray):
            with pytest.raises(ImageTooSmallError):
                read_image(make(np.zeros((7, 9, 3), np.uint8)))
            with pytest.raises(ImageTooLargeError):
                read_image(make(np.zeros((9, 16_385), np.uint8)))

    def test_pillow_images_are_not_changed(self):
        image = Image.open(io.BytesIO(encoded("PNG", exif=orientation(6))))
        found = read_image(image)
        assert found.size == (56, 40)
        assert image.size == (56, 40)
        assert image.getexif()[0x112] == 6


def orientation(value):
    exif = Image.Exif()
    exif[0x112] = value
    return exif


class TestFrames:
    @pytest.mark.parametrize(("format_", "save"), [
        ("GIF", {"duration": 50}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {}),
    ])  # fmt: skip
    def test_the_first_frame_is_taken_and_said(self, format_, save):
        colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
        first, *others = [Image.new("RGB", (20, 16), colour) for colour in colours]
        data = encoded(format_, first, save_all=True, append_images=others, **save)
        found = read_image(data)
        assert found.frames == 3
        assert [note.code for note in found.notes] == ["first_frame"]
        assert "frame 1 of 3" in str(found.notes[0])
        assert np.abs(found.rgb.astype(int) - (250, 0, 0)).max() < 10


class TestSideEffects:
    def test_settings_of_the_process_are_put_back_by_many_threads(self, monkeypatch):
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
        filters = list(warnings.filters)
        sources = [encoded("PNG"), b"garbage", encoded("JPEG")[:200], encoded("GIF")] * 10

        def attempt(data):
            try:
                return read_image(data).size
            except BadImageError:
                return None

        with ThreadPoolExecutor(8) as pool:
            sizes = list(pool.map(attempt, sources))
        assert sizes == [(40, 56), None, None, (40, 56)] * 10
        assert warnings.filters == filters
        assert ImageFile.LOAD_TRUNCATED_IMAGES is True

    @pytest.mark.slow
    def test_a_process_that_ultralytics_has_patched_is_safe(self):
        program = """
            import os, subprocess
            import ultralytics
            from PIL import Image
            assert Image.open.__module__ != "PIL.Image", "ultralytics patches nothing any more"
            def forbidden(*args, **kwargs):
                raise SystemExit(f"a process was started: {args}")
            subprocess.Popen = subprocess.run = subprocess.check_output = os.system = forbidden
            from animeseg.errors import BadImageError
            from animeseg.images import read_image
            for data in (b"garbage", b"\\x89PNG\\r\\n\\x1a\\n" + bytes(50), b""):
                try:
                    read_image(data)
                except BadImageError:
                    continue
                raise SystemExit("garbage was read")
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def test_limits_are_those_of_the_limits_module(self):
        accept = ImageLimits()
        assert (accept.max_pixels, accept.min_side) == (
            limits.MAX_IMAGE_PIXELS, limits.MIN_IMAGE_SIDE,
        )  # fmt: skip
