"""Every text of the page. Labels are keys of translations: they are frozen, and hold no numbers."""

from __future__ import annotations

import re
from html import escape

from animeseg.errors import AnimesegError, MissingWeightsError, OptionError
from animeseg.instances import Note

_WORD = re.compile(r"[^\W\d_]+(?![-._\w])")

GESTURES = frozenset({"click", "box", "remove", "start", "kinds"})
"""What errors are about that no option is, and the reader knows without being told."""

TITLE = "animeseg"

PAGE_CUT, PAGE_FOLDER, PAGE_VIDEO, PAGE_MODELS = "Cut out", "Many pictures", "Video", "Models"

PICTURE = "Picture"
RESULT = "Result"
TOOL = "A click on the picture"
TOOLS = {
    "pick": "picks",
    "include": "adds +",
    "exclude": "takes away \u2212",
    "box": "box",
}
WORK_ON = "Works on"
AUTOMATIC = "the nearest"
NEW_CHARACTER = "new character"
UNDO, REMOVE, STOP, FIND = "Undo", "Remove character", "Stop", "Find characters"
CHARACTERS = "Characters in the result"
EVERY_ONE, NO_ONE = "All", "None"
FOUND = "Found"
VIEW = "Show"
VIEWS = {"cutout": "cut-out", "mask": "mask", "overlay": "overlay"}
DOWNLOADS = {
    "png": "Download PNG",
    "mask": "Download mask",
    "layers": "Download layers",
    "json": "Download record",
}
FILES = "Files"
SEND = {"inpaint": "Send to inpaint", "img2img": "Send to img2img", "extras": "Send to extras"}
CORRECTION = "Save as training data"
EDGES, BACKGROUND, TARGET, FINDING = "Edges", "Background", "What is cut out", "Finding"
BEHIND = "Picture behind the characters"

FOLDER_IN, FOLDER_OUT = "Folder of pictures", "Folder for results"
PICTURES = "Pictures"
RECURSIVE = "With the folders inside"
GO_ON = "Leave out what is done already"
KINDS = "What is made"
START, STOP_BATCH = "Start", "Stop"
REPORT_HEADS = ("Picture", "State", "Characters", "Time", "Remark")
RESULTS = "Results"

VIDEO, FORMAT = "Video or animation", "Format"

MODEL = "Model"
WEIGHT_BUTTONS = {
    "fetch": "Download",
    "stop": "Stop",
    "verify": "Verify",
    "remove": "Remove file",
    "look": "Refresh",
}
ACCEPT = "Accept a file whose hash is not known"
WEIGHT_HEADS = ("Name", "What it is", "Kind", "Licence", "Size", "State")
KIND_NAMES = {"detector": "detector", "sam": "Segment Anything"}
STATES = {
    "absent": "not here",
    "present": "here",
    "verified": "here, verified",
    "unverifiable": "here, no hash known",
    "mismatch": "damaged",
}
BUNDLED = "comes with animeseg"

WELCOME = "Drop a picture on the left. Its characters are found at once."
FOLDER_WELCOME = "Drop pictures, or name a folder. Nothing is ever overwritten."
WEIGHTS_WELCOME = "Choose a model and press Download. Nothing is fetched by itself."
VIDEO_WELCOME = "Drop a video or an animation. Its characters are followed from frame to frame."
UPLOAD_WELCOME = "Drop pictures; the results come as one ZIP file."


def message(text: str, cure: str = "", kind: str = "info") -> str:
    """One line for the reader, as HTML; ``kind`` is ``info``, ``good``, ``note`` or ``error``."""
    more = f' <span class="animeseg_cure">{escape(_sentence(cure))}</span>' if cure else ""
    role = ' role="alert"' if kind == "error" else ""
    return f'<div class="animeseg_message {kind}"{role}>{escape(_sentence(text))}{more}</div>'


def told(error: AnimesegError) -> str:
    """An error for the reader: what is wrong and what to do, never a traceback."""
    cause, cure = error.cause, error.cure
    if isinstance(error, OptionError) and error.field in GESTURES:
        cause = cause.removeprefix(f"{error.field}: ")
    if isinstance(error, MissingWeightsError):
        cure = "open Models on this page, choose it and press Download"
    return message(cause, cure, "error")


def unforeseen() -> str:
    """What is said about an error nobody foresaw."""
    return message(
        "something went wrong in animeseg itself",
        "the console says what; your picture is not lost",
        "error",
    )


def found(characters: int, chosen: int, notes: tuple[Note, ...]) -> str:
    """How many characters there are, and what the networks had to tell."""
    if not characters:
        first = message(
            "no character was found",
            "choose a click that adds, or draw a box around one; or lower Confidence",
            "note",
        )
    else:
        count = "1 character" if characters == 1 else f"{characters} characters"
        some = "" if chosen == characters else f", {chosen} of them in the result"
        first = message(f"{count} found{some}", "click one to put it in or leave it out", "good")
    unique = dict.fromkeys((note.message, note.cure) for note in notes)
    return first + "".join(message(text, cure, "note") for text, cure in unique)


def _sentence(text: str) -> str:
    # A name of a model or a file keeps its small letter.
    shown = text[:1].upper() + text[1:] if _WORD.match(text) else text
    return shown if shown.endswith((".", "!", "?", ":")) else shown + "."
