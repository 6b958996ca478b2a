"""The files that can be written, and what each can hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from animeseg.errors import OptionError


@dataclass(frozen=True)
class VideoFormat:
    """One kind of file.

    Attributes:
        name: what users call it.
        suffixes: of its files; the first is the usual one.
        container: FFmpeg's name of the container; empty for a directory of pictures.
        codec: FFmpeg's name of the encoder.
        opaque: pixel format without alpha.
        transparent: pixel format with alpha; empty if there is none.
        sounds: codecs of sound that are copied as they are.
        sound: encoder for other sound; empty if the format has no sound.
        about: one line for lists.
    """

    name: str
    suffixes: tuple[str, ...]
    container: str
    codec: str
    opaque: str
    transparent: str = ""
    sounds: tuple[str, ...] = ()
    sound: str = ""
    about: str = ""

    @property
    def is_yuv(self) -> bool:
        """Whether colours are kept as luma and chroma."""
        return self.opaque.startswith("yuv")

    @property
    def keeps_aspect(self) -> bool:
        """Whether a file says that its pixels are not square; in others they are made so."""
        return self.name in ("mp4", "prores")

    @property
    def needs_even_sides(self) -> bool:
        """Whether width and height have to be even."""
        return self.name == "mp4"


_PCM = ("pcm_s16le", "pcm_s24le", "pcm_s16be", "pcm_s24be")

FORMATS = {
    form.name: form
    for form in (
        VideoFormat(
            "mp4", (".mp4", ".m4v"), "mp4", "libx264", "yuv420p",
            sounds=("aac", "mp3", "ac3", "alac", "opus"), sound="aac",
            about="H.264; plays everywhere, without transparency",
        ),
        VideoFormat(
            "webm", (".webm",), "webm", "libvpx-vp9", "yuv420p", "yuva420p",
            sounds=("opus", "vorbis"), sound="libopus",
            about="VP9; with transparency, for the web and OBS",
        ),
        VideoFormat(
            "prores", (".mov",), "mov", "prores_ks", "yuv444p10le", "yuva444p10le",
            sounds=("aac", "mp3", "ac3", "alac", *_PCM), sound="aac",
            about="ProRes 4444; with transparency, for editing",
        ),
        VideoFormat(
            "apng", (".apng",), "apng", "apng", "rgb24", "rgba",
            about="animated PNG; with transparency, lossless",
        ),
        VideoFormat(
            "webp", (".webp",), "webp", "libwebp_anim", "bgra", "bgra",
            about="animated WebP; with transparency",
        ),
        VideoFormat(
            "png", ("",), "", "", "rgb24", "rgba",
            about="a directory of PNG files and their times; with transparency",
        ),
    )
}  # fmt: skip
"""By name."""


def format_of(target: Path, name: str | None = None) -> VideoFormat:
    """The format called ``name``, or the one that the ending of ``target`` means.

    Raises:
        OptionError: there is none of that name, or of that ending.
    """
    if name is not None:
        if name not in FORMATS:
            raise OptionError("format", f"got {name!r}", "choose one of " + ", ".join(FORMATS))
        return FORMATS[name]
    suffix = target.suffix.lower()
    for form in FORMATS.values():
        if suffix in form.suffixes:
            return form
    endings = ", ".join(form.suffixes[0] for form in FORMATS.values() if form.suffixes[0])
    raise OptionError(
        "format", f"{target.name!r} has no ending that is known", f"use {endings} or say the format"
    )
