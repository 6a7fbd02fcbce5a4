"""What a page shows of a text → a field's HTML: its images and colours as the card has them, safe for Anki."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from deckgen.card import day_and_night
from deckgen.markdown.chinese_lines import has_lines_to_join, join_chinese_lines
from deckgen.markdown.tree import add_class, parse_tree, remove, serialize_tree
from deckgen.model import Html, ImageReference, MediaFile
from deckgen.text.anki import safe_field, without_controls

_GIVEN, _GIVEN_END = '<div class="dg-given dg-text">', "</div>"
_BADGE_HOSTS = ("img.shields.io", "shields.io", "badge.fury.io", "badgen.net", "travis-ci.org", "api.travis-ci.org")
_BLOCKS_OF_IMAGES = frozenset(("p", "div", "center", "figure"))
_NIGHT_MARK = re.compile(r"\s*\{(light|dark)\}\s*$")
"""How an image's author wants it by night, behind its title."""
_REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)


def card_html(html: Html, *, chapter: str, images: Mapping[ImageReference, MediaFile]) -> str:
    """The HTML of one field, from a document's. It refers to no other part of the card: fields of one share a page."""
    if "<img" not in html and "<font" not in html:
        return safe_field(html)
    root = parse_tree(html)
    for image in list(root.iter("img")):
        _place_image(image, chapter, images)
    for font in root.iter("font"):
        if colours := day_and_night(font.attrib.pop("color", "")):  # as two variables of the card's style sheet
            font.set("style", f"--dg-font-day:{colours[0]};--dg-font-night:{colours[1]}")
    if has_lines_to_join(html):
        join_chinese_lines(root)
    return safe_field(serialize_tree(root).strip())


def field_media(html: str) -> Iterator[str]:
    """The media names that a field refers to."""
    if "<img" not in html:
        return iter(())
    return (match[1] for match in re.finditer(r'<img src="([^"]+)"', html) if ":" not in match[1])


def given_html(front: str) -> str:
    """What follows a title in its field."""
    return f"{_GIVEN}{front}{_GIVEN_END}"


def split_question(field: str) -> tuple[str, str]:
    """The title in a question's field, and the rest of what is asked, empty where there is none."""
    title, _, given = field.partition(_GIVEN)
    return title, given.removesuffix(_GIVEN_END)


def unfolded(answer: str) -> str:
    """The answer without the fold that hides it: a card hides it already."""
    return answer.replace("<details>", "<details open>", 1) if answer.startswith("<details>") else answer


# --- images -----------------------------------------------------------------------------------------------------------


def _place_image(image: HtmlElement, chapter: str, images: Mapping[ImageReference, MediaFile]) -> None:
    target, alt = image.get("src", ""), image.get("alt", "")
    written = image.get("title", "")
    mark = _NIGHT_MARK.search(written)
    title, night = (written[: mark.start()], mark[1]) if mark else (written, "")
    kept = [(name, value) for name, value in (("title", title), ("width", image.get("width"))) if value]
    file = images.get(ImageReference(chapter=chapter, target=target))
    image.attrib.clear()
    if file or target.startswith("data:"):
        # Anki 23.10 finds a reference only where src comes first.
        image.set("src", file.name if file else target)
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
    image.text = without_controls(f"{alt} [{unquote(target)}]").strip()


def _place_remote(image: HtmlElement, target: str, alt: str) -> None:
    """A link, or the alternative text inside what is a link already; badges tell a learner nothing."""
    if _is_badge(target):
        link = image.getparent()
        remove(image)
        if link is not None and link.tag == "a" and not len(link) and not (link.text or "").strip():
            remove(link)
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
    try:
        address = urlsplit(target if ":" in target[:8] else f"https:{target}")
    except ValueError:  # brackets that hold no IPv6 address
        return False
    return (address.netloc or "").lower() in _BADGE_HOSTS or address.path.lower().endswith(("/badge.svg", "/badge"))


def _mark_figure(image: HtmlElement) -> None:
    """The block that holds images and nothing else is a figure."""
    parent = image.getparent()
    if parent is None or parent.tag not in _BLOCKS_OF_IMAGES or parent.getparent() is None:
        return
    texts = [parent.text, *(child.tail for child in parent)]
    if all(child.tag in ("img", "br") for child in parent) and not "".join(text or "" for text in texts).strip():
        add_class(parent, "dg-figure")
