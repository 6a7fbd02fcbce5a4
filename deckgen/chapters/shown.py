"""Folds and notes as HTML and site generators write them: how they open, what they are called, how they close."""

import re
from typing import NamedTuple

_FOLD = r"(?:details|dropdown|expand|collapse|spoiler|fold(?:ing)?|(?:hide)?toggle)"
_ENCLOSED = re.compile(
    rf"\{{\{{[<%][ \t]*{_FOLD}[ \t](?P<shortcode>[^{{}}]*)[%>]\}}\}}$|\{{%[ \t]*{_FOLD}[ \t](?P<tag>[^{{}}%]*)%\}}$"
    rf"|:{{3,}}[ \t]*\{{?{_FOLD}\}}?(?P<container>.*)$",
    re.IGNORECASE,
)
_NOTE = re.compile(r"(?:\?\?\?\+?|!!!|===)(?P<note>[ \t][\w\t -]*)(?P<title>\".*)?$")
_CALLOUT = re.compile(r"(?:>[ \t]*)+\[!(?P<kind>[\w-]+)\][-+]?(?P<title>.*)$")
_ATTRIBUTES = re.compile(r"\{[^{}]*\}$")
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
    text = line.strip()
    if text[:1] not in ("{", ":", "?", "!", "=", ">"):
        return None
    if found := _ENCLOSED.match(text):
        said = next(part for part in found.groups() if part is not None).strip()
        title = said.split('"')[1] if '"' in said else _ATTRIBUTES.sub("", said).rpartition("@")[2].strip("[] \t")
        named = title and (found["shortcode"] is None or '"' in said)
        return Box(_CODE.sub(r"<code>\1</code>", title), "details", enclosed=True) if named else None
    if found := _NOTE.match(text):
        return Box((found["title"] or "").strip('" \t'), found["note"].strip().lower(), enclosed=False)
    if found := _CALLOUT.match(text):
        return Box(found["title"].strip(), found["kind"].lower(), enclosed=False)
    return None
