"""Where code spans and comments lie within a text, so that nothing in them is taken for markup."""

import re
from collections import defaultdict
from collections.abc import Iterator

_RUN = re.compile(r"`+")


def code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each code span, backticks included, as CommonMark pairs them; linear in the text."""
    runs = [(found.start(), found.end()) for found in _RUN.finditer(text)]
    waiting: dict[int, list[int]] = defaultdict(list)
    for index in range(len(runs) - 1, -1, -1):
        waiting[runs[index][1] - runs[index][0]].append(index)
    index = 0
    while index < len(runs):
        start, end = runs[index]
        same = waiting[end - start]
        while same and same[-1] <= index:
            same.pop()
        if same and not _is_escaped(text, start):
            closing = same[-1]
            yield start, runs[closing][1]
            index = closing + 1
        else:
            index += 1


def comment_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each closed HTML comment."""
    start = text.find("<!--")
    while start >= 0 and (end := text.find("-->", start + 4)) >= 0:
        yield start, end + 3
        start = text.find("<!--", end + 3)


def mask_code(text: str) -> str:
    """The text with every code span turned into spaces, its length unchanged."""
    return mask(text, code_spans(text)) if "`" in text else text


def mask_comments(text: str) -> str:
    """The text with every closed HTML comment turned into spaces, line ends and length unchanged."""
    return mask(text, comment_spans(text)) if "<!--" in text else text


def mask(text: str, spans: Iterator[tuple[int, int]], *, by: str = " ") -> str:
    """The text with the spans, sorted and apart, written over with a character, line ends and length unchanged."""
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts += (text[position:start], re.sub(r"[^\n]", by, text[start:end]))
        position = end
    return "".join((*parts, text[position:]))


def _is_escaped(text: str, position: int) -> bool:
    slashes = 0
    while position - slashes > 0 and text[position - slashes - 1] == "\\":
        slashes += 1
    return slashes % 2 == 1
