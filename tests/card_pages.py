"""The cards of a project as pages on disk, each as an Anki app would show it, for a browser to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from projects import NOON

from deckgen.build import Options, make_decks
from deckgen.card import note_type
from deckgen.card.anki_template import render_card
from deckgen.card.settings import CardSettings
from deckgen.model import parse_edition
from deckgen.preview.cards import SCRIPT_MARK, deck_cards, sort_findings
from deckgen.preview.formulas import with_mathml
from deckgen.project.reading import read_project
from deckgen.text.packaged import packaged_text

PAGE = """<!doctype html>
<html class="{device}" lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{css}</style></head>
<body class="card card1"><div id="qa">{card}</div></body></html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    edition: str
    number: int
    side: str
    path: Path

    @property
    def name(self) -> str:
        return f"{self.edition} {self.number} {self.side}"


def back_of(
    fields: Mapping[str, str], *, edition: str = "zh-en", side: str = "back", diagrams: tuple[str, ...] = ()
) -> dict[str, str]:
    """The ``card`` and the ``css`` of a note with these fields, made without a project, for ``PAGE``."""
    parsed = parse_edition(edition)
    kind = note_type(project_id="x", edition=parsed, name="x", settings=CardSettings(), diagrams=diagrams)
    known = {"Key": "k", "Question zh": "问题？", "Answer zh": "<p>答案</p>", **fields}
    values = tuple(known.get(field.name, "") for field in kind.fields)
    style = kind.css + packaged_text("preview/page/formulas.css")
    return {"card": with_mathml(render_card(kind, values, side)), "css": style}  # type: ignore[arg-type]


def formula_lines() -> dict[str, str]:
    """A card of lines of every length, each with a formula and a mark after it."""
    formula = '<span class="dg-math dg-math-inline">\\(O(n^2)\\)</span>'
    lines = "".join(
        f"<p>{'字' * number}{formula}{mark}后文</p>" for number in range(1, 30) for mark in (" ，", "）。", ",")
    )
    return back_of({"Answer zh": lines})


def write_card_pages(
    project: Path, folder: Path, editions: tuple[str, ...], *, device: str = "mobile android"
) -> tuple[CardPage, ...]:
    """Every card of the editions, front and back, as a file in ``folder``, the pictures below ``media/``.

    ``device`` are the classes that the app gives the page: ``mobile android`` or ``mobile iphone``.
    """
    read, findings = read_project(project)
    options = Options(now=NOON, editions=tuple(parse_edition(name) for name in editions))
    made = make_decks(read, findings, options)
    pages: list[CardPage] = []
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "media").mkdir(exist_ok=True)
    for stamped in made.decks:
        data = deck_cards(stamped.deck, made, sort_findings(made)[0], public=False)
        for number, sides in enumerate(data.sides, 1):
            for side, card in zip(("front", "back"), sides, strict=True):
                path = folder / f"{data.name}-{number}-{side}.html"
                html = PAGE.format(
                    language=data.languages[0],
                    device=device,
                    title=f"{data.name} {number}",
                    css=data.css,
                    card=card.replace(SCRIPT_MARK, f"<script>{data.script}</script>"),
                )
                path.write_text(html, encoding="utf-8", newline="\n")
                pages.append(CardPage(edition=data.name, number=number, side=side, path=path))
        for picture in stamped.deck.media:
            (folder / "media" / picture.name).write_bytes(picture.path.read_bytes())
    return tuple(pages)
