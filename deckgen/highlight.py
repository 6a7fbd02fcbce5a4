"""Code with Pygments classes: the only module that imports Pygments."""

from __future__ import annotations

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from deckgen.model import Html

_FORMATTER = HtmlFormatter(nowrap=True)


def highlight_code(code: str, language: str) -> Html | None:
    """``<span class="k">…`` for the inside of a ``<pre>``, every character kept; None for an unknown language."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return Html(highlight(code, lexer, _FORMATTER))
