"""The safe HTML of a text → what a page shows: links that lead somewhere, formulas, coloured code, wide tables."""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape

from lxml.etree import strip_attributes
from lxml.html import HtmlElement

from deckgen.markdown.chinese_lines import has_lines_to_join, join_chinese_lines
from deckgen.markdown.formula_safety import for_mathjax, refusal
from deckgen.markdown.highlight import highlight_code
from deckgen.markdown.tree import add_class, parse_tree, remove, serialize_tree
from deckgen.model import Html
from deckgen.text.anki import composed

_CONTENTS_MARK = re.compile(r"\s*\[toc\]\s*", re.IGNORECASE)
_WEB_ADDRESS = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)


def page_html(safe: Html) -> Html:
    """The HTML that a page shows, which refers to no other part of it; images and colours are still the source's."""
    safe = Html(composed(safe))
    root = parse_tree(safe)
    for element in list(root.iter()):
        if element.get("data-math-style"):
            _place_formula(element)
        elif place := _PLACES.get(element.tag):
            place(element)
    strip_attributes(root, "id", "for")
    if has_lines_to_join(safe):
        join_chinese_lines(root)
    return Html(serialize_tree(root).strip())


_PLAIN_FORMULA = re.compile('<span data-math-style="(inline|display)">([^<]*)</span>')
_PLAIN_CODE = re.compile('<pre>(<code class="language-([^"]+)">)([^<]*)</code></pre>')


def page_html_of_plain(safe: Html) -> Html:
    """``page_html`` of what ``sanitize_plain`` made, without a tree where none is needed."""
    text = composed(safe).replace("&quot;", '"')
    if has_lines_to_join(text) or "[toc]" in text.lower():
        return page_html(safe)
    text = _PLAIN_FORMULA.sub(lambda found: _formula_html(unescape(found[2]), display=found[1] == "display"), text)
    text = _PLAIN_CODE.sub(_plain_code, text)
    text = text.replace("<table>", '<div class="dg-scroll"><table>').replace("</table>", "</table></div>")
    return Html(text.strip())


def _formula_html(latex: str, *, display: bool) -> str:
    name, text = _shown_formula(latex.strip(), display=display)
    text = escape(text, quote=False)
    return f'<span class="{name}">{text}</span>' if name else f"<code>{text}</code>"


def _plain_code(found: re.Match[str]) -> str:
    coloured = highlight_code(unescape(found[3]), found[2])
    if coloured is None:
        return found[0]
    coloured = Html(coloured.replace("&quot;", '"').replace("&#39;", "'"))
    return f'<pre class="highlight">{found[1]}{coloured}</code></pre>'


def _place_link(link: HtmlElement) -> None:
    """Only what leads out of the card is a link; chapters and headings are not there to go to."""
    if "footnote-backref" in (link.get("class") or ""):
        remove(link)
    elif not _WEB_ADDRESS.match(link.get("href") or ""):
        link.tag = "span"
        link.attrib.clear()


# --- formulas, code, the rest -----------------------------------------------------------------------------------------


def _place_formula(element: HtmlElement) -> None:
    style = element.attrib.pop("data-math-style")
    if element.tag not in ("span", "code"):
        return
    name, text = _shown_formula("".join(element.itertext()).strip(), display=style == "display")
    parent = element.getparent()
    if element.tag == "code" and parent is not None and parent.tag == "pre":
        element = parent
    element.clear(keep_tail=True)
    element.tag, element.text = "span" if name else "code", text
    if name:
        element.set("class", name)


def _shown_formula(latex: str, *, display: bool) -> tuple[str, str]:
    """The class and the text of the element that shows a formula; no class where it is shown as it is written."""
    if refusal(shown := for_mathjax(latex)):
        return "", latex
    return ("dg-math dg-math-display", rf"\[{shown}\]") if display else ("dg-math dg-math-inline", rf"\({shown}\)")


def _place_code(code: HtmlElement) -> None:
    parent = code.getparent()
    if parent is None or parent.tag != "pre":
        return
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


def _place_label(label: HtmlElement) -> None:
    """Tabs, which need a script, become sections, each under its label."""
    parent = label.getparent()
    if parent is not None and "tabbed-set" in (parent.get("class") or "").split():
        label.tag = "div"
        label.set("class", "tabbed-labels")


def _place_checkbox(box: HtmlElement) -> None:
    if box.get("type") != "checkbox":
        remove(box)
        return
    box.set("disabled", "")
    item = box.getparent()
    while item is not None and item.tag in ("p", "label"):
        item = item.getparent()
    if item is not None and item.tag == "li" and "task-list-item" not in (item.get("class") or ""):
        add_class(item, "task-list-item")


def _place_paragraph(paragraph: HtmlElement) -> None:
    """A mark where a contents list would stand is not shown."""
    if not len(paragraph) and _CONTENTS_MARK.fullmatch(paragraph.text or ""):
        remove(paragraph)


def _place_summary(summary: HtmlElement) -> None:
    summary.set("class", "tappable")


def _place_table(table: HtmlElement) -> None:
    parent = table.getparent()
    if parent is None:
        return
    wrapper = table.makeelement("div", {"class": "dg-scroll"})
    wrapper.tail, table.tail = table.tail, None
    parent.replace(table, wrapper)
    wrapper.append(table)


_PLACES: Mapping[str, Callable[[HtmlElement], None]] = {
    "a": _place_link,
    "code": _place_code,
    "input": _place_checkbox,
    "label": _place_label,
    "p": _place_paragraph,
    "summary": _place_summary,
    "table": _place_table,
}
