"""What any HTML or style sheet would run on a device or load from the network, as browsers and MathJax read it."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape

from lxml.html import HtmlElement
from msgspec import Struct

from deckgen.markdown.depth import deepest
from deckgen.markdown.formula_safety import active_commands
from deckgen.markdown.sanitize import as_browsers_read
from deckgen.markdown.tree import any_tree
from deckgen.text.css import loaded_addresses

_ACTIVE = frozenset(
    ("script", "iframe", "frame", "object", "embed", "applet", "base", "meta", "link", "form", "portal", "fencedframe")
)
_ADDRESSES = frozenset(
    """href src action formaction data xlink:href srcdoc poster background to from by values""".split()
)
"""The last four: of SVG's animations, which may set a link."""
_LOADED = frozenset(
    """src srcset imagesrcset poster background data xlink:href href lowsrc dynsrc ping attributionsrc to from by
    values""".split()
)
"""Attributes whose address is loaded; ``href`` and ``xlink:href`` where they are no link to tap."""
_LINKS = frozenset(("a", "area"))
_SCRIPT_ADDRESSES = ("javascript:", "vbscript:", "data:text", "data:application")
_REMOTE_ADDRESS = re.compile(r"(?:https?|ftp|wss?|file|rtsp|smb):|//", re.IGNORECASE)
_CSS_ACTIVE = re.compile(r"expression\s*\(|-moz-binding|</style", re.IGNORECASE)
_LOOSE_TAG = re.compile(r"""<([a-z][^\s/<>"'=]*)((?:[^<>"']++|"[^"]*"|'[^']*')*)""", re.IGNORECASE)
_LOOSE_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]*))?""")
MAX_JUDGED = 1_000_000
"""Characters of one field or side; its trees take up to 300 bytes for each."""
_MAX_KEPT = 4_000
"""Characters, of what is remembered: titles and templates come again and again."""
_MAX_DEPTH = 1000
"""Elements within each other; reading them takes quadratic time over that."""
_MAX_ATTRIBUTES = 1000
_ATTRIBUTES_READ = re.compile(r'<[a-z][^\s/>]*((?:\s[^\s=>]+="[^"]*")+)')
"""Of a tag as the standard's rules leave it; the forgiving reader takes quadratic time over them."""
_NESTING_TAG = re.compile(
    r"<(/?)(?!(?:area|base|br|col|dd|dt|embed|hr|img|input|li|link|meta|option|p|source|t[dhr]|track|wbr)\b)[a-z]",
    re.IGNORECASE,
)
"""Of elements that do not end where the next begins."""
_DELIMITER = re.compile(r"\\([()\[\]])")
_NO_MATHS = frozenset(("script", "noscript", "style", "textarea", "pre", "code", "annotation", "annotation-xml"))
_MATHS_AGAIN = re.compile(r"(?:^|\s)(?:tex2jax|mathjax)_process(?:\s|$)")


class Judgement(Struct, frozen=True, kw_only=True):
    """What would run, and what would be loaded from elsewhere: names of tags, attributes and commands, each once."""

    active: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()


def judge_html(html: str) -> Judgement:
    """A judgement of a page's or a field's HTML, broken or not.

    Read three times, as browsers read it, as a forgiving reader does, and tag by tag, since what one reader takes for a
    comment or a style sheet another may run. What would take too much time or memory to read is not: that is active.
    """
    if not _MAY_DO_ANYTHING.search(html):
        return Judgement()
    return _judged_once(html) if len(html) <= _MAX_KEPT else _judged(html)


def _judged(html: str) -> Judgement:
    if len(html) > MAX_JUDGED:
        return Judgement(active=(f"more than {MAX_JUDGED:,} characters",))
    if html.count("<") > _MAX_DEPTH and deepest(map(bool, _NESTING_TAG.findall(html))) > _MAX_DEPTH:
        return Judgement(active=(f"elements more than {_MAX_DEPTH} deep",))
    read = as_browsers_read(html)
    if any(tag[1].count('="') > _MAX_ATTRIBUTES for tag in _ATTRIBUTES_READ.finditer(read)):
        return Judgement(active=(f"a tag of more than {_MAX_ATTRIBUTES} attributes",))
    browsers = any_tree(read)
    trees = (browsers, any_tree(html))
    active, remote = list[str](), list[str]()
    for tag, attributes in (*(found for tree in trees for found in _tree_tags(tree)), *_loose_tags(html)):
        active += [f"<{tag}>"] if tag in _ACTIVE else []
        for name, value in attributes:
            active += _active(name, value)
            remote += _remote(tag, name, value)
    for tree in trees:
        for style in tree.iter("style"):
            judged = judge_css("".join(style.itertext()))
            active, remote = [*active, *judged.active], [*remote, *judged.remote]
    formulas = (latex for text in _maths(browsers) for latex in _formulas(text))
    active += [f"{command} in a formula" for latex in formulas for command in active_commands(latex)]
    sounds = (_bare(unescape(found[1])) for found in _SOUND.finditer(html))
    remote += [f"[sound:{sound[:40]}]" for sound in sounds if _is_remote(sound)]
    return Judgement(active=tuple(dict.fromkeys(active)), remote=tuple(dict.fromkeys(remote)))


_judged_once = lru_cache(maxsize=4096)(_judged)

_SOUND = re.compile(r"\[sound:([^\]]*)", re.IGNORECASE)
"""Anki hands the address to its player, which fetches it as the card is shown."""
_MAY_DO_ANYTHING = re.compile(
    r"<(?!/?(?:p|div|br|hr|b|i|em|strong|ul|ol|li|sub|sup|code|pre)\s*/?>)|\\[(\[]|&(?:#|bsol|lpar|lsqb|lbrack)|\[sound:",
    re.IGNORECASE,
)
"""Bare tags of text do nothing, and are most of what most cards hold."""


def judge_css(css: str) -> Judgement:
    """A judgement of a style sheet or a ``style`` attribute."""
    addresses = loaded_addresses(css)
    active = [f"{found[0]} in a style" for found in _CSS_ACTIVE.finditer(css)]
    active += [f"{what} of a script in a style" for what, one in addresses if one.lower().startswith(_SCRIPT_ADDRESSES)]
    remote = [f"{what} in a style" for what, one in addresses if what == "@import" or _is_remote(one)]
    return Judgement(active=tuple(dict.fromkeys(active)), remote=tuple(dict.fromkeys(remote)))


def _active(name: str, value: str) -> Iterator[str]:
    if name.startswith("on") and len(name) > 2:
        yield f"{name}="
    elif name == "srcdoc":
        yield "srcdoc="
    elif name in _ADDRESSES:
        addresses = _bare(value).split(";") if name == "values" else [_bare(value)]
        yield from (f"{name}={one.split(':')[0]}:" for one in addresses if one.startswith(_SCRIPT_ADDRESSES))
    elif name == "style":
        yield from judge_css(value).active


def _remote(tag: str, name: str, value: str) -> Iterator[str]:
    if name == "style" or "(" in value:
        yield from (f"{name}: {what}" for what in judge_css(value).remote)
    if name not in _LOADED or (name in ("href", "xlink:href") and tag in _LINKS):
        return
    addresses = re.split(r"[\s,]+", value) if "srcset" in name else _bare(value).split(";")
    if any(map(_is_remote, addresses)):
        yield f"<{tag} {name}>"


def _is_remote(address: str) -> bool:
    return bool(_REMOTE_ADDRESS.match(address.replace("\\", "/")))


def _bare(value: str) -> str:
    """An address as a browser reads it: without white space and control characters."""
    return "".join(character for character in value if character > " ").lower()


def _tree_tags(root: HtmlElement) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for element in root.iter():
        if isinstance(element.tag, str):
            yield element.tag.lower(), [(str(name).lower(), str(value)) for name, value in element.attrib.items()]


def _loose_tags(html: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for tag in _LOOSE_TAG.finditer(html):
        attributes = _LOOSE_ATTRIBUTE.findall(tag[2])
        yield tag[1].lower(), [(name.lower(), unescape(value.strip("\"'"))) for name, value in attributes]


def _maths(root: HtmlElement) -> Iterator[str]:
    """The texts that MathJax reads: an element ends one, save for ``<br>`` and ``<wbr>``; code has none."""
    pieces: list[str] = []
    stack: list[tuple[HtmlElement | str, bool]] = [(root, True)]
    while stack:
        item, read = stack.pop()
        if isinstance(item, str):
            pieces += [item] if read else []
            continue
        tag = item.tag if isinstance(item.tag, str) else "!"
        if tag not in ("wbr", "br", "!"):
            yield "".join(pieces)
            pieces = []
        elif tag == "br":
            pieces.append("\n")
        inside = (read and tag not in _NO_MATHS) or bool(
            _MATHS_AGAIN.search(item.get("class", "") if tag != "!" else "")
        )
        children: list[tuple[HtmlElement | str, bool]] = [(item.text or "", inside)] if tag != "!" else []
        for child in item if tag != "!" else ():
            children += [(child, inside), (child.tail or "", inside)]
        stack.extend(reversed(children))
    yield "".join(pieces)


def _formulas(text: str) -> Iterator[str]:
    r"""What stands between ``\(`` and ``\)`` or ``\[`` and ``\]``, as MathJax pairs them."""
    opened = -1
    for delimiter in _DELIMITER.finditer(text):
        if delimiter[1] in "([":
            opened = delimiter.end() if opened < 0 else opened
        elif opened >= 0:
            yield text[opened : delimiter.start()]
            opened = -1
