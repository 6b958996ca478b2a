"""Films of drawn figures that move, with the truth about every frame."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from animeseg import Instances, ModelInfo, Options, Segmentation

SIZE = (96, 128)
NTSC = Fraction(1001, 24000)


@pytest.fixture(scope="session")
def figures():
    from animeseg.data.figures.drawing import draw_figure

    return [draw_figure(seed, height=80).rgba for seed in (3, 5)]


class Film:
    """Figures that walk over a quiet background.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB.
        masks: for each frame the (N, H, W) bool masks of the figures that are seen.
        alphas: (T, H, W) uint8, of all figures.
    """

    def __init__(self, figures, count, size=SIZE, speeds=(2, -1)):
        height, width = size
        across = np.linspace(90, 160, width)[None, :, None] + np.array([0, 10, 30])
        self.background = np.repeat(across, height, axis=0).astype(np.uint8)
        self.frames, self.masks, self.alphas = [], [], []
        starts = (4, width - 60)
        for number in range(count):
            image, masks = self.background.copy(), []
            total = np.zeros(size, np.uint8)
            for figure, start, speed in zip(figures, starts, speeds, strict=False):
                alpha = self._place(image, figure, start + speed * number)
                masks.append(alpha > 127)
                total = np.maximum(total, alpha)
            self.frames.append(image)
            self.masks.append(np.stack(masks))
            self.alphas.append(total)

    @staticmethod
    def _place(image, figure, left):
        """Draws a figure; gives its alpha in the picture."""
        height, width = image.shape[:2]
        alpha = np.zeros((height, width), np.uint8)
        rows = min(figure.shape[0], height - 8)
        first, last = max(0, left), min(width, left + figure.shape[1])
        if last > first:
            part = figure[:rows, first - left : last - left]
            share = part[:, :, 3:] / 255
            place = image[8 : 8 + rows, first:last]
            place[:] = np.rint(part[:, :, :3] * share + place * (1 - share))
            alpha[8 : 8 + rows, first:last] = part[:, :, 3]
        return alpha

    def segmenter(self, *, missed=(), notes=()):
        """A stand-in for the pipeline that knows the truth, but misses figures in some frames.

        Args:
            missed: pairs of frame and figure.
            notes: what every result tells.
        """
        number = iter(range(10**9))

        def segment(picture):
            at = next(number)
            kept = [i for i in range(len(self.masks[at])) if (at, i) not in missed]
            return Segmentation(
                size=picture.size,
                instances=Instances.from_masks(self.masks[at][kept]),
                options=Options(cutout_feather=0.0),
                models=(ModelInfo("detector", "truth", "0" * 64),),
                notes=tuple(notes),
                version="test",
                alpha=picture.alpha,
            )

        return segment


@pytest.fixture(scope="session")
def film(figures):
    return Film(figures, 14)


def write_film(path, film, *, times=None, sound=None, aspect=1):
    """Writes a film as a video, by PyAV and not by the code under test.

    Args:
        times: in ticks of 1/24000 s; default: 23.976 frames per second.
        sound: codec of a sound track, a tone.
        aspect: of the pixels.
    """
    import av

    times = times or [1001 * number for number in range(len(film.frames))]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1 / NTSC, options={"crf": "8"})
        stream.height, stream.width = film.frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        stream.codec_context.time_base = Fraction(1, 24000)
        track = container.add_stream(sound, rate=48000, layout="stereo") if sound else None
        for image, time in zip(film.frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = time, Fraction(1, 24000)
            container.mux(stream.encode(frame))
        if track is not None:
            seconds = (times[-1] + 1001) / 24000
            tone = np.sin(np.arange(int(48000 * seconds)) / 48000 * 440 * 2 * np.pi) * 8000
            for start in range(0, len(tone), 960):
                part = np.repeat(tone[start : start + 960].astype(np.int16), 2)[None]
                piece = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
                piece.sample_rate, piece.pts = 48000, start
                piece.time_base = Fraction(1, 48000)
                container.mux(track.encode(piece))
            container.mux(track.encode(None))
        container.mux(stream.encode(None))
    return path


def read_film(path):
    """What a file holds, read by PyAV or Pillow: frames, seconds, alphas, sound."""
    from animeseg.video.frames import Frame
    from animeseg.video.reading import open_video

    with open_video(path) as reader:
        events = list(reader)
        clip = reader.clip
    frames = [event for event in events if isinstance(event, Frame)]
    return SimpleNamespace(
        clip=clip,
        frames=[frame.picture.rgb for frame in frames],
        alphas=[frame.picture.alpha for frame in frames],
        seconds=[float(frame.time * clip.time_base) for frame in frames],
        sounds=[event for event in events if not isinstance(event, Frame)],
    )


@pytest.fixture
def tools():
    return SimpleNamespace(Film=Film, write=write_film, read=read_film)
