"""Python-Markdown with pymdown-extensions, for sources that live in an MkDocs site; the only module that imports it."""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

_EXTENSIONS = (
    "abbr",
    "admonition",
    "attr_list",
    "def_list",
    "footnotes",
    "md_in_html",
    "sane_lists",
    "tables",
    "pymdownx.caret",
    "pymdownx.details",
    "pymdownx.highlight",
    "pymdownx.keys",
    "pymdownx.mark",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.tasklist",
    "pymdownx.tilde",
)
_CONFIGURATION: dict[str, dict[str, object]] = {
    # The card colours code itself, the same in both dialects.
    "pymdownx.highlight": {"use_pygments": False},
    # Each label stands before its content: a card has no script that would switch.
    "pymdownx.tabbed": {"alternate_style": False},
    "footnotes": {"BACKLINK_TEXT": ""},
}
_MAX_INDENT = 200
_MAX_CHARACTERS = 60_000
"""Of one text; the library takes quadratic time over its blocks, table rows and fences."""
_MAX_LINES = 1000
"""In one block, likewise."""
_MAX_BRACKETS = 2000
"""In one block. The library's patterns take quadratic time over brackets that nothing closes."""


def is_beyond(markdown: str) -> bool:
    """The library could not read ``markdown`` in a reasonable time: indented or bracketed beyond any real text."""
    if len(markdown) > _MAX_CHARACTERS:
        return True
    if re.search(rf"^[ \t]{{{_MAX_INDENT}}}[ \t]*\S", markdown, re.MULTILINE):
        return True
    blocks = re.split(r"\n[ \t]*\n", markdown)
    if any(block.count("\n") > _MAX_LINES for block in blocks):
        return True
    return any(max(block.count("["), block.count("<")) > _MAX_BRACKETS for block in blocks)


def render(markdown: str, *, definitions: str = "") -> str:
    """Unsanitised HTML without source positions; formulas are to be hidden from it.

    RecursionError where quotes or lists are nested too deep for the library.
    """
    text = f"{definitions}\n\n<!-- -->\n\n{markdown}" if definitions else markdown
    import markdown as library  # whose import takes longer than a small build

    return library.markdown(text, extensions=list(_EXTENSIONS), extension_configs=_CONFIGURATION)


# --- for those who read a tree ----------------------------------------------------------------------------------------

_INDENTING = re.compile(r"([ ]*)(?:!!!|\?\?\?\+?|===[!+]*)[ ][\w -]*+(?:\"(.*)\")?[ \t]*$")


class Part(Struct, frozen=True):
    """Lines that GitHub reads as this dialect does; ``offsets`` are where each begins in the whole.

    ``titles`` are the offsets of titles that stand between its lines.
    """

    text: str
    offsets: tuple[int, ...]
    titles: tuple[tuple[int, int], ...]

    def offset(self, at: int) -> int:
        """Where an offset of the part stands in the whole text."""
        before = self.text.count("\n", 0, at)
        return self.offsets[before] + at - (self.text.rfind("\n", 0, at) + 1)


def parts(text: str, written: str) -> Iterator[Part]:
    """The text without its admonitions and tabs, which GitHub would take for code, then what stands in each of them.

    ``written`` is the text before its formulas were hidden, line by line the same: offsets are its.
    """
    offsets = [0]
    for line in written.split("\n"):
        offsets.append(offsets[-1] + len(line) + 1)
    yield from _parts(text.split("\n"), offsets[:-1])


def _parts(lines: list[str], offsets: Sequence[int]) -> Iterator[Part]:
    inner: list[tuple[list[str], list[int]]] = []
    titles: list[tuple[int, int]] = []
    index = 0
    while index < len(lines):
        found = _INDENTING.match(lines[index])
        if not found:
            index += 1
            continue
        if found[2]:
            titles.append((offsets[index] + found.start(2), offsets[index] + found.end(2)))
        indent = " " * (len(found[1]) + 4)
        last = index + 1
        while last < len(lines) and (lines[last].startswith(indent) or not lines[last].strip()):
            last += 1
        inside = range(index + 1, last)
        inner.append(
            (
                [lines[number][len(indent) :] for number in inside],
                [offsets[number] + min(len(indent), len(lines[number])) for number in inside],
            )
        )
        lines[index:last] = [""] * (last - index)
        index = last
    yield Part("\n".join(lines), tuple(offsets), tuple(titles))
    for texts, starts in inner:
        yield from _parts(texts, starts)
