"""What a mask covers, said as an expression: ``character[0] - face``, ``@left | @right``.

    grammar.py    text -> `Expression`; errors name the column and what was expected
    picks.py      which instance is the leftmost, the largest, the nearest
    evaluate.py   `Expression` and a `Finder` -> `Instances`
    find.py       `Finder`s: who finds characters, faces and classes in a picture

Words: ``character``, ``face``, ``hand``, ``background``, or the name of a class of the detector
(in quotes if it is not a plain word). After a word or parentheses, ``[...]`` or ``@name`` picks:

    character              every character, an instance each
    character[0]           the first one, in the order the options ask for
    character[-1]          the last one
    character[0:2]         the first two; also [2:], [:-1], [0,2] and [*] for all
    character@largest      the largest one; also character[@largest]
    @left                  short for character@left

Operators, from the tightest to the loosest, ``|`` and ``-`` from left to right:

    !A        one instance: everything that is not in A
    A & B     each instance of A, as far as B covers it
    A | B     the instances of A and those of B (+ is the same)
    A - B     each instance of A without all of B

An instance of which nothing is left is dropped. So ``character - face`` gives as many instances as
there are characters, each without any face, and ``character - @largest`` all characters but the
largest, without the pixels they share with it.
"""

from __future__ import annotations

from animeseg.targets.evaluate import Finder, evaluate
from animeseg.targets.find import DETECTORS, PictureFinder, kind_options
from animeseg.targets.grammar import Expression, parse
from animeseg.targets.picks import PICKS, pick

DEFAULT_TARGET = "character"

__all__ = [
    "DEFAULT_TARGET",
    "DETECTORS",
    "PICKS",
    "Expression",
    "Finder",
    "PictureFinder",
    "evaluate",
    "kind_options",
    "parse",
    "pick",
]
