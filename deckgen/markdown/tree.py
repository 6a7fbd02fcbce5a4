"""HTML as a tree, by lxml: the tree itself, parsing and writing it; others only walk it."""

import lxml.etree
import lxml.html
from lxml.html import HtmlElement

from deckgen.model import Html

_BLOCKS = frozenset(
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3"
    " h4 h5 h6 header hr li main nav ol p pre section summary table tbody thead tfoot tr ul".split()
)
_CELLS = frozenset(("td", "th"))
_UNSEEN = frozenset(("script", "style", "template", "head"))


def parse_tree(html: Html) -> HtmlElement:
    """A ``div`` around the fragment, which is well-formed."""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    # What lxml.html has for fragments takes three times as long.
    body = lxml.etree.fromstring(f"<html><body><div>{html}</div></body></html>".encode(), parser)[0]
    root = body[0]
    body.remove(root)
    return root


def serialize_tree(root: HtmlElement) -> Html:
    """What is inside the ``div`` that ``parse_tree`` made."""
    text = lxml.html.tostring(root, encoding="unicode", with_tail=False)
    return Html(text[len("<div>") : -len("</div>")])


def remove(element: HtmlElement) -> None:
    """Takes an element out and leaves the text behind it."""
    if element.getparent() is not None:
        element.drop_tree()


def add_class(element: HtmlElement, name: str) -> None:
    known = (element.get("class") or "").split()
    if name not in known:
        element.set("class", " ".join([*known, name]))


def plain_text_of(html: Html) -> str:
    """What a reader sees; formulas as LaTeX, images as their alternative text."""
    text = html.removeprefix("<p>").removesuffix("</p>") if html.endswith("</p>") else html
    if "<" not in text and "&" not in text:
        return text
    root = parse_tree(html)
    for image in root.iter("img"):
        image.text = image.get("alt", "")
    for formula in root.iter("span"):
        if "dg-math" in (formula.get("class") or "").split():
            formula.text = (formula.text or "")[2:-2]
    return "".join(root.itertext())


def prose_of(html: Html) -> str:
    """What a reader sees outside code, without the images' alternative texts."""
    root = parse_tree(html)
    for code in (*root.iter("pre"), *root.iter("code")):
        code.clear(keep_tail=True)
    return "".join(root.itertext())


def block_text(html: str) -> str:
    """What a reader sees of a field's HTML, a line per paragraph, item, table row or line of code.

    Items begin with ``- ``, cells are parted by `` | ``, an image gives its alternative text in brackets. Any HTML is
    read, broken or not.
    """
    if not html.strip():
        return ""
    root = any_tree(html)
    lines = [""]
    verbatim = hidden = 0
    for event, element in lxml.etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            verbatim += tag == "pre"
            hidden += tag in _UNSEEN
            _open(lines, tag, element)
            _write(lines, "" if hidden else element.text, verbatim=bool(verbatim))
            continue
        if event == "end":
            verbatim -= tag == "pre"
            hidden -= tag in _UNSEEN
            if tag in _BLOCKS:
                lines.append("")
        _write(lines, "" if hidden else element.tail, verbatim=bool(verbatim))
    return "\n".join(shown for line in lines if (shown := line.rstrip()).strip(" -|"))


def any_tree(html: str) -> HtmlElement:
    """The tree of any HTML, broken or not."""
    readable = "".join(character for character in html if character in "\t\n\r" or character >= " ")
    return lxml.html.document_fromstring(
        f"<html><body><div>{readable}</div></body></html>".encode(errors="replace"),
        parser=lxml.html.HTMLParser(encoding="utf-8", huge_tree=True),
    )


def _open(lines: list[str], tag: str, element: HtmlElement) -> None:
    if tag == "br" or (tag in _BLOCKS and lines[-1] != "- "):
        lines.append("- " if tag == "li" else "")
    elif tag in _CELLS and lines[-1].strip():
        lines[-1] = f"{lines[-1].rstrip()} | "
    elif tag == "img":
        lines[-1] += f"[{element.get('alt', '')}]"


def _write(lines: list[str], text: str | None, *, verbatim: bool) -> None:
    if not text:
        return
    if verbatim:
        first, *others = text.split("\n")
        lines[-1] += first
        lines.extend(others)
        return
    words = " ".join(text.split())
    before = " " if text[0].isspace() and lines[-1].strip() and not lines[-1].endswith(" ") else ""
    after = " " if words and text[-1].isspace() else ""
    lines[-1] += f"{before}{words}{after}"
