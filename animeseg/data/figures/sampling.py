"""How the attributes of a drawn figure are sampled."""

from __future__ import annotations

import numpy as np

from animeseg.data.figures.palette import (
    hsv,
    mix,
    random_hair,
    random_skin,
    random_vivid,
)
from animeseg.data.figures.scene import Colour
from animeseg.data.figures.shading import Finish, Shading
from animeseg.data.figures.style import FigureStyle
from animeseg.data.figures.vocabulary import (
    ARMS,
    BACK_HAIR,
    EXPRESSIONS,
    EXTRAS,
    EYES,
    FINISHES,
    FRAMINGS,
    FRINGES,
    HELD,
    IRISES,
    LEGS,
    OUTFITS,
    PATTERNS,
    SHADINGS,
    TAILS,
    VIEWS,
    pick,
)

_PAIRED = ("crossed", "clasped", "behind head")  # poses that need both arms
# What conventionally masculine figures wear their hair and clothes like.
_SHORT_HAIR = {"short": 0.5, "spiky": 0.35, "bob": 0.1, "medium": 0.05}
_MENS_OUTFITS = {
    name: OUTFITS[name] for name in ("blazer", "hoodie", "coat", "armour", "shirt", "kimono")
}


def sample_style(rng: np.random.Generator) -> FigureStyle:
    """Return a random style: all attributes, drawn so that the common ones are common."""
    view = pick(rng, VIEWS)
    chibi = rng.random() < 0.14
    masculine = bool(rng.random() < 0.24)
    conventional = masculine and rng.random() < 0.75
    framing = "full" if chibi and rng.random() < 0.8 else pick(rng, FRAMINGS)
    shading = pick(rng, SHADINGS)
    finish = pick(rng, FINISHES)
    hair, skin = random_hair(rng), random_skin(rng)
    return FigureStyle(
        framing=framing,
        heads=rng.uniform(2.1, 3.2) if chibi else rng.uniform(5.2, 7.2),
        view=view,
        yaw=_sample_yaw(rng, view),
        pitch=float(np.clip(rng.normal(0, 0.4), -1, 1)),
        roll=float(np.clip(rng.normal(0, 8), -24, 24)),
        lean=float(np.clip(rng.normal(0, 6), -18, 18)),
        camera=float(rng.uniform(-1.0, 1.0)) if rng.random() < 0.3 else 0.0,
        tilt=_sample_tilt(rng),
        masculine=masculine,
        build=float(rng.uniform(0.92, 1.12)),
        arms=_sample_arms(rng),
        legs=pick(rng, LEGS),
        back_hair=pick(rng, _SHORT_HAIR if conventional else BACK_HAIR),
        tails="none" if conventional else pick(rng, TAILS),
        fringe=pick(rng, FRINGES),
        side_locks=_sample_side_locks(rng, conventional),
        volume=float(rng.uniform(0.85, 1.3) if rng.random() < 0.85 else rng.uniform(1.3, 2.0)),
        wind=float(np.clip(rng.normal(0, 0.4), -1, 1)),
        ahoge=bool(rng.random() < 0.3),
        hair=hair,
        hair_tips=random_hair(rng) if rng.random() < 0.22 else None,
        skin=skin,
        eyes=pick(rng, EYES),
        eye_colours=_sample_irises(rng),
        eye_size=float(rng.uniform(0.85, 1.18) * (1.12 if chibi else 1.0)),
        eye_line=float(rng.uniform(0.09, 0.17)),
        eye_gap=float(rng.uniform(0.172, 0.205)),
        iris=pick(rng, IRISES),
        jaw=float(rng.uniform(0.78, 1.2)),
        expression=pick(rng, EXPRESSIONS),
        blush=float(rng.uniform(0.2, 0.8)) if rng.random() < 0.55 else 0.0,
        outfit=pick(rng, _MENS_OUTFITS if conventional else OUTFITS),
        sleeves=float(rng.choice([0.0, 0.25, 0.45, 0.95, 1.0])),
        trousers=conventional or bool(rng.random() < 0.3),
        hem=float(rng.uniform(0.3, 0.95)),
        stockings=float(rng.choice([0.0, 0.35, 0.6, 0.75, 1.0])),
        pattern=pick(rng, PATTERNS),
        colours=_sample_clothes(rng),
        extras=tuple(name for name, chance in EXTRAS.items() if rng.random() < chance),
        held=pick(rng, HELD),
        shading=shading,
        finish=finish,
        ink=_sample_ink(rng, hair, shading),
        line_width=_sample_line_width(rng, shading, finish),
        light=float(rng.choice([-1.0, 1.0])),
        shadow=float(rng.uniform(0.6, 1.1)),
    )


def _sample_yaw(rng: np.random.Generator, view: str) -> float:
    low, high = {"three-quarter": (14, 42), "profile": (96, 108)}.get(view, (0, 10))
    return float(rng.uniform(low, high) * rng.choice([-1.0, 1.0]))


def _sample_irises(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """Return the colours of both eyes, now and then two different ones."""
    first = hsv(rng.uniform(0, 360), rng.uniform(0.45, 0.9), rng.uniform(0.45, 0.9))
    return first, hsv(rng.uniform(0, 360), 0.7, 0.7) if rng.random() < 0.05 else first


def _sample_side_locks(rng: np.random.Generator, short: bool) -> float:
    """Return the length of the side locks: none, beside the face, or down over the chest."""
    kind = rng.random()
    if kind < 0.22:
        return 0.0
    if kind < 0.78 or short:
        return float(rng.uniform(0.35, 0.7 if short else 1.3))
    return float(rng.uniform(1.4, 2.6))


def _sample_tilt(rng: np.random.Generator) -> float:
    """Mostly upright, sometimes dynamic, rarely lying or upside down."""
    kind = rng.random()
    if kind < 0.6:
        return float(rng.normal(0, 3))
    if kind < 0.93:
        return float(rng.uniform(-25, 25))
    return float(rng.uniform(-180, 180))


def _sample_arms(rng: np.random.Generator) -> tuple[str, str]:
    first = pick(rng, ARMS)
    if first in _PAIRED or rng.random() < 0.35:
        return first, first
    second = pick(rng, {k: v for k, v in ARMS.items() if k not in _PAIRED})
    return first, second


def _sample_clothes(rng: np.random.Generator) -> tuple[Colour, Colour, Colour]:
    """Return main, second and accent colours; the second is often a relative of the first."""
    main = random_vivid(rng)
    second = random_vivid(rng)
    if rng.random() < 0.3:
        second = mix(main, (255.0, 255.0, 255.0), 0.7)
    return main, second, random_vivid(rng)


def _sample_ink(rng: np.random.Generator, hair: Colour, shading: Shading) -> Colour | None:
    kind = rng.random()
    if shading == "screentone" or kind < 0.4:
        return 26.0, 22.0, 30.0
    if kind < 0.62:
        return mix(hair, (40.0, 16.0, 30.0), 0.72)
    if kind < 0.7:
        return hsv(rng.uniform(0, 360), 0.6, 0.5)
    return None


def _sample_line_width(rng: np.random.Generator, shading: Shading, finish: Finish) -> float:
    lineless = 0.5 if finish == "painted" else 0.08
    if shading in ("cel", "soft", "flat") and rng.random() < lineless:
        return 0.0
    return float(rng.choice([0.8, 1.2, 1.7, 2.4, 3.4], p=[0.2, 0.3, 0.28, 0.16, 0.06]))
