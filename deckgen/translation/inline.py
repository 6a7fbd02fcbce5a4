"""What stands inside a leaf block: the pieces that no translation may change, and whether a person has to read it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

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


class Token(Struct, frozen=True, kw_only=True):
    """A piece of inline markup. ``value`` is what must stay the same; of a link or an image ``words`` is what stands in
    its brackets, and its target alone is the token.
    """

    kind: TokenKind
    start: int
    end: int
    text: str
    value: str
    words: str = ""


_MATH = r"\\[\[(]|\$\$.+?\$\$|(?<![\\$])\$(?![\s$])(?:[^$\\]|\\.)*?(?<!\s)\$(?!\d)"
_TAG = r"<!--|</?[A-Za-z][A-Za-z0-9-]*(?:\s+[\w:.-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))?)*\s*/?>"
_LINK = r"\](?:\((?:[^()\s\"]|\([^()\s]*\)|[ ]++(?!\"))*(?:\s++\"[^\"]*\")?\s*+\)|\[[^\]]*\])"
# As in GFM a full stop after it, or a bracket that closes one before it, is no part of an address.
_URL = (
    r"<(?:https?|ftp|mailto):[^<>\s]*>|(?:https?://|(?<![A-Za-z0-9./@-])www\.(?=[A-Za-z0-9-]+\.))"
    r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'*+,;=%]|\([A-Za-z0-9\-._~:/?#@!$&'*+,;=%]*\))*(?:[A-Za-z0-9\-/#\]@$&+=%]|\([A-Za-z0-9\-._~:/?#@!$&'*+,;=%]*\))"
)
_PATTERNS = {
    TokenKind.MATH: _MATH,
    TokenKind.BREAK: r"(?:\\|(?<![ ])[ ]{2,}+)\n",
    TokenKind.ESCAPE: r"\\[\\`*_{}\[\]<>()#+\-.!$|~]",
    TokenKind.CODE: r"(?<!`)(?P<ticks>`+)(?!`)(?:.*?[^`])(?P=ticks)(?!`)",
    TokenKind.TAG: _TAG,
    TokenKind.FOOTNOTE: r"\[\^[^\[\]\s]+\]",
    TokenKind.BRACKET: r"!?\[",
    TokenKind.LINK: _LINK,
    TokenKind.BOLD: r"\*\*|__(?=\S)",
    TokenKind.EMPHASIS: r"~~|\*(?=[^\s*])|(?<=[^\s*])\*",
    TokenKind.URL: _URL,
}
_SCAN = re.compile("|".join(f"(?P<{kind.name}>{found})" for kind, found in _PATTERNS.items()) + r"|\]", re.DOTALL)
_ENDS = {"\\[": "\\]", "\\(": "\\)", "<!--": "-->"}
"""Of pieces that the table gives the beginning of: a pattern would look for an end that is not there once for each."""
_MARKUP_ONLY = frozenset((TokenKind.EMPHASIS, TokenKind.BRACKET, TokenKind.ESCAPE, TokenKind.BREAK))
MARKS = frozenset((TokenKind.BOLD, TokenKind.EMPHASIS))
_EDGES = {TokenKind.BRACKET: Edge.OPENS} | dict.fromkeys(
    (TokenKind.LINK, TokenKind.IMAGE, TokenKind.BREAK), Edge.CLOSES
)
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


def replaced(text: str, pieces: Iterable[tuple[int, int, str]]) -> str:
    """``text`` with what stands from each start to before its end replaced; in order, and none within another."""
    parts, last = [], 0
    for start, end, piece in pieces:
        parts += [text[last:start], piece]
        last = end
    return "".join([*parts, text[last:]])


@lru_cache(maxsize=1024)
def words(text: str) -> str:
    """The text with every token replaced by a space: what a reader reads.

    The words within ``alt`` and ``title`` of an HTML tag are read too.
    """

    def read(token: Token) -> str:
        said = _SAID.findall(token.text) if token.kind is TokenKind.TAG else []
        return " ".join(["", *(value for _, value in said), ""])

    return replaced(text, ((token.start, token.end, read(token)) for token in tokens(text)))


def is_translatable(text: str, language: Language) -> bool:
    """Whether a text in ``language`` has anything to translate outside its code, formulas and addresses.

    In Chinese, Japanese and Korean that takes a character or a punctuation mark of these scripts, since what has none
    is already as every reader knows it; in other languages a letter is enough.
    """
    pattern = _CJK if language.split("-")[0] in ("zh", "ja", "ko") else _LETTER
    return pattern.search(words(text)) is not None


def _scan(text: str) -> Iterator[Token]:
    """What the table finds; where a formula or a comment has no end, its beginning is no more than text."""
    position = 0
    openings: list[Token] = []
    endless: set[str] = set()
    while found := _SCAN.search(text, position):
        start, position = found.span()
        if found.lastgroup is None:
            if openings:
                openings.pop()
            continue
        kind = TokenKind[found.lastgroup]
        if mark := _ENDS.get(found[0]):
            # A formula holds a character at least.
            end = -1 if mark in endless else text.find(mark, position + (kind is TokenKind.MATH))
            if end >= 0:
                position = end + len(mark)
            else:
                endless.add(mark)
                if kind is TokenKind.TAG:
                    continue
                kind = TokenKind.ESCAPE
        piece, words = text[start:position], ""
        if kind is TokenKind.LINK and openings:
            opening = openings.pop()
            yield opening
            words = text[opening.end : start]
            kind = TokenKind.IMAGE if opening.text == "![" else kind
        token = Token(kind=kind, start=start, end=position, text=piece, value=_value(kind, piece), words=words)
        if kind is TokenKind.BRACKET:
            openings.append(token)
        else:
            yield token


def _value(kind: TokenKind, text: str) -> str:
    if kind is TokenKind.MATH:
        return " ".join(text.split())
    if kind in (TokenKind.LINK, TokenKind.IMAGE):
        return re.sub(r"(?<!\s)\s+\"[^\"]*\"\s*(?=\)$)", "", text[1:])[1:-1].strip()
    if kind is TokenKind.TAG and not text.startswith("<!--"):
        return " ".join(_SAID.sub(r'\1""', text).split())
    return text
