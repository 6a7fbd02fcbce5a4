"""GitHub-flavoured Markdown by comrak, the only module that imports it."""

from __future__ import annotations

import re
from functools import cache

import comrak

EXTENSIONS = frozenset(
    (
        "alerts",
        "autolink",
        "cjk_friendly_emphasis",
        "footnotes",
        "math_code",
        "strikethrough",
        "table",
        "tasklist",
    )
)
_POSITION = re.compile(r' data-sourcepos="(\d+):(\d+)-(\d+):(\d+)"')


def render(
    markdown: str,
    *,
    definitions: str = "",
    ignore_setext: bool = False,
    raw_html: bool = True,
    extensions: frozenset[str] = EXTENSIONS,
) -> str:
    """Unsanitised HTML with ``data-sourcepos``, in characters from 1; formulas are to be hidden from it.

    ``definitions`` are read as if they stood before the text; they move no position and leave nothing behind but the
    footnotes that are used. Without ``raw_html`` a comment stands for each piece of the source's own HTML, so that
    the tree is the parser's alone.
    """
    head = f"{definitions}\n\n<!-- -->\n\n" if definitions else ""
    # Without a line end, comrak takes a last line such as "1." for text.
    options = (_extensions(extensions), _parsing(ignore_setext), _rendering(raw_html))
    return _in_characters(comrak.render_markdown(f"{head}{markdown}\n", *options), markdown, head.count("\n"))


@cache
def _extensions(names: frozenset[str]) -> comrak.ExtensionOptions:
    options = comrak.ExtensionOptions()
    for name in sorted(names):
        setattr(options, name, True)
    return options


@cache
def _parsing(ignore_setext: bool) -> comrak.ParseOptions:
    options = comrak.ParseOptions()
    options.ignore_setext = ignore_setext
    return options


@cache
def _rendering(raw_html: bool) -> comrak.RenderOptions:
    options = comrak.RenderOptions()
    options.sourcepos = True
    options.unsafe_ = raw_html
    options.gfm_quirks = True
    return options


def _in_characters(html: str, markdown: str, head_lines: int) -> str:
    """Positions in bytes → in characters. comrak's own option for it takes quadratic time on a long line."""
    if markdown.isascii() and not head_lines:
        return html
    lines = markdown.split("\n")
    columns: dict[int, list[int]] = {}

    def place(line: int, column: int) -> tuple[int, int]:
        line -= head_lines
        if not 1 <= line <= len(lines) or lines[line - 1].isascii():
            return line, column
        if line not in columns:
            columns[line] = _columns(lines[line - 1])
        known = columns[line]
        return line, known[column] if column < len(known) else column

    def convert(found: re.Match[str]) -> str:
        line, column = place(int(found[1]), int(found[2]))
        end_line, end_column = place(int(found[3]), int(found[4]))
        return f' data-sourcepos="{line}:{column}-{end_line}:{end_column}"' if line > 0 else ""

    return _POSITION.sub(convert, html)


def _columns(line: str) -> list[int]:
    """Byte column → character column, both from 1; the last byte of a character counts as the character."""
    columns = [0]
    for number, character in enumerate(line, 1):
        columns += [number] * len(character.encode("utf-8", "surrogatepass"))
    columns.append(len(line) + 1)
    return columns
