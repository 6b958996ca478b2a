"""Every mode of Pillow comes out as RGB and alpha, upright."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from animeseg.images import read_image

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def reread(image, format_="PNG", **save):
    stream = io.BytesIO()
    image.save(stream, format_, **save)
    return read_image(stream.getvalue())


def arrow():
    """A picture that looks different after every turn and flip."""
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:6, :9], pixels[14:, :9], pixels[:6, 21:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return pixels


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize(
    ("format_", "save"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 100, "subsampling": 0}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
    ],
)
def test_pictures_are_turned_upright(value, format_, save):
    exif = Image.Exif()
    exif[0x112] = value
    found = reread(Image.fromarray(arrow()), format_, exif=exif, **save)
    image = Image.fromarray(arrow())
    image.getexif()[0x112] = value
    expected = np.asarray(ImageOps.exif_transpose(image))
    assert found.rgb.shape == expected.shape
    assert found.rgb.flags.c_contiguous
    assert np.abs(found.rgb.astype(int) - expected).mean() < 3


def test_alpha_is_turned_with_the_colour():
    exif = Image.Exif()
    exif[0x112] = 6
    alpha = arrow()[:, :, 0]
    found = reread(Image.fromarray(np.dstack([arrow(), alpha])), exif=exif)
    np.testing.assert_array_equal(found.alpha, np.rot90(alpha, -1))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_senseless_orientations_are_ignored(value):
    exif = Image.Exif()
    exif[0x112] = value
    np.testing.assert_array_equal(reread(Image.fromarray(arrow()), exif=exif).rgb, arrow())


def test_damaged_exif_does_not_cost_the_picture():
    found = reread(Image.fromarray(arrow()), "JPEG", exif=b"Exif\0\0garbage, not TIFF at all")
    assert found.size == (20, 30)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_modes_without_alpha_have_none(mode):
    image = Image.fromarray(arrow()).convert(mode)
    found = reread(image)
    assert found.alpha is None
    np.testing.assert_array_equal(found.rgb, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_is_kept_beside_straight_colour(mode):
    colour = np.repeat(RAMP[:, :, None], 3, axis=2)
    pixels = np.dstack([colour[:, :, :1] if mode == "LA" else colour, RAMP.T])
    found = reread(Image.fromarray(pixels))
    np.testing.assert_array_equal(found.alpha, RAMP.T)
    np.testing.assert_array_equal(found.rgb, colour)  # also where alpha is 0


def test_premultiplied_colour_is_divided_back():
    pixels = np.dstack([np.full((16, 16, 3), 200, np.uint8), np.full((16, 16), 128, np.uint8)])
    found = read_image(Image.fromarray(pixels).convert("RGBa"))
    assert np.abs(found.rgb.astype(int) - 200).max() <= 1
    assert (found.alpha == 128).all()


@pytest.mark.parametrize(
    ("image", "save"),
    [
        (Image.fromarray(RAMP), {"transparency": 7}),
        (Image.fromarray(np.repeat(RAMP[:, :, None], 3, 2)), {"transparency": (7, 7, 7)}),
        (Image.fromarray(RAMP).convert("P"), {"transparency": 7}),
        (Image.fromarray(RAMP).convert("P"), {"transparency": bytes([255] * 7 + [0] + [255] * 8)}),
    ],
    ids=["L", "RGB", "P", "P with many"],
)
def test_a_transparent_colour_becomes_alpha(image, save):
    found = reread(image, **save)
    np.testing.assert_array_equal(found.alpha, np.where(RAMP == 7, 0, 255))
    np.testing.assert_array_equal(found.rgb[:, :, 1], RAMP)


@pytest.mark.parametrize(("colour_type", "colour"), [(0, (7 * 257,)), (2, (7 * 257,) * 3)])
def test_a_transparent_colour_of_sixteen_bits_becomes_alpha(colour_type, colour):
    values = np.repeat((RAMP.astype(">u2") * 257)[:, :, None], len(colour), axis=2)
    lines = b"".join(b"\0" + line.tobytes() for line in values)
    found = read_image(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, colour_type, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(f">{len(colour)}H", *colour))
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )
    np.testing.assert_array_equal(found.rgb[:, :, 1], RAMP)
    np.testing.assert_array_equal(found.alpha, np.where(RAMP == 7, 0, 255))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_sixteen_bits_are_divided_by_257(format_):
    values = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
    found = reread(Image.fromarray(values), format_)
    expected = np.floor(values / 257 + 0.5)
    np.testing.assert_array_equal(found.rgb, np.dstack([expected] * 3))
    assert [note.code for note in found.notes] == ["depth_reduced"]


def test_whole_numbers_beyond_sixteen_bits_are_clipped():
    values = np.full((9, 9), -5, np.int32)
    values[0, 0], values[0, 1] = 1_000_000, 257
    found = reread(Image.fromarray(values), "TIFF")
    assert found.rgb[0, 0, 0] == 255
    assert found.rgb[0, 1, 0] == 1
    assert found.rgb[5, 5, 0] == 0


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0, 1e9])
def test_floats_are_scaled_from_the_range_that_holds_them(top):
    values = np.linspace(0, min(top, 65535.0), 100, dtype=np.float32).reshape(10, 10)
    expected = np.rint(values * (255 / values.max()))
    values[0, 0] = np.nan
    values[9, 9] = top
    found = reread(Image.fromarray(values), "TIFF")
    assert np.abs(found.rgb[:, :, 0] - expected).max() <= 1


@pytest.mark.parametrize(
    ("mode", "format_"),
    [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("YCbCr", "JPEG"), ("LAB", "TIFF")],
)
def test_print_and_video_colours_come_out_as_rgb(mode, format_):
    colour = Image.new("RGB", (16, 16), (200, 40, 90))
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    if mode == "LAB":
        image = ImageCms.profileToProfile(colour, srgb, lab, outputMode="LAB")
    else:
        image = colour.convert(mode)
    found = reread(image, format_)
    assert np.abs(found.rgb.astype(int) - (200, 40, 90)).max() <= 6
    assert found.alpha is None


def test_rgb_profiles_are_kept_for_writing_and_others_are_not():
    rgb, grey = bytes(16) + b"RGB " + bytes(108), bytes(16) + b"GRAY" + bytes(108)
    assert reread(Image.fromarray(arrow()), icc_profile=rgb).icc_profile == rgb
    assert reread(Image.fromarray(arrow()), icc_profile=grey).icc_profile is None
    assert reread(Image.fromarray(RAMP), icc_profile=rgb).icc_profile is None
