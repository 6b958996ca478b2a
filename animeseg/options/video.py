"""The options of videos: what is made of the frames, and how frames hang together."""

from __future__ import annotations

from dataclasses import dataclass

from animeseg.errors import OptionError
from animeseg.options._knob import OptionSet, knob

CONTENTS = ("cutout", "mask", "identities")


@dataclass(frozen=True, kw_only=True)
class VideoOptions(OptionSet):
    """What a video is made of, beyond what holds for each of its frames."""

    content: str = knob(
        "cutout",
        "Video",
        "Content",
        "cutout: the characters; mask: white where they are; identities: each in a colour of its "
        "own, the same through the whole video.",
        choices=CONTENTS,
    )
    identities: tuple[str, ...] = knob(
        (),
        "Video",
        "Identities",
        "Numbers of the characters to keep, in the order in which they first appear; empty keeps "
        "all.",
    )
    smooth: int = knob(
        2,
        "Video",
        "Smooth",
        "Edges are steadied over this many frames before and after each, where the picture itself "
        "stays the same; 0 leaves every frame to itself.",
        span=(0, 5),
        step=1,
    )
    bridge: int = knob(
        3,
        "Video",
        "Bridge",
        "A character that is missed in up to this many frames, and found again, is carried "
        "through them.",
        span=(0, 10),
        step=1,
    )
    remember: int = knob(
        60,
        "Video",
        "Remember",
        "A character that comes back after up to this many frames, and looks the same, keeps its "
        "number.",
        span=(0, 1000),
        step=10,
    )
    quality: int = knob(
        80,
        "Video",
        "Quality",
        "Of formats that lose some: 100 is close to lossless, 50 is small.",
        span=(1, 100),
        step=1,
    )
    audio: bool = knob(True, "Video", "Audio", "Whether the sound is kept, where the format can.")

    def check(self) -> None:
        """Refuses identities that are no numbers."""
        for text in self.identities:
            if not text.isdecimal() or not 1 <= len(text) <= 9:
                raise OptionError("identities", f"got {text!r}", "give numbers from 1")

    def keeps(self, identity: int) -> bool:
        """Whether a character is kept."""
        return not self.identities or identity in map(int, self.identities)
