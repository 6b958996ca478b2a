"""The values that travel through a video's conversion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from animeseg.errors import MissingDependencyError

if TYPE_CHECKING:
    from animeseg.images import Picture
    from animeseg.instances import Note


@dataclass(frozen=True)
class Clip:
    """What is known of a video before its frames.

    Attributes:
        size: (height, width) of the upright frames.
        time_base: seconds that one tick of a `Frame.time` lasts.
        rate: frames per second, on average.
        frames: how many there are, or about; None if the file does not say.
        loops: how often an animation is shown; 0 is for ever.
        sounds: names of the codecs of the sound tracks.
        aspect: width of a pixel by its height, as it is meant to be shown.
        notes: what of the file is not read.
    """

    size: tuple[int, int]
    time_base: Fraction
    rate: Fraction
    frames: int | None = None
    loops: int = 0
    sounds: tuple[str, ...] = ()
    aspect: Fraction = Fraction(1)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame.

    Attributes:
        number: from 0.
        time: when it is shown, in ticks of `Clip.time_base`.
        duration: for how long, in ticks; 0 if the file does not say.
        picture: the frame.
    """

    number: int
    time: int
    duration: int
    picture: Picture


@dataclass(frozen=True, eq=False)
class Sound:
    """A piece of a sound track, as it is in the file.

    Attributes:
        track: which of `Clip.sounds`.
        packet: PyAV's packet.
    """

    track: int
    packet: Any


class Reader(Protocol):
    """An open video."""

    clip: Clip

    def __iter__(self) -> Iterator[Frame | Sound]:
        """Frames and pieces of sound in the order of the file."""
        ...

    def close(self) -> None:
        """Closes the file."""
        ...


def need_av() -> Any:
    """PyAV.

    Raises:
        MissingDependencyError: it is not installed, or cannot be imported.
    """
    try:
        import av
    except ImportError as error:
        raise MissingDependencyError(
            f"reading and writing videos needs PyAV ({error})", 'pip install "animeseg[video]"'
        ) from error
    return av
