"""A deck → what the page needs of it: its cards as Anki would show them, their places, states, findings and texts."""

import hashlib
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from itertools import chain
from typing import Any

from msgspec import Struct

from deckgen.build import Build
from deckgen.card.anki_template import render_card
from deckgen.diagnostics import Diagnostic, Severity
from deckgen.markdown.tree import plain_text_of
from deckgen.memory.store import Decoder, encoded
from deckgen.model import Deck, Html, Key, Note, NoteType, TextState
from deckgen.preview import formulas
from deckgen.text.packaged import packaged_text

SCRIPT_MARK = "<!--script-->"
"""Stands for the cards' one script, which every side would repeat otherwise."""
_QUIET = (TextState.SOURCE, TextState.REVIEWED)
_IN_A_GROUP = 10


_Span = tuple[int, int, Key]
"""First line, last line, whose they are."""


class _Face(Struct, frozen=True, kw_only=True):
    """What one note shows, of itself alone."""

    titles: list[str]
    groups: list[str]
    searched: str
    front: str
    back: str


_FACES = Decoder(tuple[_Face, ...])


class CardData(Struct, frozen=True, kw_only=True):
    """One edition. ``entries``, ``sides`` and ``texts`` run parallel, a card each; keys are short, for they repeat."""

    name: str
    title: str
    languages: list[str]
    categories: list[list[str]]
    """Titles, one per language; empty where there is no translation."""
    css: str
    script: str
    entries: list[dict[str, Any]]
    """``k`` key, ``c`` category's index, ``t`` titles, ``s`` place in the source, ``w`` states, ``f`` findings."""
    sides: list[tuple[str, str]]
    """Front and back, with the mark where the script stands."""
    texts: list[str]
    """What a search looks through, in lower case."""


def deck_cards(deck: Deck, made: Build, findings: Mapping[Key, tuple[Diagnostic, ...]], *, public: bool) -> CardData:
    """The deck's cards in their order. ``public`` leaves out their places and states."""
    questions = {item.key: item for item in made.matched.corpus.questions}
    orders = {subdeck.category: order for order, subdeck in enumerate(deck.subdecks)}
    script = card_script(deck.note_type)
    categories: list[list[str]] = [[] for _ in deck.subdecks]
    faces = _faces(deck, made, script)
    entries = []
    for note, face in zip(deck.notes, faces, strict=True):
        order = orders[note.category]
        categories[order] = categories[order] or face.groups
        entry: dict[str, Any] = {"k": note.key, "c": order, "t": face.titles}
        if not public:
            item = questions[note.key]
            entry["s"] = f"{item.chapter.path}:{item.question.location.line}"
            states = zip(deck.edition.languages, note.states, strict=True)
            entry["w"] = [f"{language} {state.value}" for language, state in states if state not in _QUIET]
            entry["f"] = [finding_entry(found) for found in findings.get(note.key, ())]
        entries.append({name: value for name, value in entry.items() if value or name == "c"})
    return CardData(
        name=deck.edition.name,
        title=deck.name,
        languages=list(deck.edition.languages),
        categories=categories,
        css=f"{deck.note_type.css}\n{packaged_text('preview/page/formulas.css')}",
        script=script,
        entries=entries,
        sides=[(face.front, face.back) for face in faces],
        texts=[face.searched for face in faces],
    )


def _faces(deck: Deck, made: Build, script: str) -> list[_Face]:
    """What each note shows; kept for some neighbours together, since to set formulas takes longest of all."""
    groups = [deck.notes[start : start + _IN_A_GROUP] for start in range(0, len(deck.notes), _IN_A_GROUP)]
    maker = hashlib.sha256(encoded((deck.note_type, deck.edition.languages))).digest()
    depends = (encoded((maker, [(note.content_hash, note.media) for note in group])) for group in groups)

    def make(at: int) -> tuple[_Face, ...]:
        return tuple(_face(deck, note, script) for note in groups[at])

    faces = made.material.documents.memory.remember("faces", _FACES, depends, make, jobs=made.jobs)
    return list(chain.from_iterable(faces))


def _face(deck: Deck, note: Note, script: str) -> _Face:
    names = (field.name for field in deck.note_type.fields)
    fields = dict(zip(names, note.fields, strict=True))
    titles, groups = (
        [_title(fields[f"{side} {language}"]) for language in deck.edition.languages]
        for side in ("Question", "Category")
    )
    texts = (fields[f"{side} {language}"] for side in ("Question", "Answer") for language in deck.edition.languages)
    searched = (" ".join(re.sub(r"\\[()\[\]]", " ", _plain(text)).split()) for text in texts)
    return _Face(
        titles=titles,
        groups=groups,
        searched=" ".join((note.key, *searched)).lower(),
        front=_side(deck.note_type, note, "front", script),
        back=_side(deck.note_type, note, "back", script),
    )


def card_script(note_type: NoteType) -> str:
    """The script of the card's templates, without its tags; empty where there is none.

    The page's policy names it by its hash, so no other script can run in a card.
    """
    found = re.search(r"<script>(.*?)</script>", note_type.templates[0].back, re.DOTALL)
    return found[1] if found else ""


def _side(note_type: NoteType, note: Note, side: Any, script: str) -> str:
    card = render_card(note_type, note.fields, side)
    if script:
        card = card.replace(f"<script>{script}</script>", SCRIPT_MARK)
    for name in note.media:
        card = card.replace(f'src="{name}"', f'src="media/{name}"')
    return formulas.with_mathml(card)


def _title(html: str) -> str:
    return " ".join(formulas.with_plain_formulas(_plain(html)).split())


def _plain(html: str) -> str:
    return plain_text_of(Html(html)) if "<" in html or "&" in html else html


def sort_findings(made: Build) -> tuple[Mapping[Key, tuple[Diagnostic, ...]], tuple[Diagnostic, ...]]:
    """The build's findings, gravest first: by card those at its heading or its answer, then those of the project."""
    shown = {note.key for stamped in made.decks for note in stamped.deck.notes}
    spans: dict[str, list[_Span]] = defaultdict(list)
    for item in made.matched.corpus.questions:
        if item.key in shown:
            spans[item.chapter.path].append((item.question.location.line, item.question.end_line, item.key))
    for lines in spans.values():
        lines.sort()
    by_key: dict[Key, list[Diagnostic]] = defaultdict(list)
    general: list[Diagnostic] = []
    order = list(Severity)
    for found in sorted(made.diagnostics, key=lambda found: order.index(found.severity)):
        key = _key_at(spans, found)
        (general if key is None else by_key[key]).append(found)
    return {key: tuple(found) for key, found in by_key.items()}, tuple(general)


def finding_entry(found: Diagnostic) -> dict[str, str]:
    """A finding as the page shows it; what is empty is left out."""
    entry = {
        "severity": found.severity.value,
        "message": found.message,
        "rule": found.rule,
        "place": f"{found.location.path}:{found.location.line}" if found.location else "",
        "hint": found.hint,
        "excerpt": found.excerpt.strip()[:200],
    }
    return {name: value for name, value in entry.items() if value}


def _key_at(spans: Mapping[str, list[_Span]], found: Diagnostic) -> Key | None:
    if found.location is None or not (lines := spans.get(found.location.path)):
        return None
    index = bisect_right(lines, found.location.line, key=lambda span: span[0]) - 1
    return lines[index][2] if index >= 0 and found.location.line <= lines[index][1] else None
