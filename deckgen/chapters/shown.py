"""What a line shows: nothing, or the title of a fold or note as HTML and site generators write them."""

import re
from typing import NamedTuple

from deckgen.markdown.inline import mask_comments
from deckgen.markdown.lines import Kind

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
_RULE = re.compile(r"[ \t]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ANCHOR_LINE = re.compile(r"(?:[ \t]*<a\s[^<>]*>[ \t]*</a[ \t]*>|[ \t]*<a\s[^<>]*/>)+[ \t]*$", re.IGNORECASE)
_LAYOUT = re.compile(r"\s*(?:</?(?:b|br|center|div|p|span|strong)(?:\s[^<>]*)?/?>\s*)+$", re.IGNORECASE)
"""A line of nothing but tags that show nothing."""
_DECK_TAG = re.compile(r"[ \t]*#flashcards?(?:/\S*)?[ \t]*$")
"""Where Obsidian's plugins put the cards of a page."""
_CARD_ENDS = re.compile(r"END[ \t]*$")
_TOC_MARK = re.compile(r"[ \t]*(?:\[toc\]|\[\[toc\]\]|\[\[_toc_\]\]|@\[toc\].*)[ \t]*$", re.IGNORECASE)
_UNSEEN = {
    **dict.fromkeys("-*_", (_RULE,)),
    **dict.fromkeys("[@", (_TOC_MARK,)),
    **dict.fromkeys(":{", (CLOSING,)),
    "<": (OPENING_DETAILS, CLOSING, _LAYOUT, _ANCHOR_LINE),
    "#": (_DECK_TAG,),
    "E": (_CARD_ENDS,),
}
"""What of lines that begin so shows nothing."""


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


def is_visible(line: str) -> bool:
    """Whether a reader of the page sees something of this line; a rule that separates is nothing to see."""
    text = mask_comments(line)
    first = text.lstrip()[:1]
    for pattern in _UNSEEN.get(first, ()):
        if pattern.match(text):
            return False
    return bool(first)


def is_layout(line: str) -> bool:
    """A line of nothing but tags that show nothing, such as ``<div align="right">``."""
    return _LAYOUT.match(line) is not None


def is_rule(line: str) -> bool:
    return _RULE.match(line) is not None


def is_anchor(line: str) -> bool:
    """A line of nothing but ``<a id=…></a>``."""
    return _ANCHOR_LINE.match(line) is not None


def is_shown(line: str, kind: Kind) -> bool:
    """Whether a reader sees something of a line that is of a kind; of code and raw HTML whatever is no blank."""
    return bool(line.strip()) if kind in (Kind.CODE, Kind.RAW) else kind is Kind.TEXT and is_visible(line)
