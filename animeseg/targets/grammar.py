"""From the text of a target to its tree, by recursive descent; nothing is ever executed.

expression  = part (("|" | "+" | "-") part)*
part        = factor ("&" factor)*
factor      = "!" factor | picked
picked      = primary ("[" index "]" | "@" name)*
primary     = word | quoted | "@" name | "(" expression ")"
index       = "*" | "@" name | number? ":" number? | number ("," number)*
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from animeseg.errors import OptionError
from animeseg.targets.picks import PICKS

CHARACTER = "character"
BACKGROUND = "background"

_ALIASES = {"characters": CHARACTER, "faces": "face", "hands": "hand"}
_DEEPEST = 32
_HIGHEST = 9999
_CURE = "write for example character, @left, character[0] - face or !(character | face)"
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<word>[^\W\d]\w*)|(?P<number>-?\d+)"
    r"|(?P<quoted>\"[^\"]*\"|'[^']*')|(?P<sign>[-+|&!()\[\]@:,*])"
)


@dataclass(frozen=True)
class Name:
    """All instances of a kind: ``character``, ``face``, or a class of the detector."""

    kind: str


@dataclass(frozen=True)
class Picked:
    """Some instances of ``of``.

    Attributes:
        of: what is picked from.
        index: rows, a range of rows, or the name of a pick.
    """

    of: Node
    index: tuple[int, ...] | slice | str


@dataclass(frozen=True)
class Inverse:
    """Everything that is not in ``of``."""

    of: Node


@dataclass(frozen=True)
class Combined:
    """Two sets of instances joined by ``|``, ``&`` or ``-``."""

    sign: str
    left: Node
    right: Node


Node = Name | Picked | Inverse | Combined


@dataclass(frozen=True)
class Expression:
    """A target that was understood.

    Attributes:
        text: as it was written.
        root: its tree.
        kinds: what has to be found for it, in the order it is named, each once.
    """

    text: str
    root: Node
    kinds: tuple[str, ...]

    @property
    def leading(self) -> str:
        """The kind that is named first: whose instances a combination keeps."""
        return self.kinds[0]


def parse(text: str) -> Expression:
    """The expression that ``text`` stands for.

    Raises:
        OptionError: for ``target``; it names the column, what was expected and what stands there.
    """
    parser = _Parser(text)
    root = parser.expression()
    parser.end()
    return Expression(text, root, tuple(dict.fromkeys(_kinds(root))))


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int


def _tokens(text: str) -> list[_Token]:
    found = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            _fail(at + 1, "a word or an operator", repr(text[at]))
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(_Token(kind, match.group(), at + 1))
        at = match.end()
    return [*found, _Token("end", "", len(text) + 1)]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def expression(self) -> Node:
        left = self._part()
        while sign := self._take("|", "+", "-"):
            left = Combined("-" if sign == "-" else "|", left, self._part())
        return left

    def end(self) -> None:
        if self._next.kind != "end":
            self._expected("an operator or the end")

    def _part(self) -> Node:
        left = self._factor()
        while self._take("&"):
            left = Combined("&", left, self._factor())
        return left

    def _factor(self) -> Node:
        if self._take("!"):
            return Inverse(self._deeper(self._factor))
        return self._picked()

    def _picked(self) -> Node:
        node = self._primary()
        while sign := self._take("[", "@"):
            if sign == "@":
                node = Picked(node, self._pick_name())
                continue
            index = self._index()
            self._demand("]")
            node = node if index == slice(None) else Picked(node, index)
        return node

    def _primary(self) -> Node:
        token = self._next
        if token.kind in ("word", "quoted"):
            self._at += 1
            return _named(token)
        if self._take("@"):
            return Picked(Name(CHARACTER), self._pick_name())
        if self._take("("):
            node = self._deeper(self.expression)
            self._demand(")")
            return node
        return self._expected("a word such as character, or (, ! or @")

    def _index(self) -> tuple[int, ...] | slice | str:
        if self._take("*"):
            return slice(None)
        if self._take("@"):
            return self._pick_name()
        first = self._number()
        if self._take(":"):
            return slice(first, self._number())
        if first is None:
            self._expected("a number, a range such as 0:2, @name or *")
        rows = [first]
        while self._take(","):
            row = self._number()
            if row is None:
                self._expected("a number")
            rows.append(row)
        return tuple(rows)

    def _number(self) -> int | None:
        token = self._next
        if token.kind != "number":
            return None
        if len(token.text.lstrip("-")) > len(str(_HIGHEST)):
            self._expected(f"a number up to {_HIGHEST}")
        self._at += 1
        return int(token.text)

    def _pick_name(self) -> str:
        token = self._next
        if token.kind != "word" or token.text.lower() not in PICKS:
            self._expected("one of " + ", ".join(PICKS) + " after @")
        self._at += 1
        return token.text.lower()

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._expected(f"at most {_DEEPEST} levels of ( and !")
        node = read()
        self._depth -= 1
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *signs: str) -> str:
        token = self._next
        if token.kind == "sign" and token.text in signs:
            self._at += 1
            return token.text
        return ""

    def _demand(self, sign: str) -> None:
        if not self._take(sign):
            self._expected(sign)

    def _expected(self, what: str) -> NoReturn:
        token = self._next
        _fail(token.column, what, repr(token.text[:40]) if token.text else "the end")


def _fail(column: int, expected: str, found: str) -> NoReturn:
    raise OptionError("target", f"column {column}: expected {expected}, found {found}", _CURE)


def _named(token: _Token) -> Node:
    if token.kind == "quoted":
        name = token.text[1:-1].strip()
        if not name:
            _fail(token.column, "the name of a class between the quotes", token.text)
        return Name(name)
    word = token.text.lower()
    word = _ALIASES.get(word, word)
    return Inverse(Name(CHARACTER)) if word == BACKGROUND else Name(word)


def _kinds(node: Node) -> Iterator[str]:
    if isinstance(node, Name):
        yield node.kind
    elif isinstance(node, Combined):
        yield from _kinds(node.left)
        yield from _kinds(node.right)
    else:
        yield from _kinds(node.of)
