"""Code with Pygments classes: the only module that imports Pygments."""

from __future__ import annotations

from functools import cache

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from deckgen.model import Html

_FORMATTER = HtmlFormatter(nowrap=True)
_MAX_CHARACTERS = 100_000
"""Longer code stays plain: some lexers take quadratic time."""
_MAX_LINE = 5_000


def highlight_code(code: str, language: str) -> Html | None:
    """``<span class="k">…`` for the inside of a ``<pre>``, every character kept.

    None for an unknown language and for code that no one would read in colour.
    """
    lexer = _lexer(language.lower())
    if lexer is None or len(code) > _MAX_CHARACTERS or max(map(len, code.split("\n"))) > _MAX_LINE:
        return None
    return Html(highlight(code, lexer, _FORMATTER))


@cache
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
