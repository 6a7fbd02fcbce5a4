"""A chapter's HTML → a field's HTML: pictures, formulas, code and tables as a card shows them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from lxml.html import HtmlElement

from deckgen.highlight import highlight_code
from deckgen.markup.tree import parse_tree, serialize_tree
from deckgen.model import Html, ImageReference, MediaFile


def card_html(html: Html, *, chapter: str, images: Mapping[ImageReference, MediaFile]) -> str:
    """The HTML of one field."""
    root = parse_tree(html)
    for image in list(root.iter("img")):
        _place_image(image, chapter, images)
    for element in list(root.iter("span", "code")):
        if style := element.get("data-math-style"):
            _place_formula(element, style)
    for code in list(root.iter("code")):
        if (parent := code.getparent()) is not None and parent.tag == "pre":
            _place_code(code)
    for table in list(root.iter("table")):
        _wrap(table, "dg-scroll")
    for summary in root.iter("summary"):
        summary.set("class", "tappable")
    for element in root.iter():
        element.attrib.pop("data-sourcepos", None)
    _join_chinese_lines(root)
    return _escape_for_anki(serialize_tree(root).strip())


def field_media(html: str) -> Iterator[str]:
    """The media names that a field refers to."""
    return (match[1] for match in re.finditer(r'<img src="([^"]+)"', html) if ":" not in match[1])


def _place_image(image: HtmlElement, chapter: str, images: Mapping[ImageReference, MediaFile]) -> None:
    target, alt = image.get("src", ""), image.get("alt", "")
    picture = images.get(ImageReference(chapter=chapter, target=target))
    tail = image.tail
    image.attrib.clear()
    if picture:
        # Anki 23.10 finds a reference only where src comes first.
        image.set("src", picture.name)
        image.set("alt", alt)
        image.set("class", "tappable")
        return
    image.clear()
    image.tail = tail
    image.tag = "span"
    image.set("class", "dg-missing")
    image.text = f"{alt} [{target}]".strip()


def _place_formula(element: HtmlElement, style: str) -> None:
    formula = "".join(element.itertext()).strip()
    opening, closing = (r"\[", r"\]") if style == "display" else (r"\(", r"\)")
    tail = element.tail
    parent = element.getparent()
    if element.tag == "code" and parent is not None and parent.tag == "pre":
        element, tail = parent, parent.tail
    element.clear()
    element.tag = "span"
    element.set("class", f"dg-math dg-math-{style}")
    element.text = f"{opening}{formula}{closing}"
    element.tail = tail


def _place_code(code: HtmlElement) -> None:
    language = (code.get("class") or "").removeprefix("language-").split()
    coloured = highlight_code("".join(code.itertext()), language[0]) if language else None
    if coloured is None:
        return
    fresh = parse_tree(Html(f"<code>{coloured}</code>"))[0]
    code.text = fresh.text
    code[:] = list(fresh)
    parent = code.getparent()
    if parent is not None:
        parent.set("class", "highlight")


def _wrap(element: HtmlElement, name: str) -> None:
    parent = element.getparent()
    if parent is None:
        return
    wrapper = element.makeelement("div", {"class": name})
    wrapper.tail, element.tail = element.tail, None
    parent.replace(element, wrapper)
    wrapper.append(element)


def _join_chinese_lines(root: HtmlElement) -> None:
    for element in root.iter():
        if any(parent.tag == "pre" for parent in (element, *element.iterancestors())):
            if element.tag != "pre":
                continue
        elif element.text:
            element.text = _join(element.text)
        if element.tail and not any(parent.tag == "pre" for parent in element.iterancestors()):
            element.tail = _join(element.tail)


def _join(text: str) -> str:
    return re.sub(
        r"(\S)\n(?=(\S))", lambda match: match[1] if _wide(match[1]) and _wide(match[2]) else f"{match[1]}\n", text
    )


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _escape_for_anki(html: str) -> str:
    """Text that Anki would take for itself: ``[sound:…]``, ``[latex]``, ``[$]`` and field braces."""
    html = re.sub(r"\[(?=sound:|latex\]|\$\$?\]|/latex\]|/\$|anki:)", "&#91;", html, flags=re.IGNORECASE)
    return html.replace("{{", "&#123;&#123;").replace("}}", "&#125;&#125;")
