"""Folds and notes as HTML and site generators write them: how they open, what they are called, how they close."""

import re
from typing import NamedTuple

_FOLD = r"(?:details|dropdown|expand|collapse|spoiler|fold(?:ing)?|(?:hide)?toggle)"
_ENCLOSED = re.compile(
    rf"[ \t]*(?:\{{\{{[<%][ \t]*{_FOLD}[ \t][^\"{{}}]*\"(?P<shortcode>[^\"]+)\"[^{{}}]*[%>]\}}\}}"
    rf"|\{{%[ \t]*{_FOLD}[ \t][^\"@{{}}]*?[\"@]?(?P<tag>[^\"@{{}}]+?)\"?[ \t]*%\}}"
    rf"|:{{3,}}[ \t]*\{{?{_FOLD}\}}?[ \t]*\[?(?P<container>[^\s\[].*?)\]?(?:[ \t]*\{{[^{{}}]*\}})?)[ \t]*$",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"[ \t]*(?:(?:\?\?\?\+?|!!!|===)(?:[ \t]+(?P<kind>[\w -]*\w))?(?:[ \t]+\"(?P<title>[^\"]*)\")?"
    r"|(?:>[ \t]*)+\[!(?P<callout>[\w-]+)\][-+]?(?P<said>[ \t].*)?)[ \t]*$"
)
_CODE = re.compile(r"`([^`]+)`")
OPENING_DETAILS = re.compile(r"\s*<details(?:\s[^<>]*)?>\s*$", re.IGNORECASE)
"""A line of nothing but the tag."""
CLOSING = re.compile(
    r"\s*(?:(?:</(?:b|p|strong)\s*>\s*)*</details\s*>|\{\{[<%]\s*/\s*[\w-]+\s*[%>]\}\}|\{%\s*end\w+\s*%\}|:{3,})\s*$",
    re.IGNORECASE,
)
"""A line of nothing but the end of a fold."""


class Box(NamedTuple):
    """A fold or note: its title, in HTML where a line of its own closes it, and the word for its kind."""

    title: str
    kind: str
    enclosed: bool


def box_of(line: str) -> Box | None:
    """The box that a line opens: ``{{< details "…" >}}``, ``::: details …``, ``??? note "…"``, ``> [!tip] …``."""
    if line.lstrip()[:1] not in "{:?!=>":
        return None
    if found := _ENCLOSED.match(line):
        title = next(filter(None, found.groups())).strip()
        return Box(_CODE.sub(r"<code>\1</code>", title), "details", enclosed=True)
    if found := _NOTE.match(line):
        kind = (found["kind"] or found["callout"] or "").lower()
        return Box((found["title"] or found["said"] or "").strip(), kind, enclosed=False)
    return None
