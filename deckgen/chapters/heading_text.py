"""The text of an HTML heading → Markdown that renders as the heading does: no Markdown is read inside raw HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from deckgen.model import Markdown

_PIECE = re.compile(
    r"(?P<math>\$\$[^$]+\$\$|\$[^$]+\$|\\\((?:(?!\\[()]).)*\\\))"
    r"|<(?P<element>code|kbd|tt|samp)(?:\s[^<>]*)?>(?P<code>(?:(?!</?(?:code|kbd|tt|samp)\b).)*)</(?P=element)\s*>"
    r"|<(?P<close>/?)(?P<tag>[a-z][a-z0-9]*)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_FORMATTING = re.compile(r"</?(?:b|strong|i|em|font|span|u|a|br)(?=[\s/>])[^<>]*>", re.IGNORECASE)
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "s": "~~", "strike": "~~"}
_KEPT = frozenset(("sub", "sup", "u", "mark", "img", "ruby", "rt", "rp", "small", "ins"))
_DROPPED = frozenset(("a", "font", "span", "big", "center", "p", "div", "label", "code", "kbd", "tt", "samp"))
_SPECIAL = re.compile(r"[\\`*<~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_LEADING = re.compile(r"^([#>+=-]|\d+(?=[.)]))")


def markdown_of_html(inner: str) -> Markdown:
    """Inner HTML of a heading, in one line.

    Formulas between dollar signs are kept, known inline tags become Markdown or stay, and everything that Markdown
    would take for markup is escaped.
    """
    parts: list[str] = []
    position = 0
    for start, end, markdown in _pieces(inner):
        parts += (_escape(html.unescape(inner[position:start])), markdown)
        position = end
    parts.append(_escape(html.unescape(inner[position:])))
    return Markdown(_LEADING.sub(r"\\\1", " ".join("".join(parts).split())))


def _pieces(inner: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and Markdown of everything that is not plain text."""
    for found in _PIECE.finditer(inner):
        if found["math"]:
            yield found.start(), found.end(), html.unescape(found[0])
        elif found["element"]:
            yield found.start(), found.end(), _code(html.unescape(_FORMATTING.sub("", found["code"])))
        elif (markdown := _tag(found)) is not None:
            yield found.start(), found.end(), markdown


def _tag(found: re.Match[str]) -> str | None:
    """What a tag becomes; None for what is no tag, such as ``<file>``."""
    name = found["tag"].lower()
    if name == "br":
        return " "
    if name in _MARKS:
        return _MARKS[name]
    if name in _KEPT:
        return found[0]
    return "" if name in _DROPPED else None


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text.strip() else ""


def _escape(text: str) -> str:
    # A backslash before a square bracket would open a formula.
    return re.sub(r"\[(?=[^\[\]]*\][(\[])", "&#91;", _SPECIAL.sub(r"\\\g<0>", text))
