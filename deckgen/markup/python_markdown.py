"""Python-Markdown with pymdown-extensions, for sources that live in an MkDocs site."""

from __future__ import annotations

import markdown as python_markdown

_EXTENSIONS = (
    "admonition",
    "attr_list",
    "def_list",
    "footnotes",
    "md_in_html",
    "tables",
    "pymdownx.arithmatex",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.tasklist",
)


def render(markdown: str, *, definitions: str = "") -> str:
    """Unsanitised HTML without source positions."""
    text = f"{markdown}\n\n{definitions}" if definitions else markdown
    return python_markdown.markdown(text, extensions=list(_EXTENSIONS))
