"""HTML as a tree: the only module that imports lxml."""

from __future__ import annotations

from collections.abc import Iterator

import lxml.html
from lxml.html import HtmlElement

from deckgen.model import Html


def parse_tree(html: Html) -> HtmlElement:
    """A ``div`` around the fragment."""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    return lxml.html.fragment_fromstring(f"<div>{html}</div>".encode(), parser=parser)


def serialize_tree(root: HtmlElement) -> Html:
    """What is inside the ``div`` that ``parse_tree`` made."""
    text = lxml.html.tostring(root, encoding="unicode", with_tail=False)
    return Html(text[len("<div>") : -len("</div>")])


def image_targets(html: Html) -> Iterator[tuple[str, str]]:
    """Each image's ``src`` as the source has it and the ``data-sourcepos`` nearest to it."""
    for image in parse_tree(html).iter("img"):
        position = image.get("data-sourcepos") or next(
            (found for parent in image.iterancestors() if (found := parent.get("data-sourcepos"))), ""
        )
        yield image.get("src", ""), position


def plain_text_of(html: Html) -> str:
    root = parse_tree(html)
    for image in root.iter("img"):
        image.text = image.get("alt", "")
    return "".join(root.itertext())
