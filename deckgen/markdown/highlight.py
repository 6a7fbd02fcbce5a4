"""Code with Pygments classes: the only module that imports Pygments."""

from functools import cache

from pygments import format as format_tokens
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

    None for an unknown language, for code that no one would read in colour, and where the lexer is not exact.
    """
    lexer = _lexer(language.lower())
    if lexer is None or len(code) > _MAX_CHARACTERS or max(map(len, code.split("\n"))) > _MAX_LINE:
        return None
    tokens = list(lexer.get_tokens(code))
    # Some lexers drop or add a character at the end.
    if "".join(text for _, text in tokens) != code:
        return None
    coloured = format_tokens(tokens, _FORMATTER)
    # The formatter ends the last line in any case.
    return Html(coloured if code.endswith("\n") else coloured.removesuffix("\n"))


@cache
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
