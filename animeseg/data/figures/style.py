"""The attributes of a drawn figure."""

from __future__ import annotations

from dataclasses import dataclass

from animeseg.data.figures.scene import Colour
from animeseg.data.figures.shading import Finish, Look, Shading


@dataclass(frozen=True)
class FigureStyle:
    """Every choice that makes one figure differ from another.

    Angles are degrees, positive clockwise as seen; lengths are in head heights. The keys are
    those of the tables in `animeseg.data.figures.vocabulary`.

    Attributes:
        framing: Key of `FRAMINGS`: how much of the body is in view.
        heads: Body height in heads; below 3.5 the figure is drawn in chibi proportions.
        view: Key of `VIEWS`.
        yaw: Turn of the head; its sign is the side the figure looks to.
        pitch: Nod of the head, -1 (up) to 1 (down).
        roll: Sideways tilt of the head.
        lean: Tilt of the torso.
        camera: Height of the camera, -1 (from below: long legs) to 1 (from above: large head).
        tilt: Rotation of the whole picture.
        masculine: Whether shoulders are broad and the waist straight.
        build: Multiplier of body widths.
        arms: Keys of `ARMS`, viewer's left and right.
        legs: Key of `LEGS`.
        back_hair: Key of `BACK_HAIR`.
        tails: Key of `TAILS`.
        fringe: Key of `FRINGES`.
        side_locks: Length of the locks in front of the ears; 0 for none.
        volume: Multiplier of the hair's thickness.
        wind: Sideways drift of hair and cloth, -1 to 1.
        ahoge: Whether a single strand stands up.
        hair: Hair colour.
        hair_tips: Colour the hair fades into, or None.
        skin: Skin colour.
        eyes: Key of `EYES`.
        eye_colours: Iris colours, viewer's left and right.
        eye_size: Multiplier of the eye size.
        eye_line: Height of the eyes below the skull's middle.
        eye_gap: Distance of the eyes from the middle of the face.
        iris: Key of `IRISES`.
        jaw: Multiplier of the jaw's width.
        expression: Key of `EXPRESSIONS`.
        blush: Strength of the blush, 0 to 1.
        outfit: Key of `OUTFITS`.
        sleeves: Covered share of the arm, 0 to 1.
        trousers: Whether trousers replace the skirt, where the outfit allows both.
        hem: Length of skirts and coats, as a share of the leg.
        stockings: Covered share of the leg, 0 to 1.
        pattern: Key of `PATTERNS`, printed on the clothes.
        colours: Main, second and accent colour of the clothes.
        extras: Keys of `EXTRAS`.
        held: Key of `HELD`.
        shading: Key of `SHADINGS`.
        finish: Key of `FINISHES`: what is laid over the finished colours.
        ink: Line colour, or None for lines derived from the fills.
        line_width: Line width in pixels at height 768; 0 draws no lines.
        light: Side the light comes from, -1 (left) or 1 (right).
        shadow: Strength of the shadows, 0 to 1.
    """

    framing: str
    heads: float
    view: str
    yaw: float
    pitch: float
    roll: float
    lean: float
    camera: float
    tilt: float
    masculine: bool
    build: float
    arms: tuple[str, str]
    legs: str
    back_hair: str
    tails: str
    fringe: str
    side_locks: float
    volume: float
    wind: float
    ahoge: bool
    hair: Colour
    hair_tips: Colour | None
    skin: Colour
    eyes: str
    eye_colours: tuple[Colour, Colour]
    eye_size: float
    eye_line: float
    eye_gap: float
    iris: str
    jaw: float
    expression: str
    blush: float
    outfit: str
    sleeves: float
    trousers: bool
    hem: float
    stockings: float
    pattern: str
    colours: tuple[Colour, Colour, Colour]
    extras: tuple[str, ...]
    held: str
    shading: Shading
    finish: Finish
    ink: Colour | None
    line_width: float
    light: float
    shadow: float

    @property
    def chibi(self) -> bool:
        """Whether the figure has chibi proportions."""
        return self.heads < 3.5

    @property
    def from_behind(self) -> bool:
        """Whether the face is hidden."""
        return self.view == "back"

    @property
    def in_profile(self) -> bool:
        """Whether the head is seen from the side."""
        return self.view == "profile"

    @property
    def facing(self) -> float:
        """The side the figure looks to, -1 (left) or 1 (right)."""
        return -1.0 if self.yaw < 0 else 1.0

    @property
    def body_turn(self) -> float:
        """Turn of the torso, which follows the head up to a limit."""
        share = 0.3 if self.from_behind else 0.7
        return min(max(share * self.yaw, -44.0), 44.0)

    @property
    def look(self) -> Look:
        """How shapes of this style become pixels."""
        return Look(
            shading=self.shading,
            ink=self.ink,
            line_width=self.line_width,
            light=(-0.75 * self.light, 0.66),
            shadow=self.shadow,
            finish=self.finish,
            wobble=0.9 if self.shading == "sketch" else 0.0,
        )
