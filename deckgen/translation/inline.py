"""What stands inside a leaf block: the pieces that no translation may change, and whether a person has to read it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from deckgen.model import Language


class TokenKind(StrEnum):
    CODE = "code span"
    MATH = "formula"
    IMAGE = "image path"
    LINK = "link target"
    URL = "address"
    TAG = "HTML tag"
    FOOTNOTE = "footnote mark"
    BOLD = "bold mark"
    EMPHASIS = "emphasis mark"
    BRACKET = "opening bracket"
    ESCAPE = "escaped character"
    BREAK = "line break"
    TERM = "term that stays"


class Edge(StrEnum):
    """On which side of a piece of markup a blank would undo it."""

    PLAIN = "plain"
    OPENS = "opens"
    CLOSES = "closes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of inline markup. ``value`` is what must stay the same; the text of a link or an image is no token."""

    kind: TokenKind
    start: int
    end: int
    text: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link or an image, with the words that a reader sees."""

    kind: TokenKind
    text: str
    target: str


_PARTS = (
    ("brackets", r"\\[\[(]"),
    ("break", r"(?:\\|(?<![ ])[ ]{2,}+)\n"),
    ("skip", r"\\[\\`*_{}\[\]<>()#+\-.!$|~]"),
    ("code", r"(?<!`)(?P<ticks>`+)(?!`)(?:.*?[^`])(?P=ticks)(?!`)"),
    ("dollars", r"\$\$.+?\$\$"),
    ("dollar", r"(?<![\\$])\$(?![\s$])(?:[^$\\]|\\.)*?(?<!\s)\$(?!\d)"),
    ("comment", r"<!--"),
    ("autolink", r"<(?:https?|ftp|mailto):[^<>\s]*>"),
    ("tag", r"</?[A-Za-z][A-Za-z0-9-]*(?:\s+[\w:.-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))?)*\s*/?>"),
    ("footnote", r"\[\^[^\[\]\s]+\]"),
    ("opening", r"!?\["),
    ("target", r"\](?:\((?:[^()\s\"]|\([^()\s]*\)|[ ]++(?!\"))*(?:\s++\"[^\"]*\")?\s*+\)|\[[^\]]*\])"),
    ("close", r"\]"),
    ("bold", r"\*\*|__(?=\S)"),
    ("emphasis", r"~~|\*(?=[^\s*])|(?<=[^\s*])\*"),
    # As in GFM a full stop after it, or a bracket that closes one before it, is no part of an address.
    (
        "url",
        r"(?:https?://|(?<![A-Za-z0-9./@-])www\.(?=[A-Za-z0-9-]+\.))"
        r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'*+,;=%]|\([A-Za-z0-9\-._~:/?#@!$&'*+,;=%]*\))*(?:[A-Za-z0-9\-/#\]@$&+=%]|\([A-Za-z0-9\-._~:/?#@!$&'*+,;=%]*\))",
    ),
)
_SCAN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PARTS), re.DOTALL)
_ENDS = {"\\[": "\\]", "\\(": "\\)", "<!--": "-->"}
"""Of parts that the table gives the beginning of: a pattern would look for an end that is not there once for each."""
_MARKUP_ONLY = frozenset((TokenKind.EMPHASIS, TokenKind.BRACKET, TokenKind.ESCAPE, TokenKind.BREAK))
MARKS = frozenset((TokenKind.BOLD, TokenKind.EMPHASIS))
_EDGES = {TokenKind.BRACKET: Edge.OPENS} | dict.fromkeys(
    (TokenKind.LINK, TokenKind.IMAGE, TokenKind.BREAK), Edge.CLOSES
)
_MATH = frozenset(("dollars", "dollar", "brackets"))
_KINDS = {
    "code": TokenKind.CODE,
    "autolink": TokenKind.URL,
    "url": TokenKind.URL,
    "footnote": TokenKind.FOOTNOTE,
    "bold": TokenKind.BOLD,
    "comment": TokenKind.TAG,
    "skip": TokenKind.ESCAPE,
    "break": TokenKind.BREAK,
    "emphasis": TokenKind.EMPHASIS,
}
_SAID = re.compile(r"""(\b(?:alt|title)\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_CJK = re.compile(
    "[\u3000-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff01-\uff60\uffe0-\uffe6"
    "\U00020000-\U0003ffff]"
)
_LETTER = re.compile(r"[^\W\d_]")


@lru_cache(maxsize=1024)
def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a block in their order; each reaches from ``start`` to before ``end`` of ``text``."""
    return tuple(token for token in _scan(text) if token.kind not in _MARKUP_ONLY)


def protected(text: str) -> tuple[Token, ...]:
    """All that a machine must not see: the tokens, and the brackets, escapes and hard line breaks between them."""
    return tuple(sorted(_scan(text), key=lambda token: token.start))


def edged(found: Iterable[Token]) -> Iterator[tuple[Token, Edge]]:
    """Each token with its edge; of two equal marks the first one opens."""
    marks: Counter[str] = Counter()
    for token in found:
        edge = _EDGES.get(token.kind, Edge.PLAIN)
        if token.kind in MARKS:
            marks[token.text] += 1
            edge = Edge.OPENS if marks[token.text] % 2 else Edge.CLOSES
        yield token, edge


def links(text: str) -> tuple[Link, ...]:
    """The links and images of a block in the order in which they end."""
    pieces = list(_scan(text))
    return tuple(
        Link(kind=token.kind, text=text[opening.end : token.start], target=token.value)
        for opening, token in pairwise(pieces)
        if opening.kind is TokenKind.BRACKET and token.kind in (TokenKind.LINK, TokenKind.IMAGE)
    )


@lru_cache(maxsize=1024)
def words(text: str) -> str:
    """The text with every token but the bold marks replaced by a space: what a reader reads.

    The words within ``alt`` and ``title`` of an HTML tag are read too.
    """
    parts, last = [], 0
    for token in tokens(text):
        parts.append(text[last : token.start])
        said = _SAID.findall(text[token.start : token.end]) if token.kind is TokenKind.TAG else []
        parts.append(" ".join(["", *(value for _, value in said), ""]) if said else " ")
        last = token.end
    return "".join([*parts, text[last:]])


def is_translatable(text: str, language: Language) -> bool:
    """Whether a text in ``language`` has anything to translate outside its code, formulas and addresses.

    In Chinese, Japanese and Korean that takes a character or a punctuation mark of these scripts, since what has none
    is already as every reader knows it; in other languages a letter is enough.
    """
    pattern = _CJK if language.split("-")[0] in ("zh", "ja", "ko") else _LETTER
    return pattern.search(words(text)) is not None


def _scan(text: str) -> Iterator[Token]:
    openings: list[_Piece] = []
    for piece in _pieces(text):
        name, value = piece.name, piece.text
        if name in _MATH:
            yield _token(TokenKind.MATH, piece, " ".join(value.split()))
        elif name == "opening":
            openings.append(piece)
        elif name == "close" and openings:
            openings.pop()
        elif name == "target":
            opening = openings.pop() if openings else None
            if opening:
                yield _token(TokenKind.BRACKET, opening, opening.text)
            image = opening is not None and opening.text == "!["
            inner = re.sub(r"(?<!\s)\s+\"[^\"]*\"\s*(?=\)$)", "", value[1:])
            yield _token(TokenKind.IMAGE if image else TokenKind.LINK, piece, inner[1:-1].strip())
        elif name == "tag":
            yield _token(TokenKind.TAG, piece, " ".join(_SAID.sub(r'\1""', value).split()))
        elif name in _KINDS:
            yield _token(_KINDS[name], piece, value)


@dataclass(frozen=True, slots=True)
class _Piece:
    name: str
    start: int
    text: str


def _pieces(text: str) -> Iterator[_Piece]:
    """What the table finds, in order; where a formula or a comment has no end, its beginning is no more than text."""
    position = 0
    endless: set[str] = set()
    while found := _SCAN.search(text, position):
        name, start, position = found.lastgroup or "", found.start(), found.end()
        if (mark := _ENDS.get(found[0])) is not None:
            # A formula holds a character at least.
            end = -1 if mark in endless else text.find(mark, position + (name == "brackets"))
            if end >= 0:
                position = end + len(mark)
            else:
                endless.add(mark)
                name = "skip" if name == "brackets" else ""
        yield _Piece(name, start, text[start:position])


def _token(kind: TokenKind, piece: _Piece, value: str) -> Token:
    return Token(kind=kind, start=piece.start, end=piece.start + len(piece.text), text=piece.text, value=value)
