"""How deep HTML is nested, and what is shown instead where that is too deep for any reader."""

from __future__ import annotations

import re
from html import escape

from deckgen.model import Html

MAX_DEPTH = 200
"""Elements; a list item counts two. Parsers of HTML recurse, and some cut off silently beyond 255."""
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_UNCOUNTED = frozenset(
    """area base basefont br col dd dt embed frame hr img input li link meta option p param rp rt source tbody td tfoot
    th thead tr track wbr""".split()
)


def too_deep(html: str) -> bool:
    """Whether ``html``, balanced or not, nests more than ``MAX_DEPTH`` elements."""
    if html.count("<") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _TAG.finditer(html):
        if found[2].lower() not in _UNCOUNTED:
            depth = max(0, depth - 1) if found[1] else depth + 1
            if depth > MAX_DEPTH:
                return True
    return False


def preformatted(text: str) -> Html:
    """The text as it is."""
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text)
    return Html(f'<pre class="dg-deep"><code>{escape(text, quote=False)}\n</code></pre>')
