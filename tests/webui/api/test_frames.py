"""Animations are counted without being decoded, and long ones refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from animeseg.errors import ImageTooLargeError, UnsupportedImageError
from animeseg.webui.api.frames import check_animation


def gif(frames, rng):
    pictures = [
        Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).quantize(16)
        for _ in range(frames)
    ]
    stream = io.BytesIO()
    pictures[0].save(
        stream, "GIF", save_all=True, append_images=pictures[1:], duration=40, comment=b"c" * 600
    )
    return stream.getvalue()


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_a_gif_passes_up_to_the_limit(rng, frames):
    data = gif(frames, rng)
    assert Image.open(io.BytesIO(data)).n_frames == frames
    check_animation(data, frames)
    if frames > 1:
        with pytest.raises(ImageTooLargeError, match="frames"):
            check_animation(data, frames - 1)


def test_a_gif_of_countless_tiny_blocks_is_refused_soon(rng):
    head = gif(1, rng)
    at = head.index(b"\x21\xfe")  # the comment
    bomb = head[: at + 2] + b"\x01c" * 2_000_000
    with pytest.raises(ImageTooLargeError):
        check_animation(bomb, 1000)


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_damage_is_left_to_the_decoder(rng, cut):
    check_animation(gif(2, rng)[:cut], 1000)


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_is_refused(rng, order):
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).save(stream, "TIFF")
    little = stream.getvalue()
    data = little if order == "<" else b"MM\0*" + little[4:]
    with pytest.raises(UnsupportedImageError, match="TIFF"):
        check_animation(data, 10)


def test_other_formats_pass(rng):
    for kind in ("PNG", "JPEG", "WEBP", "BMP"):
        stream = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).save(stream, kind)
        check_animation(stream.getvalue(), 1)
