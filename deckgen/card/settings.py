"""The ``[card]`` table and the author's own style: what a maintainer may change of a card, checked."""

import re
from collections.abc import Mapping

from msgspec import Struct

from deckgen.card.colour import parse_colour
from deckgen.card.links import PLACEHOLDERS
from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.model import Language, Location, parse_language, replace
from deckgen.project.config import TEXT, Setting, one_of, read_table

DENSITIES = ("compact", "normal", "relaxed")
MAX_USER_CSS_BYTES = 64 * 1024
REPORT_PLACEHOLDERS = ("key", "title", "version")
MIN_FONT_SIZE_PX, MAX_FONT_SIZE_PX = 16, 32


class CardSettings(Struct, frozen=True, kw_only=True):
    """The ``[card]`` table. ``css`` is the project path of the author's own style and ``user_css`` its text.

    ``primary`` shows first in every edition that has it; None leaves each edition's order. ``report_url`` may hold
    ``{key}``, ``{title}`` and ``{version}``; empty means no link. ``source_url`` may hold what ``links`` fills in; None
    is told from the deck's origin, empty means no link.
    """

    accent: str = "#0b6e6e"
    font_size: int = 17
    density: str = "normal"
    primary: Language | None = None
    text_to_speech: bool = False
    report_url: str = ""
    source_url: str | None = None
    css: str = ""
    user_css: str = ""


def parse_card_settings(table: Mapping[str, object], text: str = "") -> tuple[CardSettings, tuple[Diagnostic, ...]]:
    """The settings in the ``[card]`` table of a deckgen.toml with this text, defaults for what is missing or wrong, and
    every problem.
    """
    values, problems = read_table(table, "card", SETTINGS, text=text)
    return CardSettings(**values), problems


_STRING_OR_COMMENT = re.compile(r"""\"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|/\*.*?\*/""", re.DOTALL)
"""What begins inside a string is no comment."""


def check_user_css(text: str, path: str = "") -> tuple[Diagnostic, ...]:
    """What is wrong with the author's style at ``path``: a card loads nothing and stays whole."""
    plain = _STRING_OR_COMMENT.sub(lambda one: one[0] if one[0][0] != "/" else "\n" * one[0].count("\n"), text)
    found = [
        (place.start(), reason)
        for pattern, reason in _FORBIDDEN_CSS
        if (place := re.search(pattern, plain, re.IGNORECASE))
    ]
    if len(text.encode()) > MAX_USER_CSS_BYTES:
        found.append((0, f"the style is larger than {MAX_USER_CSS_BYTES // 1024} KiB"))
    problems = [(plain.count("\n", 0, offset) + 1, reason) for offset, reason in found]
    if line := _unbalanced(plain):
        problems.append((line, "a brace, bracket, string or comment in the style is never closed, or closed twice"))
    return tuple(diagnostic("bad-setting", reason, Location(path=path, line=line)) for line, reason in problems)


_FORBIDDEN_CSS = (
    (r"@import", "“@import” would load another file"),
    (r"@font-face", "“@font-face” is not allowed: fonts from packages crash older phones"),
    (r"(url|image-set|image|src)\s*\(", "“url(…)” would load a file that the package does not hold"),
    (r"\{\{", "“{{” belongs to Anki’s fields"),
    (r"</?[a-z]", "HTML tags have no place in a style"),
    (r"expression\s*\(|javascript:|-moz-binding", "scripts have no place in a style"),
    (r"\\[0-9a-z\"']", "escapes such as “\\75” or “\\r” could hide what is not allowed; write the character itself"),
)


def _unbalanced(css: str) -> int:
    """The line, from 1, of the first mark without its partner; 0 where each has one."""
    without_strings = re.sub(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', "", css)
    pairs, open_ones = {"}": "{", ")": "(", "]": "["}, list[re.Match[str]]()
    for found in re.finditer(r"""[{}()\[\]"']|/\*|\*/""", without_strings):
        if found[0] in pairs and open_ones and open_ones[-1][0] == pairs[found[0]]:
            open_ones.pop()
        elif found[0] in pairs.values():
            open_ones.append(found)
        else:
            return without_strings.count("\n", 0, found.start()) + 1
    return without_strings.count("\n", 0, open_ones[0].start()) + 1 if open_ones else 0


def _accent(given: str) -> str:
    colour = parse_colour(given)
    if colour is None:
        raise ValueError(f"“{given}” is no colour; write one like #0b6e6e")
    return colour


def _font_size(given: int) -> int:
    if not MIN_FONT_SIZE_PX <= given <= MAX_FONT_SIZE_PX:
        raise ValueError(_PIXELS)
    return given


_PIXELS = f"a whole number of pixels from {MIN_FONT_SIZE_PX} to {MAX_FONT_SIZE_PX} is needed"


def _address(schemes: tuple[str, ...], placeholders: tuple[str, ...]) -> Setting:
    """An address in which the placeholders are filled in later."""
    names = [f"{{{name}}}" for name in placeholders]

    def read(given: str) -> str:
        plain = given
        for name in names:
            plain = plain.replace(name, "")
        if given and not (plain.startswith(schemes) and re.fullmatch(r"[^\s\"'<>`\\{}]*", plain)):
            told = f"an address that begins with {' or '.join(schemes)} is needed"
            raise ValueError(f"{told}; filled in are {', '.join(names)}")
        return given

    return replace(TEXT, passes=read)


def _css_path(path: str) -> str:
    if not path.endswith(".css") or path.startswith("/") or ":" in path or ".." in path.split("/"):
        raise ValueError("the path of a .css file inside the project is needed")
    return path


SETTINGS: Mapping[str, Setting] = {
    "accent": replace(TEXT, passes=_accent),
    "font_size": Setting(int, _PIXELS, _font_size),
    "density": one_of(DENSITIES),
    "primary": replace(TEXT, passes=parse_language),
    "text_to_speech": Setting(bool, "true or false is needed"),
    "report_url": _address(("https://", "mailto:"), REPORT_PLACEHOLDERS),
    "source_url": _address(("https://",), PLACEHOLDERS),
    "css": replace(TEXT, passes=_css_path),
}
