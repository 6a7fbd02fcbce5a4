"""A chapter's HTML → a field's HTML: pictures, links, formulas, code and tables as a card shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from deckgen.card import day_and_night
from deckgen.markdown.formula_rules import unsafe_commands
from deckgen.markdown.tree import parse_tree, serialize_tree
from deckgen.model import Html, ImageReference, MediaFile
from deckgen.render.anki import composed, safe_field
from deckgen.render.cardtext import has_lines_to_join, join_chinese_lines
from deckgen.render.highlight import highlight_code

_BADGE_HOSTS = ("img.shields.io", "shields.io", "badge.fury.io", "badgen.net", "travis-ci.org", "api.travis-ci.org")
_BLOCKS_OF_PICTURES = frozenset(("p", "div", "center", "figure"))
_CONTENTS_MARK = re.compile(r"\s*\[toc\]\s*", re.IGNORECASE)
_NIGHT_MARK = re.compile(r"\s*\{(light|dark)\}\s*$")
_REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)


def card_html(html: Html, *, chapter: str, images: Mapping[ImageReference, MediaFile]) -> str:
    """The HTML of one field. It refers to no other part of the card: fields of one card share a page."""
    root = parse_tree(Html(composed(html)))
    _drop_contents_marks(root)
    for image in list(root.iter("img")):
        _place_image(image, chapter, images)
    for link in list(root.iter("a")):
        _place_link(link)
    for element in list(root.iter("span", "code")):
        if style := element.get("data-math-style"):
            _place_formula(element, style)
    for code in list(root.iter("code")):
        if (parent := code.getparent()) is not None and parent.tag == "pre":
            _place_code(code, parent)
    _place_tabs(root)
    for box in list(root.iter("input")):
        _place_checkbox(box)
    for table in list(root.iter("table")):
        _wrap(table, "dg-scroll")
    for summary in root.iter("summary"):
        summary.set("class", "tappable")
    for font in root.iter("font"):
        _place_colour(font)
    for element in root.iter():
        for name in ("data-sourcepos", "id", "for", "data-math-style"):
            element.attrib.pop(name, None)
    if has_lines_to_join(html):
        join_chinese_lines(root)
    return safe_field(serialize_tree(root).strip())


def field_media(html: str) -> Iterator[str]:
    """The media names that a field refers to."""
    return (match[1] for match in re.finditer(r'<img src="([^"]+)"', html) if ":" not in match[1])


# --- pictures and links -----------------------------------------------------------------------------------------------


def _place_image(image: HtmlElement, chapter: str, images: Mapping[ImageReference, MediaFile]) -> None:
    target, alt = image.get("src", ""), image.get("alt", "")
    title, night = _read_title(image.get("title", ""))
    kept = [(name, value) for name, value in (("title", title), ("width", image.get("width"))) if value]
    picture = images.get(ImageReference(chapter=chapter, target=target))
    image.attrib.clear()
    if picture or target.startswith("data:"):
        # Anki 23.10 finds a reference only where src comes first.
        image.set("src", picture.name if picture else target)
        image.set("alt", alt)
        image.set("class", f"tappable dg-{night}" if night else "tappable")
        for name, value in kept:
            image.set(name, value)
        _mark_figure(image)
        return
    if _REMOTE.match(target):
        _place_remote(image, target, alt)
        return
    image.clear(keep_tail=True)
    image.tag = "span"
    image.set("class", "dg-missing")
    image.text = f"{alt} [{unquote(target)}]".strip()


def _read_title(title: str) -> tuple[str, str]:
    """A picture's title, and how its author wants it by night: ``light``, ``dark`` or nothing."""
    found = _NIGHT_MARK.search(title)
    return (title[: found.start()], found[1]) if found else (title, "")


def _place_remote(image: HtmlElement, target: str, alt: str) -> None:
    """A link, or the alternative text inside what is a link already; badges tell a learner nothing."""
    if _is_badge(target):
        link = image.getparent()
        _remove(image)
        if link is not None and link.tag == "a" and not len(link) and not (link.text or "").strip():
            _remove(link)
        return
    image.clear(keep_tail=True)
    image.text = alt or target.rsplit("/", 1)[-1] or target
    image.set("class", "dg-remote")
    if any(parent.tag == "a" for parent in image.iterancestors()):
        image.tag = "span"
    else:
        image.tag = "a"
        image.set("href", f"https:{target}" if target.startswith("//") else target)


def _is_badge(target: str) -> bool:
    address = urlsplit(target if ":" in target[:8] else f"https:{target}") if "[" not in target else None
    if address is None:
        return False
    return (address.netloc or "").lower() in _BADGE_HOSTS or address.path.lower().endswith(("/badge.svg", "/badge"))


def _mark_figure(image: HtmlElement) -> None:
    """The block that holds pictures and nothing else is a figure."""
    parent = image.getparent()
    if parent is None or parent.tag not in _BLOCKS_OF_PICTURES or parent.getparent() is None:
        return
    texts = [parent.text, *(child.tail for child in parent)]
    if all(child.tag in ("img", "br") for child in parent) and not "".join(text or "" for text in texts).strip():
        _add_class(parent, "dg-figure")


def _place_link(link: HtmlElement) -> None:
    """Only what leads out of the card is a link; chapters and headings are not there to go to."""
    if "footnote-backref" in (link.get("class") or ""):
        _remove(link)
    elif not re.match(r"(?:https?://|mailto:)", link.get("href") or "", re.IGNORECASE):
        link.tag = "span"
        link.attrib.clear()


# --- formulas, code, the rest -----------------------------------------------------------------------------------------


def _place_formula(element: HtmlElement, style: str) -> None:
    formula = "".join(element.itertext()).strip()
    opening, closing = (r"\[", r"\]") if style == "display" else (r"\(", r"\)")
    parent = element.getparent()
    if element.tag == "code" and parent is not None and parent.tag == "pre":
        element = parent
    element.clear(keep_tail=True)
    if any(unsafe_commands(formula)):
        element.tag, element.text = "code", formula
        return
    element.tag = "span"
    element.set("class", f"dg-math dg-math-{'display' if style == 'display' else 'inline'}")
    element.text = f"{opening}{formula}{closing}"


def _place_code(code: HtmlElement, parent: HtmlElement) -> None:
    names = [name for name in (code.get("class") or "").split() if name.startswith("language-")]
    if not names or len(code):
        return
    coloured = highlight_code(code.text or "", names[0].removeprefix("language-"))
    if coloured is None:
        return
    fresh = parse_tree(Html(f"<code>{coloured}</code>"))[0]
    code.text = fresh.text
    code[:] = list(fresh)
    parent.set("class", "highlight")


def _place_tabs(root: HtmlElement) -> None:
    """Tabs, which need a script, become sections, each under its label."""
    for label in list(root.iter("label")):
        parent = label.getparent()
        if parent is not None and "tabbed-set" in (parent.get("class") or "").split():
            label.tag = "div"
            label.set("class", "tabbed-labels")
    for box in list(root.iter("input")):
        if box.get("type") != "checkbox":
            _remove(box)


def _place_checkbox(box: HtmlElement) -> None:
    box.set("disabled", "")
    item = box.getparent()
    while item is not None and item.tag in ("p", "label"):
        item = item.getparent()
    if item is not None and item.tag == "li" and "task-list-item" not in (item.get("class") or ""):
        _add_class(item, "task-list-item")


def _place_colour(font: HtmlElement) -> None:
    """A colour that can be read by day and by night, as two variables of the card's style sheet."""
    if colours := day_and_night(font.attrib.pop("color", "")):
        font.set("style", f"--dg-font-day:{colours[0]};--dg-font-night:{colours[1]}")


def _drop_contents_marks(root: HtmlElement) -> None:
    for paragraph in list(root.iter("p")):
        if not len(paragraph) and _CONTENTS_MARK.fullmatch(paragraph.text or ""):
            _remove(paragraph)


# --- the tree ---------------------------------------------------------------------------------------------------------


def _wrap(element: HtmlElement, name: str) -> None:
    parent = element.getparent()
    if parent is None:
        return
    wrapper = element.makeelement("div", {"class": name})
    wrapper.tail, element.tail = element.tail, None
    parent.replace(element, wrapper)
    wrapper.append(element)


def _remove(element: HtmlElement) -> None:
    """Takes the element out and leaves the text behind it."""
    element.drop_tree()


def _add_class(element: HtmlElement, name: str) -> None:
    known = (element.get("class") or "").split()
    if name not in known:
        element.set("class", " ".join([*known, name]))
