"""The text of a card: lines of Chinese joined without a space."""

import re
from collections.abc import Iterator
from functools import cache

from lxml.html import HtmlElement

_VERBATIM = frozenset(("pre", "code", "kbd", "samp", "tt"))
_INLINE = frozenset(
    """a abbr b code del dfn em font i ins kbd label mark q s samp small span strike strong sub sup tt u var""".split()
)
_WIDE = (
    "\u2e80-\u2fdf\u3000-\u312f\u3190-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    "\U00016fe0-\U00018cff\U0001b000-\U0001b2ff\U00020000-\U0003ffff"
)
"""Chinese characters, kana and full-width punctuation; no Hangul, which is written with spaces."""
_SHARED = "\u2014\u2018\u2019\u201c\u201d\u2026\u00b7"
"""Chinese punctuation that Latin text has as well; it counts where the other side is Chinese."""
_MARKS = "\u3001\u3002\u3008-\u3011\u3014-\u301b\uff01\uff08\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff5b\uff5d"
"""Full-width punctuation, which brings its own space."""
_INLINE_TAGS = rf"(?:</?(?:{'|'.join(sorted(_INLINE))})\b[^>]*>)*"
_MAY_JOIN = re.compile(
    rf"[{_WIDE}{_SHARED}]{_INLINE_TAGS}\n{_INLINE_TAGS}[{_WIDE}{_SHARED}]|[{_MARKS}]{_INLINE_TAGS}\n|\n{_INLINE_TAGS}[{_MARKS}]"
)


_BLOCK_TAGS = """p /p li /li ul /ul ol /ol tr /tr /td /th table /table thead /thead tbody /tbody blockquote /blockquote
    /h2 /h3 /pre"""
_BESIDE_BLOCK = "".join(rf"(?<!<{tag}>\n)" for tag in _BLOCK_TAGS.split())
_WITHIN_BLOCK = re.compile(rf"\n(?:(?=[{_MARKS}]|</?(?:{'|'.join(sorted(_INLINE))})\b)|{_BESIDE_BLOCK})")
"""A line end that may do more than part two blocks, as nearly all in HTML do; it is found by the line end alone."""


def has_lines_to_join(html: str) -> bool:
    """Whether ``join_chinese_lines`` may find anything in ``html``; far quicker."""
    return bool(_WITHIN_BLOCK.search(html) and _MAY_JOIN.search(html))


@cache
def _soft_break() -> re.Pattern[str]:
    """Takes long to compile, and few texts have lines to join."""
    return re.compile(
        rf"(?<=[{_WIDE}])\n(?=[{_WIDE}{_SHARED}])|(?<=[{_SHARED}])\n(?=[{_WIDE}])|(?<=[{_MARKS}])\n|\n(?=[{_MARKS}])"
    )


def join_chinese_lines(root: HtmlElement) -> None:
    """A soft line break between two Chinese characters, or beside a full-width mark, is no space."""
    for run in _runs(root):
        texts = [(getattr(element, slot) or "") for element, slot in run]
        whole = "".join(texts)
        breaks = [found.start() for found in _soft_break().finditer(whole)] if "\n" in whole else []
        offset = used = 0
        for (element, slot), text in zip(run, texts, strict=True):
            inside = []
            while used < len(breaks) and breaks[used] < offset + len(text):
                inside.append(breaks[used] - offset)
                used += 1
            if inside:
                pieces = [
                    text[start:end]
                    for start, end in zip([0, *(at + 1 for at in inside)], [*inside, len(text)], strict=True)
                ]
                setattr(element, slot, "".join(pieces))
            offset += len(text)


def _runs(root: HtmlElement) -> Iterator[list[tuple[HtmlElement, str]]]:
    """The places of text, ``text`` or ``tail`` of an element, in one line of text; code and formulas part them."""
    run: list[tuple[HtmlElement, str]] = []
    verbatim = 0
    stack: list[tuple[HtmlElement, bool]] = [(root, False)]
    while stack:
        element, done = stack.pop()
        if not done:
            if _is_verbatim(element):
                verbatim += 1
            if element.tag not in _INLINE or _is_verbatim(element):
                if run:
                    yield run
                run = []
            if not verbatim:
                run.append((element, "text"))
            stack.append((element, True))
            stack.extend((child, False) for child in reversed(element))
            continue
        if element.tag not in _INLINE or _is_verbatim(element):
            if run:
                yield run
            run = []
        if _is_verbatim(element):
            verbatim -= 1
        if not verbatim and element is not root:
            run.append((element, "tail"))
    if run:
        yield run


def _is_verbatim(element: HtmlElement) -> bool:
    return element.tag in _VERBATIM or "dg-math" in (element.get("class") or "").split()
