"""GitHub-flavoured Markdown by comrak, the only module that imports it."""

from __future__ import annotations

import comrak

_EXTENSIONS = (
    "alerts",
    "autolink",
    "cjk_friendly_emphasis",
    "footnotes",
    "math_code",
    "math_dollars",
    "math_latex",
    "strikethrough",
    "table",
    "tasklist",
)


def render(markdown: str, *, definitions: str = "", ignore_setext: bool = False, raw_html: bool = True) -> str:
    """Unsanitised HTML with ``data-sourcepos``, in characters; ``definitions`` follow the text after a blank line.

    Without ``raw_html`` a comment stands for each piece of the source's own HTML: the tree is then the parser's alone.
    """
    extensions = comrak.ExtensionOptions()
    for name in _EXTENSIONS:
        setattr(extensions, name, True)
    parsing = comrak.ParseOptions()
    parsing.sourcepos_chars = True
    parsing.ignore_setext = ignore_setext
    rendering = comrak.RenderOptions()
    rendering.sourcepos = True
    rendering.unsafe_ = raw_html
    rendering.gfm_quirks = True
    text = f"{markdown}\n\n{definitions}" if definitions else markdown
    return comrak.render_markdown(text, extensions, parsing, rendering)
