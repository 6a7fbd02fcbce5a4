"""Questions as tools for flash cards read them: rows of tables, ``question::answer``, ``### Front`` and ``Back``."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from deckgen.chapters.heading import LEVEL_OF_ANY_ROW, LEVEL_OF_ASKING, Heading, Markup, line_heading
from deckgen.chapters.shown import box_of
from deckgen.markdown.inline import mask_code
from deckgen.model import replace
from deckgen.text.titles import ask_score

_ASKED_COLUMN = re.compile(r"(?:面试|常见|高频)?(?:问题|题目|题|提问|问)|questions?|q|front|正面", re.IGNORECASE)
_ANSWER_COLUMN = re.compile(
    r"(?:参考|标准|简要|简短)?(?:答案|回答|解答|答|要点)(?:要点)?|(?:\w+ )?answers?(?: \w+)?|a|back|背面", re.IGNORECASE
)
_CELL_END = re.compile(r"(?<!\\)\|")
_DELIMITERS = re.compile(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*(?::?-+:?)?[ \t]*$")
_SEPARATOR = re.compile(r"(?<![\w:]):::?(?!:)|(?<!:):::?(?![\w:])", re.ASCII)
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,4}[.)])[ \t]+")
_ASKED_ABOVE = re.compile(r"[ \t]*(?:\?{1,2}|？)[ \t]*$")
_DEFINES = re.compile(r":[ \t]+\S")
_SIDES = {"front": "front", "正面": "front", "back": "back", "背面": "back", "反面": "back"}
_MAY_HOLD_CARDS = re.compile(
    rf"\|[ \t]*(?:{_ASKED_COLUMN.pattern})[ \t]*\||^[ \t]*[?？]{{1,2}}[ \t]*$|::|^[-*+][ \t].*[?？][ \t]*$",
    re.MULTILINE,
)
_BULLET = re.compile(r"[-*+][ \t]+(\[[ xX]\][ \t]+)?(?=[^\s*_\d\[])")
_TAGGED = re.compile(r"[ \t]*[-*+][ \t]+(.*\s#(?:flash)?cards?(?:/\S*)?)[ \t]*$", re.IGNORECASE)
PROPERTY = re.compile(r"[ \t]*(?:id|collapsed|card-[\w-]+)::(?:[ \t]|$)")
"""What Logseq keeps with a block and does not show."""
CARD_STARTS = "START"
"""Below which a plugin of Obsidian reads the kind of card, its front, ``Back:``, and ``END``."""
_BOLD_CARD = re.compile(r"[ \t]*(?:[-*+][ \t]+)?(\*\*|__)((?:(?!\1).)+[?？])\1[ \t]*[:：]?[ \t]*(?=\S)")
_STANDS_ALONE = re.compile(r"[^\s#>|<*_+\-\d=`~\[!:].{1,100}$")
_ASKING_KINDS = ("question", "faq", "help")
_ASKS = re.compile(r"[?？][*_ \t]*$")
_MOST_PARAGRAPH_LINES = 8
_DEEPEST = 6
"""Level of a heading that Markdown or HTML knows."""


def may_hold_cards(text: str) -> bool:
    """Whether a chapter may have rows of tables, or lines as Obsidian's plugins read them, that are cards."""
    return _MAY_HOLD_CARDS.search(text) is not None


def join_fronts(headings: Sequence[Heading], lines: Sequence[str]) -> Sequence[Heading]:
    """The headings without ``### Front`` and ``### Back``, or those called 答案 below most others of their level.

    A front is part of the title above it, or the line below it is one; a back stays in the text, where it begins the
    answer. Headings that are not in such pairs stay as they are.
    """
    sides = [heading for heading in headings if _side(heading)]
    if not sides and any(map(_is_answer, headings)):
        return _without_answers(headings)
    if not sides or list(map(_side, sides)) != ["front", "back"] * (len(sides) // 2):
        return headings
    titles = {below.line: above for above, below in pairwise(headings) if _stands_right_above(lines, above, below)}
    others = [heading for heading in headings if not _side(heading)]
    if all(front.line in titles for front in sides[::2]):
        fronts = {titles[front.line]: front for front in sides[::2]}
        ends = ((item, fronts.get(item, item)) for item in others)
        return [replace(item, end_line=end.end_line, end_column=end.end_column) for item, end in ends]
    return sorted((*others, *(_first_line(lines, front) for front in sides[::2])), key=lambda heading: heading.line)


def _is_answer(heading: Heading) -> bool:
    return len(heading.text) > 1 and _ANSWER_COLUMN.fullmatch(heading.text.strip(" :：")) is not None


def _without_answers(headings: Sequence[Heading]) -> Sequence[Heading]:
    outline = [heading for heading in headings if heading.level <= _DEEPEST]
    answers = {below.line for above, below in pairwise(outline) if above.level == below.level and _is_answer(below)}
    levels = [heading.level for heading in outline if heading.line in answers]
    most = all(5 * levels.count(level) >= 2 * sum(item.level == level for item in headings) for level in set(levels))
    return [heading for heading in headings if heading.line not in answers] if levels and most else headings


def _side(heading: Heading) -> str:
    return _SIDES.get(heading.text.strip(" :：").casefold(), "")


def _stands_right_above(lines: Sequence[str], above: Heading, below: Heading) -> bool:
    return above.level < below.level and not any(map(str.strip, lines[above.end_line : below.line - 1]))


def _first_line(lines: Sequence[str], front: Heading) -> Heading:
    """A front that has no title: its first line is one."""
    at = next((at for at in range(front.end_line, len(lines)) if lines[at].strip()), front.line - 1)
    return replace(front, text=lines[at].strip(), end_line=at + 1, end_column=len(lines[at].rstrip()))


def rows_of(lines: Sequence[str], index: int) -> Iterator[Heading]:
    """The rows below a table's head, of a column of questions and one of answers; other columns follow the answer.

    Where no column is called after questions, it is the first, and a level of their own tells such rows.
    """
    if index + 1 >= len(lines) or not _DELIMITERS.match(lines[index + 1]):
        return
    names = [name.strip("*_ ") for name, _ in _cells(lines[index])]
    if not names:
        return
    asked = next((at for at, name in enumerate(names) if _ASKED_COLUMN.fullmatch(name)), 0)
    answer = next((at for at, name in enumerate(names) if at != asked and _ANSWER_COLUMN.fullmatch(name)), asked + 1)
    named = _ASKED_COLUMN.fullmatch(names[asked]) and (
        asked == len(names) - 2 or _ANSWER_COLUMN.fullmatch(names[min(answer, len(names) - 1)])
    )
    for at in range(index + 2, len(lines)):
        if not lines[at].lstrip().startswith("|"):
            return
        row = _cells(lines[at])
        if len(row) > max(asked, answer) and row[asked][0]:
            text, end = row[asked]
            others = (other for other in range(asked + 1, min(len(names), len(row))) if other != answer)
            said = [row[answer][0], *(f"**{names[other]}** {row[other][0]}" for other in others if row[other][0])]
            heading = line_heading(Markup.ROW, text, lines[at][:end], at, level=0 if named else LEVEL_OF_ANY_ROW)
            yield replace(heading, answer="<br>".join(said) if row[answer][0] else "")


def item_of(lines: Sequence[str], index: int) -> Heading | None:
    """An item that asks, or can be ticked, above what is further in; a quoted line, a fold or a note that asks."""
    line = lines[index]
    below = lines[index + 1] if index + 1 < len(lines) else ""
    if (box := box_of(line)) and (box.enclosed or box.kind in _ASKING_KINDS or ask_score(box.title) == 1.0):
        listed = not (box.enclosed or line.lstrip().startswith(">"))
        return line_heading(Markup.SUMMARY if box.enclosed else Markup.ITEM, box.title, line, index, listed=listed)
    if found := _BULLET.match(line):
        inside = next(filter(str.strip, lines[index + 1 : index + 3]), "").startswith(("  ", "\t"))
        follows = inside or (below.strip() and not _ITEM.match(below[:2]))
        if follows and (ask_score(line) == 1.0 or (inside and found[1])):
            return line_heading(Markup.ITEM, line[found.end() :], line, index, listed=inside)
    if line.startswith(">") and not below.strip() and _ASKS.search(line) and not (index and lines[index - 1].strip()):
        return line_heading(Markup.ITEM, line[1:], line, index)
    if _ASKS.search(line) and _STANDS_ALONE.match(line) and not (index and lines[index - 1].strip()):
        return line_heading(Markup.ITEM, line, line, index, level=LEVEL_OF_ASKING)
    return None


def _cells(line: str) -> list[tuple[str, int]]:
    """The text of each cell of a table's row, and where it ends."""
    bars = [found.start() for found in _CELL_END.finditer(line.rstrip())]
    ends = bars[1:] if line.rstrip().endswith("|") else [*bars[1:], len(line)]
    return [(line[bar + 1 : end].strip().replace("\\|", "|"), end) for bar, end in zip(bars, ends, strict=False)]


def card_of(lines: Sequence[str], index: int) -> Heading | None:
    """``question::answer``, ``**question?** answer``, a paragraph above ``?`` or ``: …``, an item with ``#card``."""
    line = lines[index]
    if line == CARD_STARTS and index + 2 < len(lines):
        front = line_heading(Markup.CARD, lines[index + 2], line, index)
        return replace(front, end_line=index + 3, end_column=len(lines[index + 2]))
    if tagged := _TAGGED.match(line):
        return line_heading(Markup.CARD, tagged[1], line, index, listed=True)
    if bold := _BOLD_CARD.match(line):
        return line_heading(Markup.CARD, bold[2], line[: bold.end()], index)
    if PROPERTY.match(line):
        return None
    found = _SEPARATOR.search(mask_code(line)) if "::" in line else None
    if found and (text := _ITEM.sub("", line[: found.start()]).strip()):
        return line_heading(Markup.CARD, text, line[: found.end()], index)
    if index and lines[index - 1].strip():
        return None
    if index + 1 < len(lines) and _DEFINES.match(lines[index + 1]):
        return replace(line_heading(Markup.CARD, line, line, index), end_line=index + 2, end_column=1)
    for end in range(index + 1, min(index + _MOST_PARAGRAPH_LINES, len(lines))):
        if _ASKED_ABOVE.match(lines[end]):
            text = " ".join(line.strip() for line in lines[index:end])
            heading = line_heading(Markup.CARD, text, lines[index], index)
            return replace(heading, end_line=end + 1, end_column=len(lines[end]))
        if not lines[end].strip():
            return None
    return None
