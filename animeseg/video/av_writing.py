"""Frames and sound as a video, written by PyAV (FFmpeg's libraries)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from animeseg.errors import DiskFullError, OutputError
from animeseg.export.background import fill
from animeseg.instances import Note
from animeseg.video.frames import need_av
from animeseg.video.sequence_writing import no_sound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.video.formats import VideoFormat
    from animeseg.video.frames import Frame, Reader, Sound

_MILLISECONDS = Fraction(1, 1000)
_BT709, _LIMITED_RANGE = 1, 1
_OPUS_RATE = 48_000


class AvWriter:
    """Writes a video; see `animeseg.video.writing.Writer`.

    Args:
        path: of the file.
        form: what it is.
        reader: the video that the frames and the sound are of.
        transparent: whether frames come with alpha.
        quality: 1 to 100.
        audio: whether sound is kept.
    """

    def __init__(
        self,
        path: Path,
        form: VideoFormat,
        reader: Reader,
        *,
        transparent: bool,
        quality: int,
        audio: bool,
    ) -> None:
        self._av = need_av()
        self._form, self._clip = form, reader.clip
        self._pixels = form.transparent if transparent else form.opaque
        self.notes: tuple[Note, ...] = ()
        try:
            self._container = self._av.open(
                str(path),
                "w",
                format=form.container,
                options=_container_options(form, self._clip.loops),
            )
        except (self._av.FFmpegError, OSError) as error:
            raise _failed(error) from error
        self._closed = False
        self._durations: dict[int, int] = {}
        self._start: int | None = None
        try:
            self._video = self._video_stream(quality, transparent)
            self._tracks = self._sound_streams(reader) if audio else {}
        except BaseException:
            self.close()
            raise

    def frame(self, frame: Frame, pixels: NDArray[np.uint8]) -> None:
        """Encodes a frame."""
        if self._form.needs_even_sides:
            pixels = _even(pixels)
        layout = "rgba" if pixels.shape[2] == 4 else "rgb24"
        is_wider = pixels.shape[1] != self._width
        if layout == "rgba" and (self._form.is_yuv or is_wider):
            pixels = _bled(pixels)
        if is_wider:
            size = self._width, pixels.shape[0]
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        picture = self._av.VideoFrame.from_ndarray(pixels, format=layout)
        colours = {"dst_colorspace": "ITU709"} if self._form.is_yuv else {}
        picture = picture.reformat(format=self._pixels, **colours)
        picture.time_base = self._video.codec_context.time_base
        if not self._form.sound:  # an animation begins when it is shown
            self._start = frame.time if self._start is None else self._start
        picture.pts = self._ticks(frame.time - (self._start or 0))
        if frame.duration:
            self._durations[picture.pts] = self._ticks(frame.duration)
        self._mux(self._video.codec_context.encode(picture))

    def sound(self, sound: Sound) -> None:
        """Copies a piece of sound, or encodes it anew where the format needs that."""
        if sound.track not in self._tracks:
            return
        stream, decoder = self._tracks[sound.track]
        try:
            if decoder is None:
                sound.packet.stream = stream
                self._container.mux(sound.packet)
                return
            for piece in decoder.decode(sound.packet):
                self._container.mux(stream.encode(piece))
        except (self._av.FFmpegError, OSError) as error:
            raise _failed(error) from error

    def finish(self) -> None:
        """Writes what the encoders still hold."""
        self._mux(self._video.codec_context.encode(None))
        try:
            for stream, decoder in self._tracks.values():
                if decoder is not None:
                    self._container.mux(stream.encode(None))
            self._closed = True
            self._container.close()
        except (self._av.FFmpegError, OSError) as error:
            raise _failed(error) from error

    def close(self) -> None:
        """Closes the file; of an error that ended the work there is nothing more to say."""
        if not self._closed:
            self._closed = True
            try:
                self._container.close()
            except (self._av.FFmpegError, OSError, ValueError):
                return

    def _mux(self, packets: list[Any]) -> None:
        try:
            for packet in packets:
                packet.stream = self._video
                if not packet.duration:
                    packet.duration = self._durations.get(packet.pts, 0)
                self._durations.pop(packet.pts, None)
                self._container.mux(packet)
        except (self._av.FFmpegError, OSError) as error:
            raise _failed(error) from error

    def _ticks(self, time: int) -> int:
        ticks = time * self._clip.time_base / Fraction(self._video.codec_context.time_base)
        return round(ticks)

    def _video_stream(self, quality: int, transparent: bool) -> Any:
        form, clip = self._form, self._clip
        options = _codec_options(form, quality)
        stream = self._container.add_stream(form.codec, rate=clip.rate, options=options)
        height, width = clip.size
        self._width = width if form.keeps_aspect else max(1, round(width * clip.aspect))
        width = self._width
        even = 1 if form.needs_even_sides else 0
        stream.width, stream.height = width + (width & even), height + (height & even)
        stream.pix_fmt = self._pixels
        context = stream.codec_context
        context.time_base = clip.time_base if form.is_yuv else _MILLISECONDS
        stream.time_base = context.time_base
        if form.is_yuv:
            context.colorspace = context.color_primaries = context.color_trc = _BT709
            context.color_range = _LIMITED_RANGE
            context.sample_aspect_ratio = clip.aspect if form.keeps_aspect else Fraction(1)
        if transparent and form.name == "webm":
            stream.metadata["alpha_mode"] = "1"
        return stream

    def _sound_streams(self, reader: Reader) -> dict[int, tuple[Any, Any]]:
        """For each track the stream it becomes, and its decoder if it is not copied."""
        streams = getattr(reader, "sound_streams", [])
        if streams and not self._form.sound:
            self.notes += (no_sound(self._form.name),)
            return {}
        tracks: dict[int, tuple[Any, Any]] = {}
        for number, source in enumerate(streams):
            if self._clip.sounds[number] in self._form.sounds:
                copy = self._container.add_stream_from_template(source)
                copy.metadata.update(_names(source))
                tracks[number] = copy, None
                continue
            rate = _OPUS_RATE if self._form.sound == "libopus" else source.codec_context.sample_rate
            stream = self._container.add_stream(self._form.sound, rate=rate)
            stream.metadata.update(_names(source))
            stream.codec_context.layout = source.codec_context.layout.name
            tracks[number] = stream, source.codec_context
            self.notes += (
                Note(
                    "sound_converted",
                    f"{self._form.name} does not hold {self._clip.sounds[number]} sound; it was "
                    f"encoded anew",
                ),
            )
        return tracks


def _names(stream: Any) -> dict[str, str]:
    """Language and title of a sound track."""
    tags = {name.lower(): value for name, value in stream.metadata.items()}
    return {name: tags[name] for name in ("language", "title") if name in tags}


def _codec_options(form: VideoFormat, quality: int) -> dict[str, str]:
    """Encoder settings that ``quality``, 1 to 100, means; 80 is what is usually taken for good."""
    share = quality / 100
    return {
        "mp4": {"crf": f"{round(46 - 35 * share)}", "preset": "medium"},
        "webm": {
            "crf": f"{round(60 - 45 * share)}",
            "b": "0",
            "row-mt": "1",
            "deadline": "good",
            "cpu-used": "3",
            "auto-alt-ref": "0",  # VP9 has no alpha with them
        },
        "prores": {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"},
        "webp": {"quality": str(quality), "compression_level": "4"},
    }.get(form.name, {})


def _container_options(form: VideoFormat, loops: int) -> dict[str, str]:
    return {
        "mp4": {"movflags": "+faststart"},
        "apng": {"plays": str(loops)},
        "webp": {"loop": str(loops)},
    }.get(form.name, {})


def _bled(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colours of RGBA continued where nothing is seen, so that no black is coded with them."""
    alpha = pixels[:, :, 3]
    colour = fill(np.ascontiguousarray(pixels[:, :, :3]), alpha > 0)
    return np.dstack((colour, alpha))


def _even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The last column and row once more where their number is odd."""
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(pixels)


def _failed(error: Exception) -> OutputError | DiskFullError:
    reason = getattr(error, "strerror", None) or str(error)
    if getattr(error, "errno", None) == 28:  # ENOSPC, the same number on every system
        return DiskFullError("no space left for the video", "free some space; nothing was left")
    return OutputError(f"the video cannot be written: {reason}", "try another format or folder")
