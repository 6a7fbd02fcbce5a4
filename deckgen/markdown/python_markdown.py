"""Python-Markdown with pymdown-extensions, for sources that live in an MkDocs site; the only module that imports it."""

from __future__ import annotations

import re

import markdown as python_markdown

_EXTENSIONS = (
    "abbr",
    "admonition",
    "attr_list",
    "def_list",
    "footnotes",
    "md_in_html",
    "sane_lists",
    "tables",
    "pymdownx.caret",
    "pymdownx.details",
    "pymdownx.highlight",
    "pymdownx.keys",
    "pymdownx.mark",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.tasklist",
    "pymdownx.tilde",
)
_CONFIGURATION: dict[str, dict[str, object]] = {
    # The card colours code itself, the same in both dialects.
    "pymdownx.highlight": {"use_pygments": False},
    # Each label stands before its content: a card has no script that would switch.
    "pymdownx.tabbed": {"alternate_style": False},
    "footnotes": {"BACKLINK_TEXT": ""},
}
_MAX_INDENT = 200
_MAX_BRACKETS = 2000
"""In one block. The library's patterns take quadratic time over brackets that nothing closes."""


def is_beyond(markdown: str) -> bool:
    """The library could not read ``markdown`` in a reasonable time: indented or bracketed beyond any real text."""
    if re.search(rf"^[ \t]{{{_MAX_INDENT}}}[ \t]*\S", markdown, re.MULTILINE):
        return True
    blocks = re.split(r"\n[ \t]*\n", markdown)
    return any(max(block.count("["), block.count("<")) > _MAX_BRACKETS for block in blocks)


def render(markdown: str, *, definitions: str = "") -> str:
    """Unsanitised HTML without source positions; formulas are to be hidden from it.

    RecursionError where quotes or lists are nested too deep for the library.
    """
    text = f"{definitions}\n\n<!-- -->\n\n{markdown}" if definitions else markdown
    return python_markdown.markdown(text, extensions=list(_EXTENSIONS), extension_configs=_CONFIGURATION)
