"""The Markdown dialects: Markdown in, sanitised HTML with source positions out; knows no question and no card."""

from __future__ import annotations

from functools import lru_cache

from deckgen.markup import gfm, python_markdown
from deckgen.markup.sanitize import sanitize
from deckgen.markup.tree import image_targets, plain_text_of
from deckgen.model import Dialect, Html, Markdown

__all__ = ["image_targets", "plain_text", "render_markdown"]


@lru_cache(maxsize=4096)
def render_markdown(
    markdown: Markdown, *, dialect: Dialect, definitions: Markdown = Markdown(""), html_headings: bool = False
) -> Html:
    """The HTML of a piece of a chapter, safe to show, its images still as the source refers to them.

    ``definitions`` are link reference definitions that stand elsewhere in the chapter. Formulas become
    ``<span data-math-style="inline|display">`` holding the LaTeX. Block elements carry ``data-sourcepos``
    (``line:column-line:column`` within ``markdown``, counted in characters from 1) in the GitHub dialect.
    """
    match dialect:
        case Dialect.GFM:
            raw = gfm.render(markdown, definitions=definitions, ignore_setext=html_headings)
        case Dialect.PYTHON_MARKDOWN:
            raw = python_markdown.render(markdown, definitions=definitions)
    return sanitize(raw)


def plain_text(markdown: Markdown, *, dialect: Dialect, definitions: Markdown = Markdown("")) -> str:
    """What a reader sees of ``markdown`` without markup, in one line; formulas as LaTeX, images as their alt text."""
    return " ".join(plain_text_of(render_markdown(markdown, dialect=dialect, definitions=definitions)).split())
