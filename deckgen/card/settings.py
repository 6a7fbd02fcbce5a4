"""The ``[card]`` table and the author's own style: what a maintainer may change of a card, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from deckgen.card.colour import parse_colour
from deckgen.card.links import PLACEHOLDERS
from deckgen.model import Language, parse_language

DENSITIES = ("compact", "normal", "relaxed")
MAX_USER_CSS_BYTES = 64 * 1024
REPORT_PLACEHOLDERS = ("key", "title", "version")
MIN_FONT_SIZE_PX, MAX_FONT_SIZE_PX = 16, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSettings:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingProblem:
    """What is wrong with the setting ``name``, as a sentence; ``unknown`` where there is no such setting."""

    name: str
    message: str
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleProblem:
    """What is wrong with an author's style, as a sentence, and in which line from 1."""

    message: str
    line: int


def parse_card_settings(table: Mapping[str, object]) -> tuple[CardSettings, tuple[SettingProblem, ...]]:
    """The settings in a ``[card]`` table, defaults for what is missing or wrong, and every problem."""
    settings, problems = CardSettings(), []
    for name, value in table.items():
        if name not in SETTINGS:
            problems.append(SettingProblem(name=name, message=f"unknown setting “card.{name}”", unknown=True))
            continue
        try:
            settings = replace(settings, **{name: SETTINGS[name](value)})
        except ValueError as error:
            problems.append(SettingProblem(name=name, message=f"“card.{name}”: {error}"))
    return settings, tuple(problems)


def with_user_css(settings: CardSettings, text: str) -> tuple[CardSettings, tuple[StyleProblem, ...]]:
    """The settings with the author's own style, or without it where it has the problems that are returned."""
    problems = check_user_css(text)
    return (settings if problems else replace(settings, user_css=text)), problems


_STRING_OR_COMMENT = re.compile(r"""\"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|/\*.*?\*/""", re.DOTALL)
"""What begins inside a string is no comment."""


def check_user_css(text: str) -> tuple[StyleProblem, ...]:
    """What is wrong with an author's style: a card loads nothing and stays whole."""
    plain = _STRING_OR_COMMENT.sub(lambda one: one[0] if one[0][0] != "/" else "\n" * one[0].count("\n"), text)
    found = [
        (place.start(), reason)
        for pattern, reason in _FORBIDDEN_CSS
        if (place := re.search(pattern, plain, re.IGNORECASE))
    ]
    if len(text.encode()) > MAX_USER_CSS_BYTES:
        found.append((0, f"the style is larger than {MAX_USER_CSS_BYTES // 1024} KiB"))
    problems = [StyleProblem(message=reason, line=plain.count("\n", 0, offset) + 1) for offset, reason in found]
    if line := _unbalanced(plain):
        message = "a brace, bracket, string or comment in the style is never closed, or closed twice"
        problems.append(StyleProblem(message=message, line=line))
    return tuple(problems)


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


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a string is needed")
    return value


def _accent(value: object) -> str:
    colour = parse_colour(_text(value))
    if colour is None:
        raise ValueError(f"“{value}” is no colour; write one like #0b6e6e")
    return colour


def _font_size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not MIN_FONT_SIZE_PX <= value <= MAX_FONT_SIZE_PX:
        raise ValueError(f"a whole number of pixels from {MIN_FONT_SIZE_PX} to {MAX_FONT_SIZE_PX} is needed")
    return value


def _density(value: object) -> str:
    if value not in DENSITIES:
        raise ValueError(f"“{value}” is not one of {', '.join(DENSITIES)}")
    return str(value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is needed")
    return value


def _report_url(value: object) -> str:
    address = _text(value)
    if address and not re.fullmatch(r"(https://|mailto:)[^\s\"'<>`\\{}]*", _without(address, REPORT_PLACEHOLDERS)):
        raise ValueError(
            "an address that begins with https:// or mailto: is needed; filled in are {key}, {title} and {version}"
        )
    return address


def _source_url(value: object) -> str:
    address = _text(value)
    if address and not re.fullmatch(r"https://[^\s\"'<>`\\{}]*", _without(address, PLACEHOLDERS)):
        names = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"an address that begins with https:// is needed; filled in are {names}")
    return address


def _without(address: str, placeholders: tuple[str, ...]) -> str:
    return re.sub(rf"\{{(?:{'|'.join(placeholders)})\}}", "", address)


def _css_path(value: object) -> str:
    path = _text(value)
    if not path.endswith(".css") or path.startswith("/") or ":" in path or ".." in path.split("/"):
        raise ValueError("the path of a .css file inside the project is needed")
    return path


def _primary(value: object) -> Language:
    return parse_language(_text(value))


SETTINGS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        "accent": _accent,
        "font_size": _font_size,
        "density": _density,
        "primary": _primary,
        "text_to_speech": _switch,
        "report_url": _report_url,
        "source_url": _source_url,
        "css": _css_path,
    }
)
