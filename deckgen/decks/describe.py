"""What decks say of themselves in Anki: counts below the sub-decks; version, origin and licence on the parent."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from deckgen.card import UiStrings
from deckgen.model import Edition, Language
from deckgen.project.config import Config
from deckgen.render import Descriptions


def descriptions(edition: Edition, config: Config, version: str, ui: Mapping[Language, UiStrings]) -> Descriptions:
    """HTML in the edition's languages, the primary first, a blank line between them.

    The parent's holds no count: the last package imported sets it, and packages differ in what they hold.
    """
    blocks = []
    for language in edition.languages:
        strings = ui[language]
        lines = [html.escape(config.descriptions.get(language, ""))]
        lines.append(f"{html.escape(strings.version)} {html.escape(version)}")
        if config.origin:
            lines.append(f"{html.escape(strings.origin)} {_linked(config.origin)}")
        if config.licence:
            lines.append(f"{html.escape(strings.licence)} {html.escape(config.licence)}")
        blocks.append(f'<div lang="{language}">{"<br>".join(line for line in lines if line)}</div>')
    cards = " · ".join(html.escape(ui[language].cards_count) for language in edition.languages)
    return Descriptions(parent="<br>".join(blocks), cards=cards)


def development_version(released: Sequence[str]) -> str:
    """What a build after these releases calls itself."""
    return f"{released[-1] if released else '0.0.0'}+dev"


def _linked(address: str) -> str:
    safe = html.escape(address)
    return f'<a href="{safe}">{safe}</a>' if address.startswith("https://") else safe
