"""The ``[card]`` table and the author's own style: what a maintainer may change of a card, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from deckgen.card.colour import parse_colour
from deckgen.model import Language, parse_edition

DENSITIES = ("compact", "normal", "relaxed")
MAX_USER_CSS_BYTES = 64 * 1024
MIN_FONT_SIZE_PX, MAX_FONT_SIZE_PX = 16, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSettings:
    """The ``[card]`` table. ``css`` is the project path of the author's own style and ``user_css`` its text.

    ``primary`` shows first in every edition that has it; None leaves each edition's order. ``report_url`` may hold
    ``{key}``; empty means no link.
    """

    accent: str = "#0b6e6e"
    font_size: int = 17
    density: str = "normal"
    primary: Language | None = None
    text_to_speech: bool = False
    report_url: str = ""
    css: str = ""
    user_css: str = ""


def parse_card_settings(table: Mapping[str, object]) -> tuple[CardSettings, tuple[str, ...]]:
    """The settings in a ``[card]`` table, defaults for what is missing or wrong, and every problem, as a sentence."""
    settings, problems = CardSettings(), []
    for name, value in table.items():
        if name not in _SETTINGS:
            problems.append(f"unknown setting “card.{name}”; known here: {', '.join(_SETTINGS)}")
            continue
        try:
            settings = replace(settings, **{name: _SETTINGS[name](value)})
        except ValueError as error:
            problems.append(f"“card.{name}”: {error}")
    return settings, tuple(problems)


def with_user_css(settings: CardSettings, text: str) -> tuple[CardSettings, tuple[str, ...]]:
    """The settings with the author's own style, or without it where it has the problems that are returned."""
    problems = check_user_css(text)
    return (settings if problems else replace(settings, user_css=text)), problems


def check_user_css(text: str) -> tuple[str, ...]:
    """What is wrong with an author's style, each as a sentence: a card loads nothing and stays whole."""
    plain = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found = [reason for pattern, reason in _FORBIDDEN_CSS if re.search(pattern, plain, re.IGNORECASE)]
    if len(text.encode()) > MAX_USER_CSS_BYTES:
        found.append(f"the style is larger than {MAX_USER_CSS_BYTES // 1024} KiB")
    if not _balanced(plain):
        found.append("a brace, bracket, string or comment in the style is never closed, or closed twice")
    return tuple(found)


_FORBIDDEN_CSS = (
    (r"@import", "“@import” would load another file"),
    (r"@font-face", "“@font-face” is not allowed: fonts from packages crash older phones"),
    (r"(url|image-set|src)\s*\(", "“url(…)” would load a file that the package does not hold"),
    (r"\{\{", "“{{” belongs to Anki’s fields"),
    (r"</?[a-z]", "HTML tags have no place in a style"),
    (r"expression\s*\(|javascript:|-moz-binding", "scripts have no place in a style"),
    (r"\\[0-9a-z]", "escapes such as “\\75” or “\\r” could hide what is not allowed; write the character itself"),
)


def _balanced(css: str) -> bool:
    without_strings = re.sub(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', "", css)
    if re.search(r'["\']|/\*|\*/', without_strings):
        return False
    pairs, open_ones = {"}": "{", ")": "(", "]": "["}, []
    for character in re.findall(r"[{}()\[\]]", without_strings):
        if character not in pairs:
            open_ones.append(character)
        elif not open_ones or open_ones.pop() != pairs[character]:
            return False
    return not open_ones


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
    if address and not re.fullmatch(r"(https://|mailto:)[^\s\"'<>`\\{}]*", address.replace("{key}", "")):
        raise ValueError("an address that begins with https:// or mailto: is needed; {key} stands for the card’s key")
    return address


def _css_path(value: object) -> str:
    path = _text(value)
    if not path.endswith(".css") or path.startswith("/") or ":" in path or ".." in path.split("/"):
        raise ValueError("the path of a .css file inside the project is needed")
    return path


def _primary(value: object) -> Language:
    edition = parse_edition(_text(value))
    if len(edition.languages) != 1:
        raise ValueError(f"“{value}” names several languages; one is needed")
    return edition.primary


_SETTINGS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        "accent": _accent,
        "font_size": _font_size,
        "density": _density,
        "primary": _primary,
        "text_to_speech": _switch,
        "report_url": _report_url,
        "css": _css_path,
    }
)
