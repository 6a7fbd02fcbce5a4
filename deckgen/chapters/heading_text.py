"""A heading's text as Markdown: of an HTML heading what renders as it does; without links about the page."""

import html
import re

from deckgen.model import Markdown

_PIECE = re.compile(
    r"(?P<math>\$\$[^$]+\$\$|\$[^$]+\$|\\\((?:(?!\\[()]).)*\\\))"
    r"|<(?P<element>code|kbd|tt|samp)(?:\s[^<>]*)?>(?P<code>(?:(?!</?(?:code|kbd|tt|samp)\b).)*)</(?P=element)\s*>"
    r"|<(?P<close>/?)(?P<tag>[a-z][a-z0-9]*)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_FORMATTING = re.compile(r"</?(?:b|strong|i|em|font|span|u|a|br)(?=[\s/>])[^<>]*>", re.IGNORECASE)
_MARKS = {"br": " ", "b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "s": "~~", "strike": "~~"}
_KEPT = frozenset(("sub", "sup", "u", "mark", "img", "ruby", "rt", "rp", "small", "ins"))
_DROPPED = frozenset(("a", "font", "span", "big", "center", "p", "div", "label", "code", "kbd", "tt", "samp"))
_SPECIAL = re.compile(r"[\\`*<~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_LEADING = re.compile(r"^([#>+=-]|\d+(?=[.)]))")

_NAVIGATION = re.compile(
    r"(?:back\s*to\s*(?:the\s*)?(?:top|contents|toc|index)|(?:返回|回到|回)(?:页面|本页|文章)?(?:顶部|目录|首页|开头|顶端|上一级))"
    r"|[⬆⇧↑🔝]|^(?:top|上一[页章节篇]|下一[页章节篇]|prev(?:ious)?|next)$",
    re.IGNORECASE,
)
_ONLY_LINKS = re.compile(r"[\s>*_|\[\](){}<>/·•&;-]*")
_ANY_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\([^()\s]*\)|<a\s[^<>]*>([^<>]*)</a>", re.IGNORECASE)


def is_navigation(line: str) -> bool:
    """A line of nothing but links that lead about the page, such as ``**[⬆ Back to Top](#contents)**``."""
    if "](" not in line and "<a" not in line:
        return False
    links = list(_ANY_LINK.finditer(line))
    if not links or not all(map(_leads_about, links)):
        return False
    return _ONLY_LINKS.fullmatch(re.sub(r"</?[a-z][^<>]*>", "", _ANY_LINK.sub("", line))) is not None


def without_navigation(text: str) -> str:
    """A title without its links about the page, such as ``[[⬆]](#top)``; as it is where nothing else is there."""
    return _ANY_LINK.sub(lambda link: "" if _leads_about(link) else link[0], text).strip() or text


def _leads_about(link: re.Match[str]) -> bool:
    return _NAVIGATION.search((link[1] or link[2] or "").strip(" *_")) is not None


def markdown_of_html(inner: str) -> Markdown:
    """Inner HTML of a heading, in one line.

    Formulas between dollar signs are kept, known inline tags become Markdown or stay, and everything that Markdown
    would take for markup is escaped.
    """
    parts: list[str] = []
    position = 0
    for found in _PIECE.finditer(inner):
        if (markdown := _markdown(found)) is not None:
            parts += (_escape(html.unescape(inner[position : found.start()])), markdown)
            position = found.end()
    parts.append(_escape(html.unescape(inner[position:])))
    return Markdown(_LEADING.sub(r"\\\1", " ".join("".join(parts).split())))


def _markdown(found: re.Match[str]) -> str | None:
    """What a formula, code or a tag becomes; None for what is no tag, such as ``<file>``."""
    if found["math"]:
        return html.unescape(found[0])
    if found["element"]:
        return _code(html.unescape(_FORMATTING.sub("", found["code"])))
    name = found["tag"].lower()
    if name in _KEPT:
        return found[0]
    return "" if name in _DROPPED else _MARKS.get(name)


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text.strip() else ""


def _escape(text: str) -> str:
    # A backslash before a square bracket would open a formula.
    return re.sub(r"\[(?=[^\[\]]*\][(\[])", "&#91;", _SPECIAL.sub(r"\\\g<0>", text))
