"""How deep a text or its HTML is nested, and what is shown instead where that is too deep for any reader."""

import re
from collections.abc import Iterable
from html import escape
from itertools import accumulate

from deckgen.model import Html

MAX_DEPTH = 200
"""Elements; a list item counts two. Parsers of HTML recurse, and some cut off silently beyond 255."""
MAX_CHARACTERS = 100_000
"""Of one text; the longest answer of a thousand real ones has 6,000."""
_SAFE_OPENERS = 1000
"""A tree of 3,000 levels overflows half a megabyte of stack, which some systems' threads have."""
_MANY_CONTAINERS = re.compile(rf"^(?:[ \t]*+(?:>|[-*+][ \t]|\d{{1,9}}[.)][ \t])){{{_SAFE_OPENERS}}}", re.MULTILINE)
_OPENERS = ">*_~[-+.)"
_BRACKET = re.compile(r"[\[\]]")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_UNCOUNTED = frozenset(
    """area base basefont br col dd dt embed frame hr img input li link meta option p param rp rt source tbody td tfoot
    th thead tr track wbr""".split()
)


def nests_safely(text: str) -> bool:
    """Whether so little in ``text`` could open anything that its tree cannot be deep, however it is read."""
    return len(text) <= _SAFE_OPENERS or sum(map(text.count, _OPENERS)) <= _SAFE_OPENERS


def begins_too_deep(text: str) -> bool:
    """Whether a line opens so many quotes and lists that parsers would take quadratic time to say so."""
    return len(text) > _SAFE_OPENERS and _MANY_CONTAINERS.search(text) is not None


def too_deep(html: str, text: str = "") -> bool:
    """Whether ``html``, balanced or not, nests more than ``MAX_DEPTH`` elements, or ``text`` far too many brackets."""
    # HTML does not show how deep an image's text is.
    if text.count("]") > _SAFE_OPENERS and deepest(mark == "]" for mark in _BRACKET.findall(text)) > _SAFE_OPENERS:
        return True
    tags = _TAG.findall(html) if html.count("<") > MAX_DEPTH else []
    return deepest(bool(slash) for slash, name in tags if name.lower() not in _UNCOUNTED) > MAX_DEPTH


def deepest(closes: Iterable[bool]) -> int:
    """How deep openings and closings, given in order, nest at most; a closing of nothing counts for nothing."""
    return max(accumulate(closes, lambda depth, closed: max(0, depth - 1) if closed else depth + 1, initial=0))


def preformatted(text: str) -> Html:
    """The text as it is."""
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text)
    return Html(f'<pre class="dg-deep"><code>{escape(text, quote=False)}\n</code></pre>')
