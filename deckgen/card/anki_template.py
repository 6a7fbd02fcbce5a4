"""The part of Anki's template language that card templates use, as Anki itself renders it; for views outside Anki."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from deckgen.model import NoteType

_TAG = re.compile(r"\{\{([#^/]?)([^{}]*)\}\}")
_EMPTY = re.compile(r"(?:\s|</?(?:br|div) ?/?>)*", re.IGNORECASE)
"""What Anki takes for an empty field (``field_is_empty`` in rslib's ``template.rs``)."""


def render_card(note_type: NoteType, fields: tuple[str, ...], side: Literal["front", "back"]) -> str:
    """The HTML of one side of the note's card, without the style, as Anki puts it into the page's body.

    ``fields`` are in the order of the note type's. Text-to-speech leaves nothing: there is no voice outside Anki.
    Raises ValueError for a tag that Anki would refuse or that deckgen's templates do not use.
    """
    template = note_type.templates[0]
    values = {field.name: value for field, value in zip(note_type.fields, fields, strict=True)}
    return _render(template.front if side == "front" else template.back, values)


def _render(template: str, values: Mapping[str, str]) -> str:
    shown: list[str] = []
    open_sections: list[tuple[str, bool]] = []
    position = 0
    for tag in _TAG.finditer(template):
        if all(visible for _, visible in open_sections):
            shown.append(template[position : tag.start()])
        position = tag.end()
        kind, name = tag[1], tag[2].strip()
        if name not in values and not name.startswith("tts "):
            raise ValueError(f"the template names “{name}”, which is no field")
        if kind == "/":
            if not open_sections or open_sections.pop()[0] != name:
                raise ValueError(f"the template closes “{name}”, which is not open")
        elif kind:
            filled = not _EMPTY.fullmatch(values[name])
            open_sections.append((name, filled if kind == "#" else not filled))
        elif all(visible for _, visible in open_sections):
            shown.append(values.get(name, ""))
    if open_sections:
        raise ValueError(f"the template never closes “{open_sections[-1][0]}”")
    return "".join([*shown, template[position:]])
