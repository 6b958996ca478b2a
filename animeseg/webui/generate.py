"""What the panel does in txt2img and img2img, hook by hook.

The script class of the host only hands its calls over:

    title()                          -> TITLE
    ui(is_img2img)                   -> panel.build(is_img2img); keep .infotext_fields and
                                        .paste_field_names on the script, return .components
    before_process(p, *args)         -> before_process(p, args)
    process(p, *args)                -> process(p, args)
    postprocess_image(p, pp, *args)  -> postprocess_image(p, pp, args)
    postprocess_image_after_composite(p, pp, *args)
                                     -> postprocess_image_after_composite(p, pp, args)
    postprocess(p, processed, *args) -> postprocess(p, processed, args)
    before_image_saved (callback)    -> animeseg.webui.gallery.keep_alpha(params)

While the panel is off, a hook looks at its first argument and returns. No hook ever raises, and
whatever happens the generated picture comes out as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from animeseg.webui import auto_mask, gallery, host
from animeseg.webui.finding import ends, find
from animeseg.webui.guard import tell
from animeseg.webui.infotext import CHARACTERS, FAILED, MASK_FAILED, NOTES, PER_PICTURE, write
from animeseg.webui.panel import TITLE
from animeseg.webui.panel_args import BACKDROP, NAMES, OWN_KEYS, Request, is_enabled, read_request
from animeseg.webui.pass_args import is_pass_key, read_passes_noting, write_passes
from animeseg.webui.pass_axes import with_axes

if TYPE_CHECKING:
    from animeseg.export import Product
    from animeseg.instances import Note
    from animeseg.options import PassOptions

__all__ = [
    "TITLE",
    "before_process",
    "postprocess",
    "postprocess_image",
    "postprocess_image_after_composite",
    "process",
]

_RUN = "animeseg_run"
AXES = "animeseg_axes"
"""Attribute of ``p``: option values that an axis of a grid sets."""


@dataclass(eq=False)
class Run:
    """One job of the host: what is asked for, and what was made so far.

    Attributes:
        request: from the panel.
        passes: inpaint passes, enabled or not.
        made: number of the picture in the job, and its products.
        told: what was said already.
    """

    request: Request
    passes: tuple[PassOptions, ...] = ()
    made: list[tuple[int, list[Product]]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


Hook = Callable[..., None]


def _hook(function: Hook) -> Hook:
    """Nothing is done while the panel is off; what fails is told and costs nothing."""

    @wraps(function)
    def safe(p: Any, *rest: Any) -> None:
        if not is_enabled(rest[-1]):
            return
        try:
            with host.holding_queue():
                function(p, *rest)
        except Exception as error:  # the edge: the picture comes out whatever happens
            line = tell(error, function.__name__)
            say(p, line)
            # The HTTP API hands on the parameters, but not what is said under the gallery.
            key = MASK_FAILED if function.__name__ == "before_process" else FAILED
            p.extra_generation_params[key] = line.removeprefix("[animeseg] ")

    return safe


def say(p: Any, text: str) -> None:
    """Shows ``text`` under the pictures of a job, once."""
    run = getattr(p, _RUN, None)
    if isinstance(run, Run):
        if text not in run.told:
            run.told.append(text)
    elif callable(comment := getattr(p, "comment", None)):
        comment(text)


@_hook
def before_process(p: Any, args: Sequence[Any]) -> None:
    """img2img: the characters of the input picture become the inpaint mask, if asked for."""
    run = _begin(p, args)
    auto_mask.apply(p, run.request, lambda note: say(p, f"[animeseg] {note}"))


@_hook
def process(p: Any, args: Sequence[Any]) -> None:
    """Writes the options into the generation parameters."""
    run = _run_of(p, args)
    parameters, request = p.extra_generation_params, run.request
    parameters.update(write(request.panel, request.output, request.options, without=_HIDDEN))
    parameters.update(write_passes(run.passes))


_HIDDEN = (BACKDROP, "device", "precision")


@_hook
def postprocess_image(p: Any, pp: Any, args: Sequence[Any]) -> None:
    """Makes the inpaint passes; in hosts before 1.8, which know no later hook, all the rest too."""
    from animeseg.webui.passes import run_passes  # with OpenCV behind it

    run = _run_of(p, args)
    try:
        passed = run_passes(p, pp.image, run.passes, run.request.options)
        pp.image = passed.image
        for note in passed.notes:
            say(p, f"[animeseg] {note}")
    finally:  # what fails in a pass costs nothing of the rest
        if not gallery.knows_composite(p):
            _work(p, pp, args)


@_hook
def postprocess_image_after_composite(p: Any, pp: Any, args: Sequence[Any]) -> None:
    """Works on a picture as it comes out, pasted back where only a part was drawn."""
    _work(p, pp, args)


@_hook
def postprocess(p: Any, processed: Any, args: Sequence[Any]) -> None:
    """Saves what was made and adds it after the pictures."""
    run = _run_of(p, args)
    try:
        # A grid shows the first picture of each cell: what its axis changes has to be there.
        leads = bool(set(getattr(p, AXES, {})) & set(NAMES))
        gallery.deliver(p, processed, run.made, lambda text: say(p, text), leads=leads)
    except Exception as error:  # told with the rest, and what is there already stays
        say(p, tell(error, "saving"))
    if run.told:
        before = getattr(processed, "comments", "") or ""
        processed.comments = before + "".join(f"{text}\n" for text in run.told)
    delattr(p, _RUN)


def _work(p: Any, pp: Any, args: Sequence[Any]) -> None:
    run = _run_of(p, args)
    for key in PER_PICTURE:
        p.extra_generation_params.pop(key, None)  # of the picture before
    if ends() or not run.request.output.outputs:
        return
    found, made, notes = _products(pp.image, run.request)
    p.extra_generation_params[CHARACTERS] = found
    run.made.append((_index(p, pp), made))
    for note in notes:
        say(p, f"[animeseg] {note}")
    if notes:
        p.extra_generation_params[NOTES] = ", ".join(sorted({note.code for note in notes}))


def _products(image: Any, request: Request) -> tuple[int, list[Product], tuple[Note, ...]]:
    """How many characters there are on ``image``, what is made of them, and what is to be told."""
    # Imported here, so that the panel is there (and says why) where a package is missing.
    from animeseg.export import products
    from animeseg.images import read_image
    from animeseg.webui.backdrop import read_backdrop

    picture = read_image(image)
    backdrop = read_backdrop(request)
    result = find(picture, request.options)
    made = list(products(picture.rgb, result, request.output, backdrop))
    return len(result), made, result.notes


def _index(p: Any, pp: Any) -> int:
    index = getattr(pp, "index", None)
    return index if isinstance(index, int) else host.image_index(p)


def _begin(p: Any, args: Sequence[Any]) -> Run:
    request = read_request(args, getattr(p, AXES, None))
    passes, more = read_passes_noting(request.rest)
    parameters = p.extra_generation_params
    for key in (*OWN_KEYS, *filter(is_pass_key, list(parameters))):
        parameters.pop(key, None)  # of the picture before, in a batch of img2img
    run = Run(request, with_axes(p, passes))
    setattr(p, _RUN, run)
    for note in (*request.notes, *more):
        say(p, f"[animeseg] {note}")
    return run


def _run_of(p: Any, args: Sequence[Any]) -> Run:
    run = getattr(p, _RUN, None)
    return run if isinstance(run, Run) else _begin(p, args)
