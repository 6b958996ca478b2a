"""Videos as frames and pieces of sound, read by PyAV (FFmpeg's libraries)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.errors import BadVideoError, UnsupportedImageError
from animeseg.images import Picture
from animeseg.instances import Note
from animeseg.video.frames import Clip, Frame, Sound, need_av

if TYPE_CHECKING:
    from animeseg.images import ImageLimits

_DEMUXERS = "mov,mp4,matroska,webm,avi,mpeg,mpegts,flv,ogg,asf,mxf,y4m,yuv4mpegpipe,apng,gif"
"""What may be opened: files that hold their frames, no lists of other files and no devices."""

_DEFAULT_RATE = Fraction(25)
_BT709, _UNSAID = 1, 2
_NO_SUBTITLES = Note("subtitles_left", "subtitles were left out", "add them again with a muxer")
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these leave the alpha away."""


class AvReader:
    """Reads a video; see `animeseg.video.frames.Reader`.

    Args:
        path: of the file.
        accept: limits of the frames.
    """

    def __init__(self, path: Path, accept: ImageLimits) -> None:
        av = need_av()
        self._av, self._path = av, path
        self._stream_of_bytes = path.open("rb")
        try:
            # Handed over as a stream, and with a refusal for everything else: a video may name
            # other files and URLs to be opened.
            self._container = av.open(
                self._stream_of_bytes,
                options={"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"},
                io_open=_refuse,
                metadata_errors="replace",
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            self._stream_of_bytes.close()
            raise _damaged(path, error) from error
        try:
            self._open(accept)
        except BaseException:
            self.close()
            raise

    def _open(self, accept: ImageLimits) -> None:
        streams = self._container.streams
        if not streams.video:
            raise BadVideoError(f"{self._path} holds no moving pictures", "choose a video")
        self._video = streams.video[0]
        self._video.thread_type = "AUTO"
        self._sounds = [stream for stream in streams.audio if stream.codec_context is not None]
        context = self._video.codec_context
        accept.check_size(context.width, context.height)
        self._decoder = self._alpha_decoder()
        rate = self._video.average_rate or self._video.guessed_rate or _DEFAULT_RATE
        self._pending = self._events()
        # The first frame says whether the video lies on its side.
        self._waiting: list[Frame | Sound] = []
        first = self._first_frame()
        height, width = first.picture.size
        accept.check_size(width, height)
        self.clip = Clip(
            size=(height, width),
            time_base=Fraction(self._video.time_base),
            rate=Fraction(rate),
            frames=self._count(Fraction(rate)),
            sounds=tuple(sound.codec_context.name for sound in self._sounds),
            aspect=self._aspect(on_its_side=(height, width) != (context.height, context.width)),
            notes=(_NO_SUBTITLES,) if streams.subtitles else (),
        )

    def __iter__(self) -> Iterator[Frame | Sound]:
        """Frames and pieces of sound in the order of the file; can be asked for once."""
        yield from self._waiting
        self._waiting = []
        yield from self._pending

    def close(self) -> None:
        """Closes the file."""
        self._container.close()
        self._stream_of_bytes.close()

    @property
    def sound_streams(self) -> list[Any]:
        """PyAV's streams of the sound tracks, for copying their parameters."""
        return self._sounds

    def _first_frame(self) -> Frame:
        for event in self._pending:
            self._waiting.append(event)
            if isinstance(event, Frame):
                return event
        raise BadVideoError(f"{self._path} holds no frame that can be read", "save it again")

    def _events(self) -> Iterator[Frame | Sound]:
        number, due = 0, 0
        try:
            for packet in self._container.demux([self._video, *self._sounds]):
                if packet.stream.index != self._video.index:
                    if packet.dts is not None:
                        yield Sound(self._track(packet.stream.index), packet)
                    continue
                for frame in self._decoder.decode(packet):
                    time = due if frame.pts is None else int(frame.pts)
                    duration = int(frame.duration or 0)
                    yield Frame(number, time, duration, self._picture(frame))
                    number, due = number + 1, time + (duration or self._tick())
        except (self._av.FFmpegError, OSError) as error:
            raise _damaged(self._path, error) from error

    def _picture(self, frame: Any) -> Picture:
        with_alpha = any(part.is_alpha for part in frame.format.components)
        layout = "rgba" if with_alpha else "rgb24"
        coding = {}
        if not frame.format.is_rgb:
            # RGB has no such coding; but PyAV before 17 converts nothing where it is not named.
            coding = {"src_colorspace": _coding_of(frame), "dst_colorspace": "ITU601"}
        pixels = frame.reformat(format=layout, **coding).to_ndarray()
        turns = round(getattr(frame, "rotation", 0) / 90) % 4
        if turns:
            pixels = np.rot90(pixels, turns)
        rgb = np.ascontiguousarray(pixels[:, :, :3])
        alpha = np.ascontiguousarray(pixels[:, :, 3]) if with_alpha else None
        if alpha is not None and alpha.min() == 255:
            alpha = None
        return Picture(rgb, alpha, format=self._video.codec_context.name)

    def _alpha_decoder(self) -> Any:
        context = self._video.codec_context
        tags = {name.lower(): value for name, value in self._video.metadata.items()}
        if tags.get("alpha_mode") == "1" and context.name in _ALPHA_DECODERS:
            return self._av.CodecContext.create(_ALPHA_DECODERS[context.name], "r")
        return context

    def _track(self, index: int) -> int:
        return next(i for i, stream in enumerate(self._sounds) if stream.index == index)

    def _tick(self) -> int:
        rate = self._video.average_rate or _DEFAULT_RATE
        return max(1, round(1 / (Fraction(rate) * Fraction(self._video.time_base))))

    def _aspect(self, *, on_its_side: bool) -> Fraction:
        aspect = Fraction(self._video.sample_aspect_ratio or 1)
        return 1 / aspect if on_its_side else aspect

    def _count(self, rate: Fraction) -> int | None:
        if self._video.frames:
            return int(self._video.frames)
        if self._container.duration:
            return max(1, round(float(Fraction(self._container.duration, 1_000_000) * rate)))
        return None


def _coding_of(frame: Any) -> str:
    """How colours became luma and chroma; where nothing is said, as players assume it."""
    said = int(frame.colorspace)
    return "ITU709" if said == _BT709 or (said == _UNSAID and frame.height >= 720) else "ITU601"


def _refuse(url: str, flags: int, options: dict[str, str]) -> Any:
    raise UnsupportedImageError(f"the video wants {url[:80]!r} opened", "give a file of one piece")


def _damaged(path: Path, error: Exception) -> BadVideoError:
    reason = getattr(error, "strerror", None) or error
    return BadVideoError(f"{path} cannot be read as a video: {reason}", "convert it to MP4 first")
