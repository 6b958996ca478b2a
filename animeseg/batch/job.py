"""What a run is to make, and whether a file may be written: decided from the ledger.

Rules, in this order:

- ``resume`` leaves alone what is complete and was made from the same bytes in the same way.
- A file that is not there is written.
- ``overwrite`` replaces files, but never one that lies among the pictures of the run and that the
  ledger does not know as a result: it would be an original.
- ``resume`` replaces results of the same picture that were made in another way, or left by an
  interrupted run, unless somebody changed them since.
- Anything else is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.batch.ledger import Ledger, Made, Origin
from animeseg.batch.naming import absolute, is_numbered, openable, output_path
from animeseg.batch.report import Row
from animeseg.batch.sources import Source
from animeseg.errors import OutputExistsError
from animeseg.export import pixel_hash
from animeseg.instances import ModelInfo
from animeseg.options import Options, OutputOptions, knobs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def recipe_of(
    options: Options, models: Sequence[ModelInfo], backdrop: Backdrop | None = None
) -> str:
    """Hash of everything besides the picture that decides a result.

    Where the networks run (section Machine) is left out: going on with another device must not do
    everything again.
    """
    values = {
        name: value
        for name, value in options.as_dict().items()
        if knobs()[name].section != "Machine"
    }
    weights = sorted((model.role, model.sha256) for model in models)
    parts: list[object] = [values, weights]
    if backdrop is not None and (looks := backdrop.looks()):
        parts.append(looks)
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, eq=False)
class Backdrop:
    """What stands behind the characters of cut-outs.

    Attributes:
        output: its options about the background.
        picture: (h, w, 3) uint8 RGB, for the background ``picture``.
    """

    output: OutputOptions = field(default_factory=OutputOptions)
    picture: NDArray[np.uint8] | None = None

    def looks(self) -> dict[str, object]:
        """Everything that decides how it looks, ready for JSON; empty if nothing stands there."""
        chosen = {
            name: value
            for name, value in self.output.changed().items()
            if name.startswith("background") and name != "background_picture"
        }
        if self.picture is not None:
            chosen["picture"] = pixel_hash(self.picture)
        return chosen


@dataclass(frozen=True)
class Job:
    """What to make of every picture, and where.

    Attributes:
        out: output directory, absolute; it exists.
        kinds: of output, see `animeseg.batch.naming.OUTPUTS`.
        ledger: of ``out``.
        recipe: see `recipe_of`.
        overwrite: replace files that exist.
        resume: skip what is complete.
        backdrop: what stands behind the characters of cut-outs.
        may_be_original: whether a file lies where the pictures of the run are taken from.
    """

    out: Path
    kinds: tuple[str, ...]
    ledger: Ledger
    recipe: str
    overwrite: bool = False
    resume: bool = False
    backdrop: Backdrop = field(default_factory=Backdrop)
    may_be_original: Callable[[Path], bool] = lambda path: False

    def origin(self, source: Source, sha256: str) -> Origin:
        """What the results of ``source`` are made from."""
        return Origin(source.key, str(absolute(source.path)), sha256, self.recipe)

    def skipped(self, source: Source, origin: Origin) -> Row | None:
        """The row of a picture of which everything is complete, or None."""
        made = [self.ledger.made(origin.key, kind) for kind in self.kinds]
        if not self.resume or not all(self._complete(one, origin) for one in made):
            return None
        files = tuple(self.out / name for one in made if one for name in one.files)
        characters = next((one.characters for one in made if one), None)
        return Row(source.path, "skipped", characters, outputs=files)

    def kinds_to_make(self, origin: Origin) -> tuple[str, ...]:
        """The kinds of output that are not complete.

        Raises:
            OutputExistsError: a file is in the way. How many files the numbered kinds need is not
                known yet: `may_replace` decides again when they are written.
        """
        wanted = []
        for kind in self.kinds:
            made = self.ledger.made(origin.key, kind)
            if self.resume and self._complete(made, origin):
                continue
            wanted.append(kind)
            first = output_path(self.out, origin.key, kind, 1 if is_numbered(kind) else None)
            for path in {first, *(self.out / name for name in (made.files if made else ()))}:
                self.may_replace(path, origin, made)
        return tuple(wanted)

    def may_replace(self, path: Path, origin: Origin, made: Made | None) -> bool:
        """Whether ``path`` exists and may be replaced; False if it does not exist.

        Args:
            path: of an output.
            origin: what it is to be made from.
            made: what the ledger knows about this kind of output of the picture.

        Raises:
            OutputExistsError: it exists and must stay.
        """
        if not os.path.lexists(openable(path)):
            return False
        name = path.relative_to(self.out).as_posix()
        known = made is not None and name in made.files
        if self.overwrite:
            if known or not self.may_be_original(path):
                return True
            raise OutputExistsError(
                f"{path} is not a result of animeseg and lies among the pictures",
                "choose another --out; files there are never overwritten",
            )
        if not self.resume:
            cure = "give --resume to keep what is complete, --overwrite to make it again"
            raise OutputExistsError(f"{path} exists", f"{cure}, or another --out")
        if made is None or not known:
            reason = "exists and is not a result of animeseg"
        elif origin.sha256 != made.origin.sha256 and origin.source != made.origin.source:
            reason = f"was made from another picture, {made.origin.source}"
        elif made.files[name] not in (None, _size_of(path)):
            reason = "was changed after it was made"
        else:
            return True
        raise OutputExistsError(f"{path} {reason}", "move it away, or give --overwrite")

    def _complete(self, made: Made | None, origin: Origin) -> bool:
        if made is None or not made.done:
            return False
        if (made.origin.sha256, made.origin.recipe) != (origin.sha256, origin.recipe):
            return False
        return all(_size_of(self.out / name) == size for name, size in made.files.items())


def _size_of(path: Path) -> int | None:
    try:
        return openable(path).stat().st_size
    except OSError:
        return None
