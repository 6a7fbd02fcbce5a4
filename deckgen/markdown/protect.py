"""Text that Markdown must not touch: formulas, and angle brackets that are no HTML, made opaque at equal length.

Each character is replaced by one of a private range, so that lines and columns stay true and so that the change can be
taken back wherever it turns out to have been wrong: inside code, links and attributes.
"""

import re
from functools import cache
from html import unescape
from urllib.parse import quote, unquote

from msgspec import Struct

from deckgen.markdown.brackets import literal_brackets
from deckgen.markdown.formulas import Formula, find_formulas
from deckgen.model import Html

_BASES = (0x10F000, 0x10E000, 0x10D000, 0x10C000, 0x10B000, 0xFF000)
_INSIDE, _OPEN_INLINE, _CLOSE_INLINE, _OPEN_DISPLAY, _CLOSE_DISPLAY, _FILLER = (0x80 * step for step in range(6))
_SIZE = 0x300
_BRACKETS = "\u1bfc\u1bfd\ua8ce\ua8cf\ua92e"
"""Rare punctuation: a ``<`` stays punctuation for the rules of emphasis."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_TAG = re.compile(r"<[^>]*>")
_CODE_TAG = re.compile(r"(</?(?:code|pre)\b[^>]*>)")


class Protected(Struct, frozen=True, kw_only=True):
    """``text`` is safe to parse; ``restore`` gives back what was hidden in it."""

    text: str
    base: int
    bracket: str
    formulas: tuple[Formula, ...]
    brackets: tuple[int, ...]
    """Offsets of each ``<`` that is no HTML."""

    def restore(self, html: str) -> Html:
        """Sanitised HTML of ``text`` with its formulas as ``<span data-math-style>`` and its brackets as text."""
        if self.bracket:
            html = html.replace(self.bracket, "&lt;").replace(quote(self.bracket), "%3C")
        if not self.base:
            return Html(html)
        if "%F" in html:
            html = re.sub(r"(?:%F[34]%[89AB][0-9A-F]%[89AB][0-9A-F]%[89AB][0-9A-F])+", self._percent, html)
        opening, formula, hidden = _patterns(self.base)
        parts, code_depth = [], 0
        for part in _CODE_TAG.split(html):
            if part.startswith(("<code", "<pre")):
                code_depth += 1
            elif part.startswith(("</code", "</pre")):
                code_depth -= 1
            elif not code_depth and opening.search(part):
                part = formula.sub(self._shown, part)
            parts.append(part)
        return Html(hidden.sub(lambda found: self._plain(found[0], escape=True), "".join(parts)))

    def _shown(self, found: re.Match[str]) -> str:
        """A formula as a span; a tag, whose attributes may hold one, as it is."""
        return found[0] if found[0].startswith("<") else self._span(found)

    def hides_in_tags(self, html: str) -> bool:
        """Whether an attribute of this HTML of ``text`` holds something hidden, which nobody has judged yet."""
        if not self.base:
            return False
        _, _, hidden = _patterns(self.base)
        return any("%F" in tag or hidden.search(tag) for tag in _TAG.findall(html))

    def _span(self, found: re.Match[str]) -> str:
        style = "inline" if found[1] is not None else "display"
        latex = _UNSEEN.sub("", self._plain(found[1] if found[1] is not None else found[2], escape=True))
        return f'<span data-math-style="{style}">{latex}</span>'

    def _plain(self, text: str, *, escape: bool = False) -> str:
        return text.translate(_shown(self.base, escape))

    def _percent(self, found: re.Match[str]) -> str:
        text = unquote(found[0])
        return quote(self._plain(text), safe="$&;=+,/?:@!*'()") if _uses(text, self.base) else found[0]


_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


@cache
def _shown(base: int, escape: bool) -> dict[int, str]:
    """Each hidden character → the one that it stands for; fillers stand for none."""
    table = dict.fromkeys(range(base + _FILLER, base + _SIZE), "")
    for code in range(_FILLER):
        plain = chr(code % 0x80)
        table[base + code] = _ESCAPES.get(plain, plain) if escape else plain
    return table


@cache
def _patterns(base: int) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What a hidden formula can begin with, the formula, and whatever is hidden."""

    def characters(kind: int) -> str:
        return f"[{chr(base + kind)}-{chr(base + kind + 0x7F)}]+"

    hidden = f"{chr(base)}-{chr(base + _SIZE - 1)}"
    # The first alternative is a tag with something hidden in it.
    formula = re.compile(
        f"<[^>{hidden}]*+[{hidden}][^>]*>"
        f"|{characters(_OPEN_INLINE)}([^<]*?){characters(_CLOSE_INLINE)}"
        f"|{characters(_OPEN_DISPLAY)}([^<]*?){characters(_CLOSE_DISPLAY)}"
    )
    openings = "".join(chr(base + kind + ord(mark)) for kind in (_OPEN_INLINE, _OPEN_DISPLAY) for mark in "$\\")
    return re.compile(f"[{openings}]"), formula, re.compile(f"[{hidden}]+")


def protect_text(text: str) -> Protected:
    r"""``text`` with formulas and brackets hidden, control characters made harmless; ``\n`` line ends."""
    text = _CONTROL.sub("\x01", text.replace("\r", " "))
    brackets = literal_brackets(text)
    bracket = next((one for one in _BRACKETS if one not in text), "") if brackets else ""
    formulas = find_formulas(text)
    # A parser turns entities and percent signs into characters, which must not be taken for hidden ones either.
    spelt = f"{text}{unescape(text)}" if formulas and "&" in text else text
    spelt = f"{spelt}{unquote(spelt)}" if "%" in spelt else spelt
    base = next((one for one in _BASES if not _uses(spelt, one)), 0) if formulas else 0
    if bracket:
        characters = list(text)
        for offset in brackets:
            characters[offset] = bracket
        hidden = "".join(characters)
    else:
        hidden = text
    if not base:
        return Protected(text=hidden, base=0, bracket=bracket, formulas=formulas, brackets=brackets)
    parts, cursor = [], 0
    for formula in formulas:
        parts += [hidden[cursor : formula.start], _hide(text, formula, base)]
        cursor = formula.end
    parts.append(hidden[cursor:])
    return Protected(text="".join(parts), base=base, bracket=bracket, formulas=formulas, brackets=brackets)


def remove_control_characters(html: str) -> str:
    """What ``protect`` made of control characters, gone. To be called before the HTML is sanitised."""
    return html.replace("\x01", "")


def _uses(text: str, base: int) -> bool:
    return bool(re.search(f"[{chr(base)}-{chr(base + _SIZE - 1)}]", text))


def _hide(text: str, formula: Formula, base: int) -> str:
    opening, closing = (_OPEN_DISPLAY, _CLOSE_DISPLAY) if formula.display else (_OPEN_INLINE, _CLOSE_INLINE)
    inner_start, inner_end = formula.start + formula.opening, formula.end - formula.closing
    inside = text[inner_start:inner_end]
    if formula.in_table:
        # In a table, ``\|`` is how a bar is written.
        inside = inside.replace("\\|", f"{chr(base + _FILLER)}|")
    whole = (
        _shift(text[formula.start : inner_start], base + opening)
        + _shift(inside, base + _INSIDE)
        + _shift(text[inner_end : formula.end], base + closing)
    )
    if "\n" not in whole:
        return whole
    first, *rest = whole.split("\n")
    lines = text[formula.start : formula.end].split("\n")[1:]
    indent = re.match(r"[ \t>]*", text[text.rfind("\n", 0, formula.start) + 1 : formula.start])
    blank = (indent[0] if indent else "") + chr(base + _FILLER)
    prefix = re.compile(rf"(?:[ \t]*>){{0,{formula.quotes}}}[ \t]*")
    shown = []
    for hidden, line in zip(rest, lines, strict=True):
        found = prefix.match(line)
        size = found.end() if found else 0
        shown.append(line[:size] + hidden[size:] if line[size:].strip() else blank)
    return "\n".join([first, *shown])


def _shift(text: str, base: int) -> str:
    """ASCII characters moved by ``base``; line ends and all other characters stay."""
    return text.translate(_shifts(base))


@cache
def _shifts(base: int) -> dict[int, int]:
    return {code: base + code for code in (9, *range(0x20, 0x7F))}
