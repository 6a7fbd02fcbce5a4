"""The Markdown dialects: Markdown in, sanitised HTML with source positions out; knows no question and no card."""

from __future__ import annotations

from functools import lru_cache

from deckgen.markdown import gfm, python_markdown
from deckgen.markdown.brackets import find_unknown_html, find_unsafe_html
from deckgen.markdown.definitions import used_definitions
from deckgen.markdown.depth import preformatted, too_deep
from deckgen.markdown.formulas import Formula, find_formulas
from deckgen.markdown.protect import protect, remove_control_characters
from deckgen.markdown.sanitize import sanitize
from deckgen.markdown.tree import image_targets, plain_text_of, prose_of
from deckgen.model import Dialect, Html, Markdown

__all__ = [
    "Formula",
    "find_formulas",
    "find_unknown_html",
    "find_unsafe_html",
    "image_targets",
    "is_too_deep",
    "plain_text",
    "prose_of",
    "render_markdown",
]


@lru_cache(maxsize=4096)
def render_markdown(
    markdown: Markdown, *, dialect: Dialect, definitions: Markdown = Markdown(""), html_headings: bool = False
) -> Html:
    """The HTML of a piece of a chapter, safe to show, its images still as the source refers to them.

    ``definitions`` are the link reference and footnote definitions that stand elsewhere in the chapter. Formulas
    become ``<span data-math-style="inline|display">`` holding the LaTeX. Block elements carry ``data-sourcepos``
    (``line:column-line:column`` within ``markdown``, counted in characters from 1) in the GitHub dialect. What is
    nested deeper than a page can show is given as it was written, in a ``pre`` of class ``dg-deep``.
    """
    protected = protect(markdown)
    raw = _raw(protected.text, dialect, used_definitions(markdown, definitions), html_headings)
    if raw is None:
        return preformatted(markdown)
    safe = sanitize(remove_control_characters(raw))
    html = protected.restore(safe)
    return Html(sanitize(html)) if protected.hides_in_tags(safe) else html


def plain_text(markdown: Markdown, *, dialect: Dialect, definitions: Markdown = Markdown("")) -> str:
    """What a reader sees of ``markdown`` without markup, in one line; formulas as LaTeX, images as their alt text."""
    return " ".join(plain_text_of(render_markdown(markdown, dialect=dialect, definitions=definitions)).split())


def is_too_deep(markdown: Markdown, *, dialect: Dialect) -> bool:
    """Quotes, lists or HTML are nested so deep that the card shows the source instead."""
    return _raw(protect(markdown).text, dialect, "", html_headings=False) is None


def _raw(text: str, dialect: Dialect, definitions: str, html_headings: bool) -> str | None:
    """What the dialect's parser makes of ``text``; None where that is too deep."""
    try:
        match dialect:
            case Dialect.GFM:
                raw = gfm.render(text, definitions=definitions, ignore_setext=html_headings)
            case Dialect.PYTHON_MARKDOWN:
                if python_markdown.is_beyond(text):
                    return None
                raw = python_markdown.render(text, definitions=definitions)
    except RecursionError:
        return None
    return None if too_deep(raw) else raw
