"""One HTML page with everything: tables, curves, breakdowns, the worst cases; and the same as JSON.

The page stands alone: pictures are inside it, and it loads nothing.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.errors import MissingDependencyError
from animeseg.evaluate.plots import CURVES, confusion, curve
from animeseg.evaluate.scores import NAMES, difference
from animeseg.files import write_file

if TYPE_CHECKING:
    from animeseg.evaluate.scores import Scores, Value

_TEMPLATE = Path(__file__).with_name("report.html.j2")

LOWER_IS_BETTER = frozenset({"mae", "sad"})


@dataclass(frozen=True)
class Section:
    """What the report says of one set.

    Attributes:
        title: of the set.
        scores: one per system; all others are compared with the first.
        worst: for each system pairs of (caption, WebP), worst first.
    """

    title: str
    scores: Sequence[Scores]
    worst: Mapping[str, Sequence[tuple[str, bytes]]] = field(default_factory=dict)


def write_report(path: Path, sections: Sequence[Section], facts: Mapping[str, str]) -> None:
    """Writes the page.

    Args:
        path: of the HTML file, replaced whole.
        sections: one per set.
        facts: versions, hashes, settings, shown at the end.

    Raises:
        MissingDependencyError: jinja2 or matplotlib is not installed.
        OutputError: it cannot be written.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingDependencyError(
            "the HTML report needs jinja2", "pip install 'animeseg[evaluate]'"
        ) from error
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["score"] = _shown
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    page = template.render(
        sections=[_section(section) for section in sections],
        facts=facts,
        headings=NAMES,
        lower_is_better=LOWER_IS_BETTER,
    )
    write_file(path, page.encode("utf-8"), overwrite=True)


def summary(sections: Sequence[Section], facts: Mapping[str, str]) -> dict[str, Any]:
    """The numbers of the page, ready for JSON; NaN becomes null."""
    return {
        "facts": dict(facts),
        "sets": {
            section.title: {one.system: _numbers(one) for one in section.scores}
            for section in sections
        },
    }


def write_summary(path: Path, sections: Sequence[Section], facts: Mapping[str, str]) -> None:
    """Writes `summary` as JSON.

    Raises:
        OutputError: it cannot be written.
    """
    text = json.dumps(_finite(summary(sections, facts)), indent=1, allow_nan=False)
    write_file(path, text.encode("utf-8"), overwrite=True)


def _section(section: Section) -> dict[str, Any]:
    present = [name for name in NAMES if name in section.scores[0].values]
    first = section.scores[0]
    return {
        "title": section.title,
        "scores": section.scores,
        "names": present,
        "best": {name: _best(name, section.scores) for name in present},
        "differences": {
            one.system: {name: difference(one, first, name) for name in present}
            for one in section.scores[1:]
        },
        "curves": {kind: _embedded(curve(kind, section.scores), "png") for kind in CURVES},
        "confusions": {one.system: _embedded(confusion(one), "png") for one in section.scores},
        "worst": {
            system: [(caption, _embedded(picture, "webp")) for caption, picture in shown]
            for system, shown in section.worst.items()
        },
    }


def _best(name: str, scores: Sequence[Scores]) -> float:
    known = [v for one in scores if math.isfinite(v := one.values[name].value)]
    if not known:
        return math.nan
    return min(known) if name in LOWER_IS_BETTER else max(known)


def _shown(value: Value | float) -> str:
    number = value if isinstance(value, int | float) else value.value
    return f"{number:.3f}" if math.isfinite(number) else "-"


def _embedded(picture: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"


def _numbers(one: Scores) -> dict[str, Any]:
    return {
        "pictures": one.pictures,
        "characters": one.characters,
        "confidence": one.confidence,
        "best confidence": one.best,
        "scores": {
            name: {"value": v.value, "low": v.low, "high": v.high} for name, v in one.values.items()
        },
        "confusion": dict(zip(("right", "wrong", "missed"), one.confusion, strict=True)),
        "empty pictures": {"all": one.empty[0], "with detection": one.empty[1]},
        "by size": one.by_size,
        "by count": one.by_count,
        "by group": one.by_group,
        "cost": one.cost,
        "worst": [one.names[n] for n in one.worst],
    }


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
