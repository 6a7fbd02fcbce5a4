"""What of a text does not reach its card, or not as it was meant, because it would run or load something."""

import re
from collections.abc import Iterator

from msgspec import Struct

from deckgen.markdown.brackets import find_unsafe_html
from deckgen.markdown.document import Document
from deckgen.markdown.formula_safety import for_mathjax, refusal

_MAY_BE_UNSAFE = re.compile(r"<|\]\(\s*+<?\s*+(?:java|vb|data)", re.IGNORECASE)


_MAY_BE_AT_ALL = re.compile(rf"{_MAY_BE_UNSAFE.pattern}|\$|\\[(\[]|`{{3}}|~{{3}}", re.IGNORECASE)


class Unsafe(Struct, frozen=True, kw_only=True):
    """``text[start:end]`` breaks a rule; ``what`` says how, as a sentence about the card."""

    rule: str
    start: int
    end: int
    what: str
    hint: str
    is_remark: bool = False
    """Nothing that a reader would miss."""


def may_be_unsafe(text: str) -> bool:
    """Whether ``find_unsafe`` may find anything in the document of ``text``; far quicker."""
    return bool(_MAY_BE_AT_ALL.search(text))


def find_unsafe(document: Document) -> tuple[Unsafe, ...]:
    """All of a text that its card leaves out or shows as it is written, in order."""
    return tuple(sorted((*_html(document), *_formulas(document)), key=lambda item: item.start))


def _html(document: Document) -> Iterator[Unsafe]:
    text = document.markdown
    if not _MAY_BE_UNSAFE.search(text):
        return
    for start, what in find_unsafe_html(text, document.code, document.brackets):
        yield Unsafe(
            rule="unsafe-html",
            start=start,
            end=start + 1,
            what=f"{what} is left out of the card",
            hint="write it in Markdown, or put it into code if it is to be read",
            # A style says how the page looks; the card looks its own way, and nothing is lost.
            is_remark=what == "a style",
        )


def _formulas(document: Document) -> Iterator[Unsafe]:
    text = document.markdown
    marked = ((item.start + item.opening, item.end - item.closing) for item in document.formulas)
    fenced = ((text.find("\n", start, end) + 1, text.rfind("\n", start, end)) for start, end in document.math_fences)
    for start, end in (*marked, *fenced):
        if refused := refusal(for_mathjax(text[start:end])):
            yield Unsafe(
                rule="unsafe-formula",
                start=start + refused.start,
                end=start + refused.end,
                what=f"the card shows this formula as it is written: {refused.reason}",
                hint="use the commands that docs/fidelity.md tells of, or put into code what is no formula",
            )
