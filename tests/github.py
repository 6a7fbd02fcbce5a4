"""GitHub's own renderer as the oracle: what it makes of a Markdown text, and how the card's HTML differs from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import cmarkgfm
import comrak
import nh3
from cmarkgfm.cmark import Options

from deckgen.markdown import gfm, safe_html
from deckgen.markdown.brackets import ALLOWED
from deckgen.markdown.definitions import used_definitions
from deckgen.markdown.protect import protect_text, remove_control_characters
from deckgen.markdown.tree import parse_tree
from deckgen.model import Context, Dialect, Html, Markdown

EXCEPTIONS = ("maths", "angle brackets", "bold", "alerts", "rules", "sanitising", "control characters", "deep")
"""The closed list of docs/fidelity.md, as far as it changes structure, in the order in which they are tried."""


_GITHUB_ONLY = frozenset(gfm.EXTENSIONS) - {"alerts"}


def _comrak(text: str, definitions: str, extensions: frozenset[str]) -> str:
    head = f"{definitions}\n\n<!-- -->\n\n" if definitions else ""
    return comrak.markdown_to_html(
        f"{head}{text}\n",
        comrak.ExtensionOptions(**dict.fromkeys(sorted(extensions), True)),
        comrak.ParseOptions(),
        comrak.RenderOptions(unsafe_=True, gfm_quirks=True),
    )


def github_html(markdown: str, definitions: str = "") -> str:
    """What GitHub shows: cmark-gfm, then only elements and no comments, scripts gone with their content."""
    head = f"{definitions}\n\n<!-- -->\n\n" if definitions else ""
    raw = cmarkgfm.github_flavored_markdown_to_html(
        head + markdown, Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    )
    return nh3.clean(raw, tags=set(ALLOWED), clean_content_tags=set(), attributes={}, link_rel=None)


def structure(html: str) -> tuple[str, ...]:
    """Elements, their nesting and their text, in order; blanks between words are one, and none beside blocks."""
    events = list(_events(html))
    return tuple(event for event in events if event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``reason`` is empty for equal structure, one of the exceptions, or ``unexplained``."""

    reason: str
    github: tuple[str, ...]
    card: tuple[str, ...]
    text: str
    """What GitHub shows, without blanks; formulas without delimiters, angle brackets kept."""


def compare(markdown: str, *, definitions: str = "", html_headings: bool = False) -> Comparison:
    """How the HTML of a piece of a chapter differs from GitHub's, and by which exception."""
    needed = used_definitions(markdown, definitions)
    context = Context(dialect=Dialect.GFM, definitions=Markdown(definitions), html_headings=html_headings)
    html = safe_html(Markdown(markdown), context)
    card, github = structure(_without_formulas(html)), structure(github_html(markdown, needed))
    protected = protect_text(markdown)
    oracle = github_html(protected.text, needed)
    shown = _without_formulas(protected.restore(remove_control_characters(oracle)))
    hidden, text = structure(shown), visible_text(shown)
    if card == github:
        reason = ""
    elif card == hidden:
        reason = "maths" if protected.base else "angle brackets" if protected.bracket else "control characters"
    elif 'class="dg-deep"' in html:
        reason = "deep"
    else:
        reason = _parser_reason(protected.text, needed, html, html_headings=html_headings) or "unexplained"
    return Comparison(reason=reason, github=hidden, card=card, text=text)


def visible_text(html: str) -> str:
    """What can be read, without blanks and invisible characters, the delimiters of formulas and back references."""
    root = parse_tree(Html(re.sub(r"↩(?:<sup[^>]*>\d+</sup>)?", "", html)))
    for element in list(root.iter("span")):
        if "dg-math" in (element.get("class") or "").split() and len(element.text or "") > 3:
            element.text = (element.text or "")[2:-2]
    return re.sub(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]+", "", "".join(root.itertext()))


def _parser_reason(text: str, definitions: str, html: str, *, html_headings: bool) -> str:
    """The exception whose taking back gives what GitHub's parser gives."""
    github = structure(github_html(text, definitions))
    plain = _comrak(text, definitions, _GITHUB_ONLY - {"cjk_friendly_emphasis"})
    if structure(_only_elements(plain)) != github:
        return "sanitising" if _removes(text) else ""
    if structure(_only_elements(_comrak(text, definitions, _GITHUB_ONLY))) != github:
        return "bold"
    if "markdown-alert" in html:
        return "alerts"
    if html_headings:
        return "rules"
    return "sanitising" if _removes(text) else ""


def _only_elements(raw: str) -> str:
    return nh3.clean(raw, tags=set(ALLOWED), clean_content_tags=set(), attributes={}, link_rel=None)


def _removes(text: str) -> bool:
    return bool(re.search(r"<(?:script|style|iframe|object|embed|noscript|template|svg|math)\b", text, re.IGNORECASE))


def _without_formulas(html: str) -> str:
    """Formulas as text between dollars, as GitHub's parser sees them."""
    return re.sub(r'<span data-math-style="\w+">(.*?)</span>', r"\1", html, flags=re.DOTALL)


def _events(html: str) -> Iterator[str]:
    root = parse_tree(Html(html))
    text: list[str] = []
    stack: list[tuple[object, bool]] = [(root, False)]

    def flush() -> Iterator[str]:
        whole = "".join(text)
        text.clear()
        yield re.sub(r"\s+", "", whole)

    while stack:
        element, done = stack.pop()
        tag = str(element.tag)  # type: ignore[attr-defined]
        yield from flush()
        if done:
            yield f"</{tag}>"
            text.append(element.tail or "")  # type: ignore[attr-defined]
            continue
        yield f"<{tag}>"
        text.append(element.text or "")  # type: ignore[attr-defined]
        stack.append((element, True))
        stack.extend((child, False) for child in reversed(list(element)))  # type: ignore[call-overload]
    yield from flush()
