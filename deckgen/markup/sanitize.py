"""What HTML may reach a card: an allow-list; anything else in angle brackets stays visible as text."""

from __future__ import annotations

import re

import nh3

from deckgen.model import Html

_TAGS = frozenset(
    """a abbr b blockquote br caption center code col colgroup dd del details dfn div dl dt em figcaption figure font
    h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark ol p pre q rp rt ruby s samp section small span strike strong
    sub summary sup table tbody td tfoot th thead tr tt u ul var""".split()
)
_REMOVED_WITH_CONTENT = frozenset(
    ("script", "style", "iframe", "object", "embed", "noscript", "template", "svg", "math")
)
_DROPPED = frozenset(
    """html head body main article header footer nav aside address base basefont bdi bdo big button canvas form
    fieldset legend link meta noframes frame frameset optgroup option param picture select source textarea title track video
    audio wbr area map time data meter output progress hgroup search slot dialog menu marquee nobr acronym dir applet
    portal""".split()
)
_ATTRIBUTES = {
    "*": {"class", "id", "lang", "dir", "title", "align", "data-sourcepos", "data-math-style"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "input": {"type", "checked", "disabled"},
    "details": {"open"},
}
_TAG = re.compile(r"<(?=(/?)([A-Za-z][A-Za-z0-9-]*))")


def sanitize(raw: str) -> Html:
    """Safe, well-formed HTML. An unknown tag such as ``<int>`` is kept as the text that it was meant to be."""
    return Html(
        nh3.clean(
            _TAG.sub(_escape_unknown, raw),
            tags=set(_TAGS),
            clean_content_tags=set(_REMOVED_WITH_CONTENT),
            attributes=_ATTRIBUTES,
            url_schemes={"http", "https", "mailto", "data", "file"},
            link_rel=None,
            strip_comments=True,
        )
    )


def _escape_unknown(match: re.Match[str]) -> str:
    name = match.group(2).lower()
    return "<" if name in _TAGS or name in _REMOVED_WITH_CONTENT or name in _DROPPED else "&lt;"
