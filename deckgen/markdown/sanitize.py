"""What HTML may reach a card: an allow-list, and no attribute that runs or loads anything."""

import re
import string

import nh3

from deckgen.markdown.brackets import ALLOWED, REMOVED_WITH_CONTENT

_ATTRIBUTES = {
    "*": {"class", "id", "lang", "dir", "title", "align", "data-math-style"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "input": {"type", "checked", "disabled"},
    "label": {"for"},
    "details": {"open"},
}
_OWN_CLASS = re.compile(
    r"(?:dg-|mjx|MathJax|tex2jax|asciimath|tappable$|card\d*$|night_?mode$|replay|sound|cloze|typeans|mobile$|android$)",
    re.IGNORECASE,
)
"""What the card, Anki and MathJax style and script."""
_SCHEMES = {"http", "https", "mailto", "data", "file", *string.ascii_lowercase}
"""A single letter is a drive of Windows, kept so that an image is told to be on one machine."""
_NAME = re.compile(r"<([A-Za-z][^\s/>]*)")
_REMOVED = set(REMOVED_WITH_CONTENT) | {"math"}
_TAGS = set(ALLOWED)


def sanitize_html(raw: str) -> str:
    """Safe, well-formed HTML: attributes in double quotes, every ``<`` and ``>`` that is no tag escaped."""
    return nh3.clean(
        raw,
        tags=_TAGS,
        clean_content_tags=_REMOVED,
        attributes=_ATTRIBUTES,
        attribute_filter=_safe_attribute,
        url_schemes=_SCHEMES,
        link_rel=None,
        strip_comments=True,
    )


_TEXT = r"[^<>&\x00-\x08\x0b-\x1f\x7f-\xa0\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
_PLAIN = re.compile(
    rf"""(?:{_TEXT}++|&(?:amp|lt|gt|quot);|<(?:
      /?(?:p|li|strong|code|ul|ol|em|t[dr]|h[1-6]|pre|blockquote|th|del|t(?:able|head|body))
      | (?:th|td)[ ]align="(?:left|center|right)" | [hb]r[ ]/ | ol[ ]start="[0-9]+"
      | code[ ]class="language-[A-Za-z0-9+\#._-]+" | a[ ]href="https?://[A-Za-z0-9/:._~?\#=+,;@!*()-]+" | /a
    )>)*""",
    re.VERBOSE,
)
_LINK_IN_LINK = re.compile(r"<a [^>]*+>[^<]*+(?:<(?!/?a\b)[^<]*+)*<a ")


def sanitize_plain(raw: str) -> str | None:
    """What ``sanitize`` makes of the HTML of Markdown without any raw HTML, at a fraction of its cost.

    ``raw`` must be a parser's own, hence balanced. None where it is more than text, tags and web addresses of which
    nothing has to be taken out.
    """
    if not _PLAIN.fullmatch(raw) or _LINK_IN_LINK.search(raw) or "<li></li>" in raw or "<p></p>" in raw:
        return None
    return raw.replace("&quot;", '"').replace("<hr />", "<hr>").replace("<br />", "<br>")


def as_browsers_read(html: str) -> str:
    """Any HTML in the form in which browsers read it, by the standard's own rules: nothing is left out."""
    return nh3.clean(
        html,
        tags={name.lower() for name in _NAME.findall(html)} | _TAGS,
        clean_content_tags=set(),
        generic_attribute_prefixes=set(string.ascii_lowercase),
        attributes={},
        url_schemes=_SCHEMES | {"javascript", "vbscript", "ftp", "ws", "wss", "blob", "about"},
        link_rel=None,
        strip_comments=True,
    )


def _safe_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(each for each in value.split() if not _OWN_CLASS.match(each)) or None
    address = re.sub(r"[\x00-\x20]", "", value).lower()
    if name == "href" and (address.startswith(("data:", "file:")) or re.match("[a-z]:", address)):
        return None
    if name == "src" and address.startswith("data:") and not re.match(r"data:image/(?:png|gif|jpeg|webp)[;,]", address):
        return None
    if tag == "input" and name == "type" and value != "checkbox" and value != "radio":
        return None
    return value
